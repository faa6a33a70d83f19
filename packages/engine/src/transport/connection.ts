import { isIP } from "node:net";
import type { SecureContext } from "node:tls";
import { buildConnector, Client, type Dispatcher } from "undici";
import { addressRefusal, type AllowedTargets, isAllowedTarget } from "../core/target.ts";
import { type Connecting, type Dial, dialThrough, type EgressProxy } from "./egress-proxy.ts";
import { TransportFailure } from "./failure.ts";
import { checkedLookup, guardedLookup, type Lookup, refusedAddress } from "./lookup.ts";

/**
 * The connector of one origin: every address is checked before it is dialled and once more when it is connected.
 * No connect timeout of its own: the deadline of the exchange it is made for ends it.
 */
export function guardedDial(
  origin: URL,
  allowed: AllowedTargets,
  { lookup, secureContext, proxy }: DialTools,
): Dial {
  const allowPrivate = isAllowedTarget(origin, allowed);
  const connect = buildConnector({
    allowH2: false,
    timeout: 0,
    lookup: guardedLookup(lookup, allowPrivate),
    ...(secureContext === null ? {} : { secureContext }),
  }) as unknown as Dial;
  const dial = allowPrivate ? connect : onlyToPublic(connect);
  if (proxy === null) return dial;
  return dialThrough(proxy, checkedLookup(lookup, allowPrivate), dial, connect);
}

/** What the connectors of all origins share. */
export interface DialTools {
  readonly lookup: Lookup;
  /** Which certificates are trusted; null: Node's roots. */
  readonly secureContext: SecureContext | null;
  /** The way to public addresses; null: straight. */
  readonly proxy: EgressProxy | null;
}

/** Refuses address literals, which `net.connect` does not look up, and sockets that led to a private address. */
export function onlyToPublic(dial: Dial): Dial {
  return (options, callback) => {
    const refusal = isIP(options.hostname) === 0 ? null : addressRefusal(options.hostname);
    if (refusal !== null) {
      queueMicrotask(() => callback(refusedAddress(options.hostname, refusal), null));
      return undefined;
    }
    return dial(options, (...[error, socket]) => {
      if (error) return callback(error, null);
      const remote = socket.remoteAddress ?? "nowhere";
      const refused = addressRefusal(remote);
      if (refused === null) return callback(null, socket);
      socket.destroy();
      callback(refusedAddress(`The connection to ${options.hostname} led to ${remote}`, refused), null);
    });
  };
}

/** What is known of a client's present socket. */
export interface Connection {
  /** The socket while it is being connected, else null. */
  connecting: Connecting | null;
  /** Requests begun on the present socket: more than one means it was kept alive. */
  requestsBegun: number;
}

/** A handler that wants to know which connection carries it. */
export interface Carried {
  readonly isOver: boolean;
  carriedBy(connection: Connection): void;
  /** Its connection is made anew, which begins with a name look-up. */
  connecting(attempt: Connecting): void;
}

/** An undici client (one socket, one request at a time) that tells each exchange which connection carries it. */
export class TrackedClient extends Client {
  readonly #connection: Connection;
  #carried: Carried | null = null;

  constructor(origin: URL, options: Client.Options, dial: Dial) {
    const connection: Connection = { connecting: null, requestsBegun: 0 };
    const named = isIP(origin.hostname.replace(/^\[|\]$/g, "")) === 0;
    super(origin, {
      ...options,
      connect: (target, callback) => {
        connection.requestsBegun = 0;
        const socket = dial(target, (...result) => {
          connection.connecting = null;
          callback(...result);
        });
        connection.connecting = socket ?? null;
        if (named && socket && this.#carried?.isOver === false) this.#carried.connecting(socket);
      },
    });
    this.#connection = connection;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const carried = handler as Dispatcher.DispatchHandler & Carried;
    // It waited for a free connection beyond its deadline: the connection is free for the next.
    if (carried.isOver) return true;
    carried.carriedBy(this.#connection);
    this.#carried = carried;
    return super.dispatch(options, handler);
  }
}

/** Ends an attempt to connect; the client then fails the request that waits for it. */
export function cancelConnect(connection: Connection): void {
  connection.connecting?.destroy(new TransportFailure("aborted", "The exchange is over."));
}
