import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { addressRefusal } from "../core/target.ts";
import { TransportFailure } from "./failure.ts";

/** One address that a name resolves to. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name. Rejects where it has none. The default is the system's resolver (hosts file included). */
export type Lookup = (hostname: string) => Promise<readonly ResolvedAddress[]>;

const resolveBySystem: Lookup = (hostname) =>
  new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

/**
 * One look-up per name at a time, shared by everyone who asks meanwhile. The system's resolver works in libuv's
 * pool of four threads: without this the 64 connections of one partner whose DNS hangs would hold all of them,
 * and every other partner's new connection would wait. Nothing is kept after the answer: each connect is checked.
 */
export function sharedLookup(resolve: Lookup = resolveBySystem): Lookup {
  const open = new Map<string, Promise<readonly ResolvedAddress[]>>();
  return (hostname) => {
    const running = open.get(hostname);
    if (running) return running;
    const started = resolve(hostname).finally(() => open.delete(hostname));
    open.set(hostname, started);
    return started;
  };
}

/**
 * The `lookup` of a socket: answers with addresses only when every one of them may be called, so what is dialled
 * is what was checked, and a name that mixes public with private addresses gets nothing (DNS rebinding).
 */
export function guardedLookup(resolve: Lookup, allowPrivate: boolean): LookupFunction {
  const checked = callbackify(async (hostname: string) => {
    const addresses = await resolve(hostname).catch((error: Error) => {
      throw new TransportFailure("dns", `dns: ${error.message}`, error);
    });
    const failure = refusalOf(hostname, addresses, allowPrivate);
    if (failure) throw failure;
    return [...addresses];
  });
  return (hostname, options, callback) => {
    checked(hostname, (error, addresses) => {
      if (error) return callback(error, "");
      if (options.all) return callback(null, addresses);
      callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}

function refusalOf(hostname: string, addresses: readonly ResolvedAddress[], allowPrivate: boolean) {
  if (addresses.length === 0) return new TransportFailure("dns", `dns: ${hostname} has no address.`);
  if (allowPrivate) return null;
  for (const { address } of addresses) {
    const refusal = addressRefusal(address);
    if (refusal !== null) return refusedAddress(`${hostname} resolves to ${address}`, refusal);
  }
  return null;
}

/** The failure of a connection that may not be made. */
export function refusedAddress(what: string, refusal: string): TransportFailure {
  return new TransportFailure(
    "target_refused",
    `${what}, which is not a public address (${refusal}): name host:port in POSTRIDER_ALLOW_TARGETS to allow it.`,
  );
}
