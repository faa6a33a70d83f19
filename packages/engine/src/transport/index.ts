export { createTransport, type TransportOptions } from "./transport.ts";
export type { Lookup, ResolvedAddress } from "./lookup.ts";
