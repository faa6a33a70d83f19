export { createTransport, type TransportOptions } from "./transport.ts";
export type { Lookup } from "./lookup.ts";
export type { NameOptions } from "./names/dns-lookup.ts";
