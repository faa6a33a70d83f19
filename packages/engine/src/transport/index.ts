export { createTransport, type TransportOptions } from "./transport.ts";
export type { Lookup } from "./lookup.ts";
