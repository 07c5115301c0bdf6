// A server of node-opcua for the tests: a machine with a variable of every kind, a history and an
// alarm. Takes one command a line on stdin, as JSON, and answers each with a line.
"use strict";

const readline = require("node:readline");

const { OPCUAServer } = require("node-opcua-server");
const { MessageSecurityMode, SecurityPolicy } = require("node-opcua-secure-channel");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { DataType, Variant, VariantArrayType } = require("node-opcua-variant");
const { DataValue } = require("node-opcua-data-value");
const { StatusCodes } = require("node-opcua-status-code");

const { port, pki, secured, missing = [] } = JSON.parse(process.argv[2]);
const NAMESPACE = "urn:test:machine";

async function main() {
  const server = new OPCUAServer({
    port,
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    allowAnonymous: !secured,
    securityPolicies: [secured ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None],
    securityModes: [secured ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None],
    userManager: { isValidUser: (name, password) => name === "oilcan" && password === "secret" },
    serverCertificateManager: new OPCUACertificateManager({
      automaticallyAcceptUnknownCertificate: false,
      rootFolder: pki,
    }),
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  space.installAlarmsAndConditionsService();
  const namespace = space.registerNamespace(NAMESPACE);
  const machine = namespace.addObject({
    nodeId: "s=K-1",
    browseName: "K-1",
    organizedBy: space.rootFolder.objects,
    eventNotifier: 1,
    eventSourceOf: space.rootFolder.objects.server,
  });

  const variables = {};
  function add(name, type, value) {
    if (missing.includes(name)) return;
    variables[name] = namespace.addVariable({
      componentOf: machine,
      nodeId: `s=${name}`,
      browseName: name,
      dataType: Array.isArray(value) ? DataType.Double : type,
      valueRank: Array.isArray(value) ? 1 : -1,
      minimumSamplingInterval: 0,
      value: variant(type, value),
    });
  }
  function variant(type, value) {
    const dataType = DataType[type];
    const arrayType = Array.isArray(value) ? VariantArrayType.Array : VariantArrayType.Scalar;
    return new Variant({ dataType, arrayType, value });
  }
  function scalar(type, value) {
    return new Variant({ dataType: DataType[type], arrayType: VariantArrayType.Scalar, value });
  }
  // Integers of 64 bits are pairs of unsigned halves, the upper one first.
  const kinds = {
    Boolean: true, SByte: -100, Byte: 200, Int16: -30000, UInt16: 60000, Int32: -2000000000,
    UInt32: 4000000000, Int64: [4294967295, 4294962296], UInt64: [0, 5000], Float: 2.5, Double: 0.1,
    String: "running",
  };
  for (const [type, value] of Object.entries(kinds)) {
    if (type.endsWith("64")) {
      variables[type] = namespace.addVariable({
        componentOf: machine,
        nodeId: `s=${type}`,
        browseName: type,
        dataType: type,
        value: scalar(type, value),
      });
    } else add(type, type, value);
  }
  add("Array", "Double", [1.5, 2.5]);
  for (const name of ["level", "plain", "state"]) add(name, "Double", 50);
  for (const [name, value] of [["kept", 1], ["long", 50]]) {
    add(name, "Double", value);
    space.installHistoricalDataNode(variables[name], { maxOnlineValues: 10000 });
  }
  add("ranged", "Double", 50);
  if (variables.ranged) {
    namespace.addVariable({
      propertyOf: variables.ranged,
      browseName: { name: "EURange", namespaceIndex: 0 },
      dataType: "Range",
      value: new Variant({
        dataType: DataType.ExtensionObject,
        value: space.constructExtensionObject(space.findDataType("Range"), { low: 0, high: 200 }),
      }),
    });
  }

  let alarm = null;
  if (variables.level) {
    alarm = namespace.instantiateExclusiveLimitAlarm("ExclusiveLimitAlarmType", {
      browseName: "LevelAlarm",
      conditionName: "LEVEL",
      conditionSource: machine,
      inputNode: variables.level,
      highHighLimit: 95, highLimit: 80, lowLimit: 20, lowLowLimit: 5,
    });
  }

  const commands = {
    write({ name, type = "Double", value, status = "Good", at, picoseconds = 0 }) {
      const moment = at ? new Date(at) : new Date();
      const data = new DataValue({
        value: variant(type, value),
        statusCode: StatusCodes[status],
        sourceTimestamp: moment,
        sourcePicoseconds: picoseconds,
        serverTimestamp: new Date(),
        serverPicoseconds: picoseconds,
      });
      variables[name]._internal_set_dataValue(data);
    },
    add({ name, type = "Double", value }) {
      missing.splice(missing.indexOf(name), 1);
      add(name, type, value);
    },
    remove({ name }) {
      space.deleteNode(variables[name]);
      delete variables[name];
    },
    // Events that are no alarms, all at once: more than any queue takes.
    flood({ count }) {
      for (let n = 0; n < count; n += 1) {
        machine.raiseEvent("BaseEventType", { message: { dataType: DataType.LocalizedText, value: { text: "flood" } } });
      }
    },
    acknowledge() {
      const state = alarm.currentBranch();
      state.setAckedState(true);
      alarm.raiseNewCondition({ message: "acknowledged", severity: state.getSeverity(), quality: StatusCodes.Good, retain: true });
    },
  };

  await server.start();
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const { command, ...given } = JSON.parse(line);
    try {
      commands[command](given);
      process.stdout.write("done\n");
    } catch (error) {
      process.stdout.write(`error: ${error.stack.replaceAll("\n", " | ")}\n`);
    }
  });
  // Whoever started us is gone.
  lines.on("close", () => process.exit(0));
  process.stdout.write("ready\n");
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
