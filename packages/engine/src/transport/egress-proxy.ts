import { isIP, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { type buildConnector, Pool } from "undici";
import { isPublicAddress } from "../core/target.ts";
import type { Clock } from "../ports/clock.ts";
import { connectFailure } from "./connect-failure.ts";
import { TransportFailure } from "./failure.ts";
import type { Lookup, ResolvedAddress } from "./lookup.ts";
import { type Dial, type DialFound, PendingDial } from "./pending-dial.ts";

export interface EgressProxyOptions {
  /** `http://user:password@host:port`, or `https:`. */
  readonly url: URL;
  readonly clock: Clock;
  /** Which certificates of an `https:` proxy are trusted. */
  readonly secureContext: SecureContext;
}

/** A way out to public addresses. */
export interface EgressProxy {
  /** A tunnel to an address that was checked. @throws TransportFailure */
  tunnel(address: string, port: string, signal: AbortSignal): Promise<Socket>;
  /** When it last opened a tunnel, in monotonic milliseconds. */
  openedAtMs(): number;
  /** In monotonic milliseconds. */
  nowMs(): number;
  close(): Promise<void>;
}

/** The proxy opened a tunnel within this time: that it opens no other one is no trouble of its own. */
const provenMs = 60_000;

/**
 * Tunnels through an HTTP proxy (RFC 9110, 9.3.6). It is given addresses, never names: what it connects to is what was
 * checked here. What the proxy itself does wrong is `local`, since no partner can help it.
 *
 * | CONNECT is answered | taken for |
 * |---|---|
 * | 2xx | the tunnel |
 * | 502, 504 | the partner cannot be reached: `connect` |
 * | 500, 503 | the same if another tunnel was opened within the last minute (Squid and HAProxy say so), else `local` |
 * | anything else, or nothing | `local` |
 */
export function createEgressProxy({ url, clock, secureContext }: EgressProxyOptions): EgressProxy {
  const pool = new Pool(url.origin, {
    pipelining: 1,
    connect: { timeout: 0, secureContext },
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  let openedAtMs = Number.NEGATIVE_INFINITY;

  const refusal = (status: number): TransportFailure => {
    const proven = clock.monotonicMs() - openedAtMs < provenMs;
    const partners = status === 502 || status === 504 || ((status === 500 || status === 503) && proven);
    return partners
      ? new TransportFailure("connect", `the host cannot be reached: the egress proxy answered ${status}.`)
      : new TransportFailure("local", `the egress proxy answered ${status} to CONNECT.`);
  };

  return {
    async tunnel(address, port, signal) {
      const path = `${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
      const headers = {
        host: path,
        ...(credentials === ":" ? {} : { "proxy-authorization": authorization }),
      };
      const answer = await pool.connect({ path, headers, signal }).catch((error: Error) => {
        if (signal.aborted) throw signal.reason;
        throw proxyFailure(error);
      });
      const socket = answer.socket as Socket;
      if (answer.statusCode < 200 || answer.statusCode > 299) {
        socket.on("error", () => {}).destroy();
        throw refusal(answer.statusCode);
      }
      openedAtMs = clock.monotonicMs();
      return socket;
    },
    openedAtMs: () => openedAtMs,
    nowMs: () => clock.monotonicMs(),
    close: () => pool.destroy(),
  };
}

function proxyFailure(error: Error): TransportFailure {
  const { class: failureClass, message } = connectFailure(error);
  const words =
    failureClass === "local"
      ? message
      : "the egress proxy did not open a tunnel: it cannot be reached, or broke off.";
  return new TransportFailure("local", words, error);
}

/** A connection by way of the proxy, while it is made. */
class ProxiedDial extends PendingDial {
  readonly #proxy: EgressProxy;
  /** When the proxy was asked; null while it is not being waited for. */
  askedAtMs: number | null = null;

  constructor(proxy: EgressProxy) {
    super();
    this.#proxy = proxy;
  }

  /** A proxy that opened no other tunnel meanwhile may be dead; one that did waits for the partner. */
  lateness(): TransportFailure | null {
    if (this.askedAtMs === null || this.#proxy.openedAtMs() >= this.askedAtMs) return null;
    return new TransportFailure("local", "the egress proxy did not answer.");
  }
}

/**
 * Dials public addresses by way of the proxy, each that the name has until one can be reached, and lets `direct` dial
 * what is allowed to be private: the proxy is only for the way out.
 *
 * @param lookup checks what it finds
 * @param connect makes TLS of a tunnel if the target wants it, as for any socket
 */
export function dialThrough(proxy: EgressProxy, lookup: Lookup, direct: DialFound, connect: Dial): Dial {
  return (options, connected) => {
    const pending = new ProxiedDial(proxy);
    const { signal } = pending;
    return pending.run(async (answer) => {
      const addresses = await pending.found(lookup(options.hostname));
      if (addresses.every(({ address }) => !isPublicAddress(address)))
        return pending.endsWith(direct(addresses, options, answer));
      pending.askedAtMs = proxy.nowMs();
      const socket = await firstTunnel(proxy, addresses, portOf(options), signal);
      pending.askedAtMs = null;
      if (options.protocol !== "https:") return answer(null, socket);
      pending.endsWith(connect({ ...options, httpSocket: socket }, answer));
    }, connected);
  };
}

const portOf = ({ port, protocol }: buildConnector.Options): string =>
  port || (protocol === "https:" ? "443" : "80");

async function firstTunnel(
  proxy: EgressProxy,
  addresses: readonly ResolvedAddress[],
  port: string,
  signal: AbortSignal,
): Promise<Socket> {
  let failure: unknown;
  for (const { address } of addresses.filter((one) => isPublicAddress(one.address))) {
    try {
      return await proxy.tunnel(address, port, signal);
    } catch (error) {
      failure = error;
      if (signal.aborted || !(error instanceof TransportFailure) || error.class !== "connect") break;
    }
  }
  throw failure;
}
