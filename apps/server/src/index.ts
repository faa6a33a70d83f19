// Run
export { type RunningServer, startServer, type StartOptions } from "./server.ts";
// Settings
export { readSettings, settings as settingTable, type Settings } from "./config.ts";
export { Sealed } from "./sealed.ts";
