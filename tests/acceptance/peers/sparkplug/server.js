// An edge node of the npm package sparkplug-client, that does what it is told line by line.
"use strict";
const readline = require("readline");
const sparkplug = require("sparkplug-client");

const { url, group, node, device, login, compress } = JSON.parse(process.argv[2]);
const options = compress ? { compress: true, algorithm: compress } : {};
const client = sparkplug.newClient({
  serverUrl: url,
  username: login ? login[0] : null,
  password: login ? login[1] : null,
  groupId: group,
  edgeNode: node,
  clientId: `${group}-${node}`,
  version: "spBv1.0",
});

// Every type of number at its end, as far as JavaScript knows it.
const values = {
  int8: ["Int8", -128],
  int16: ["Int16", -32768],
  int32: ["Int32", -2147483648],
  int64: ["Int64", -9007199254740991],
  uint8: ["UInt8", 255],
  uint16: ["UInt16", 65535],
  uint32: ["UInt32", 4294967295],
  uint64: ["UInt64", 9007199254740991],
  float: ["Float", 1.5],
  double: ["Double", -0.1],
  boolean: ["Boolean", true],
  text: ["String", "idle"],
};
const names = Object.keys(values);

function metric(name, named) {
  const [type, value] = values[name];
  const known = named ? { name } : {};
  return { ...known, alias: names.indexOf(name) + 1, type, value, timestamp: Date.now() };
}

function birth() {
  const control = { name: "Node Control/Rebirth", type: "Boolean", value: false };
  client.publishNodeBirth({ timestamp: Date.now(), metrics: [control] }, options);
  const metrics = names.map((name) => metric(name, true));
  client.publishDeviceBirth(device, { timestamp: Date.now(), metrics }, options);
}

const commands = {
  change: ({ name, value }) => {
    values[name][1] = value;
    const metrics = [metric(name, false)];
    client.publishDeviceData(device, { timestamp: Date.now(), metrics }, options);
  },
  lose: () => client.addSeqNumber({}),
  leave: () => client.publishDeviceDeath(device, { timestamp: Date.now() }),
};

client.on("birth", birth);
client.on("connect", () => console.log("ready"));
client.on("error", (error) => console.log(`error: ${error.message}`));
client.on("ncmd", ({ metrics }) => {
  if (metrics.some((each) => each.name === "Node Control/Rebirth" && each.value)) birth();
});
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { command, ...given } = JSON.parse(line);
  commands[command](given);
  console.log("done");
});
