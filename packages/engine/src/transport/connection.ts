import { isIP, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { buildConnector, Client, type Dispatcher } from "undici";
import { addressRefusal, type AllowedTargets, isAllowedTarget } from "../core/target.ts";
import { AnswerReader, readThrough } from "./answer-reader.ts";
import { dialThrough, type EgressProxy } from "./egress-proxy.ts";
import { TransportFailure } from "./failure.ts";
import { checkedLookup, type Lookup, refusedAddress, type ResolvedAddress } from "./lookup.ts";
import { type Connecting, type Dial, type DialFound, PendingDial } from "./pending-dial.ts";

/**
 * The connector of one origin: every address is checked before it is dialled and once more when it is connected.
 * No connect timeout of its own: the deadline of the exchange it is made for ends it.
 */
export function guardedDial(
  origin: URL,
  allowed: AllowedTargets,
  { lookup: resolve, secureContext, proxy }: DialTools,
): Dial {
  const allowPrivate = isAllowedTarget(origin, allowed);
  const lookup = checkedLookup(resolve, allowPrivate);
  let found: readonly ResolvedAddress[] = [];
  const connect = buildConnector({
    allowH2: false,
    timeout: 0,
    // Called in the step in which the socket is made, so what is dialled is what was found and checked for it.
    lookup: (_hostname, { all }, callback) =>
      all ? callback(null, [...found]) : callback(null, found[0]!.address, found[0]!.family),
    secureContext,
  }) as unknown as Dial;
  const dial = allowPrivate ? connect : onlyToPublic(connect);
  const direct: DialFound = (addresses, ...given) => {
    found = addresses;
    return dial(...given);
  };
  return proxy === null ? dialDirectly(lookup, direct) : dialThrough(proxy, lookup, direct, connect);
}

/** Makes the socket when its addresses are known: one with TLS holds 8 kB, and silent name servers take seconds. */
function dialDirectly(lookup: Lookup, direct: DialFound): Dial {
  return (options, connected) => {
    if (isIP(options.hostname) !== 0) return direct([], options, connected);
    const pending = new PendingDial();
    return pending.run(async (answer) => {
      pending.endsWith(direct(await pending.found(lookup(options.hostname)), options, answer));
    }, connected);
  };
}

/** What the connectors of all origins share. */
export interface DialTools {
  readonly lookup: Lookup;
  /** Which certificates are trusted. */
  readonly secureContext: SecureContext;
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
  /** The present socket once it is connected; it may be destroyed by now. */
  socket: Socket | null;
  /** When the present socket was connected, in the time of the client's `now`. */
  connectedAtMs: number;
  /** Requests begun on the present socket: more than one means it was kept alive. */
  requestsBegun: number;
  /** Reads the answers of the present socket. */
  answers: AnswerReader;
}

/** A handler that wants to know which connection carries it. */
export interface Carried {
  readonly isOver: boolean;
  carriedBy(connection: Connection): void;
  /** Its connection is being made again, which begins with a name look-up. */
  connecting(attempt: Connecting): void;
}

/** How long a client uses one connection. */
export interface ConnectionAge {
  /** Milliseconds after which no request begins on a connection. */
  readonly maxAgeMs: number;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

/**
 * An undici client (one socket, one request at a time) that tells each exchange which connection carries it, reads
 * answers as widely as others do, and replaces a connection that is past its age.
 */
export class TrackedClient extends Client {
  readonly #connection: Connection;
  readonly #age: ConnectionAge;
  #carried: Carried | null = null;

  constructor(origin: URL, options: Client.Options, dial: Dial, age: ConnectionAge) {
    const connection: Connection = {
      connecting: null,
      socket: null,
      connectedAtMs: 0,
      requestsBegun: 0,
      answers: new AnswerReader(),
    };
    const named = isIP(origin.hostname.replace(/^\[|\]$/g, "")) === 0;
    super(origin, {
      ...options,
      connect: (target, callback) => {
        connection.requestsBegun = 0;
        const dialled = dial(target, (...result) => {
          connection.connecting = null;
          const [error, socket] = result;
          if (error === null) {
            connection.socket = socket;
            connection.connectedAtMs = age.now();
            connection.answers = new AnswerReader();
            readThrough(socket, connection.answers);
          }
          callback(...result);
        });
        connection.connecting = dialled ?? null;
        if (named && dialled && this.#carried?.isOver === false) this.#carried.connecting(dialled);
      },
    });
    this.#connection = connection;
    this.#age = age;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const carried = handler as Dispatcher.DispatchHandler & Carried;
    // It waited for a free connection beyond its deadline: the connection is free for the next.
    if (carried.isOver) return true;
    this.#closeIfOld();
    carried.carriedBy(this.#connection);
    this.#carried = carried;
    return super.dispatch(options, handler);
  }

  /**
   * A request is given to this client only while none is under way, so that nothing is lost with the socket; the client
   * connects again for it. Done here, and not by a timer for each connection: an idle one is closed long before.
   */
  #closeIfOld(): void {
    const { socket, connectedAtMs } = this.#connection;
    if (socket === null || this.#age.now() - connectedAtMs < this.#age.maxAgeMs) return;
    if (this.stats.running > 0) return;
    this.#connection.socket = null;
    socket.destroy();
  }
}

/** Ends an attempt to connect; the client then fails the request that waits for it. */
export function cancelConnect(connection: Connection): void {
  connection.connecting?.destroy(new TransportFailure("aborted", "The exchange is over."));
}
