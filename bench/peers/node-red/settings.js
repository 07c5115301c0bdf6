// Node-RED for bench/collect.py: no editor, and the driver that its function needs.
module.exports = {
  flowFile: process.env.BENCH_FLOWS,
  httpAdminRoot: false,
  httpNodeRoot: false,
  uiPort: 0,
  uiHost: "127.0.0.1",
  runtimeState: { enabled: false },
  telemetry: { enabled: false },
  logging: { console: { level: "warn" } },
  functionGlobalContext: { pg: require("pg") },
};
