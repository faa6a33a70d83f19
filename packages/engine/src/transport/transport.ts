import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { type Client, Pool } from "undici";
import { type AllowedTargets, checkTargetUrl } from "../core/target.ts";
import type { Clock } from "../ports/clock.ts";
import type { Exchange, FailureClass, PostbackRequest, Transport } from "../ports/transport.ts";
import { AbortGroups } from "./abort-groups.ts";
import { type ConnectionAge, type DialTools, guardedDial, TrackedClient } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { createEgressProxy } from "./egress-proxy.ts";
import { type ExchangeHost, PendingExchange } from "./exchange.ts";
import { boundedLookup, createNameSource, type Lookup } from "./lookup.ts";
import type { NameOptions } from "./names/dns-lookup.ts";
import { OriginPools, type RoutedOptions } from "./origin-pools.ts";

export interface TransportOptions {
  readonly clock: Clock;
  /** The host:port that may be plain http or private; see `parseAllowedTargets`. */
  readonly allowedTargets: AllowedTargets;
  /** Sockets to one scheme://host:port at most; further requests wait, within their deadline. Default 256. */
  readonly maxConnectionsPerOrigin?: number;
  /**
   * Milliseconds after which an idle socket is closed, also where the partner's Keep-Alive header would allow more;
   * where it allows less, that less one second. Default 4,000: just under the 5 s after which Node's and Apache's
   * servers close, so that we are the first to close.
   */
  readonly keepAliveMs?: number;
  /**
   * Milliseconds after which a connection takes no new request, so that a partner that moved to another address is
   * followed and the address guard looks again. What is under way on it ends in peace. Default 60,000.
   */
  readonly maxConnectionAgeMs?: number;
  /** Bytes of a response body that are read; then the socket is destroyed. Default 65,536. */
  readonly responseBodyCapBytes?: number;
  /** Resolves names. Default: by {@link names}. */
  readonly lookup?: Lookup;
  /** Which name servers are asked, and which files are read. Default: the machine's own. */
  readonly names?: NameOptions;
  /** Milliseconds that one name look-up may take, within the exchange's deadline. Default 10,000. */
  readonly lookupTimeoutMs?: number;
  /** PEM certificates that are trusted beside Node's roots. */
  readonly caBundle?: string;
  /** The HTTP proxy (`http://user:password@host:port`) through which public addresses are called. Default: none. */
  readonly egressProxy?: string;
}

/**
 * The transport over undici: HTTP/1.1, one request per connection at a time, connections kept alive.
 *
 * - No redirect is followed.
 * - What curl, Go, Python and Java take as an answer is one (`answer-head.ts`); a connection on which the grammar of
 *   HTTP was broken is closed after it. Headers past 256 KiB end the answer: its status counts, with `truncated`.
 * - Each address is checked when it is connected (`core/target.ts`), for names and literals alike.
 * - The deadline covers everything from the moment a connection takes the request; it is obeyed within some 25 ms.
 * - What this process or its machine lacks, and the wait for a connection of an origin, fail as `local`.
 * - A body past the cap ends the exchange as complete, with `truncated`.
 * - A kept-alive connection that is closed within a second of the request, before any byte of a response, is taken
 *   for the race of a request with the partner's idle timeout (RFC 9112, 9.3.1): the request is sent once more, on
 *   a new connection, within the same deadline. The partner may then have seen it twice: delivery is at least once.
 *
 * @example
 * const transport = createTransport({ clock: systemClock, allowedTargets: parseAllowedTargets(["127.0.0.1:4500"]) });
 * const exchange = await transport.send({ method: "POST", url, headers: [], body: "{}", timeoutMs: 10_000 });
 */
export function createTransport(options: TransportOptions): Transport {
  const deadlines = new Deadlines(options.clock);
  const aborts = new AbortGroups();
  const { clock, lookup: resolve, lookupTimeoutMs: timeoutMs = 10_000 } = options;
  const source = resolve ? { lookup: resolve } : createNameSource({ clock, ...options.names });
  const { lookup, lateness } = boundedLookup(source, { clock, timeoutMs });
  // One for all: undici would have one made for each connection, 0.3 ms of it.
  const secureContext = trusting(options.caBundle);
  const proxy = options.egressProxy
    ? createEgressProxy({ url: new URL(options.egressProxy), clock, secureContext })
    : null;
  const tools: DialTools = { lookup, secureContext, proxy };
  const age = { maxAgeMs: options.maxConnectionAgeMs ?? 60_000, now: () => clock.monotonicMs() };
  const pools = createPools(options, tools, age, 1);
  // Pipelining 0 is undici's way to say "a new connection for each request".
  const oneShotPools = createPools(options, tools, age, 0);
  let closing: Promise<void> | null = null;
  const host: ExchangeHost = {
    deadlines,
    responseBodyCapBytes: options.responseBodyCapBytes ?? 65_536,
    after: (ms, callback) => clock.after(ms, callback),
    lookupLateness(hostname) {
      const late = lateness(hostname);
      return late && { class: late.class, message: late.message };
    },
    redispatch: (dispatchOptions, exchange) => oneShotPools.dispatch(dispatchOptions, exchange),
  };

  return {
    send(request, signal, watch) {
      const url = URL.parse(request.url);
      const verdict = checkTargetUrl(url ?? request.url, options.allowedTargets);
      if (!verdict.ok) return Promise.resolve(notSent("target_refused", verdict.message));
      if (closing) return Promise.resolve(notSent("aborted", "The transport is closed."));
      if (signal?.aborted) return Promise.resolve(notSent("aborted", "Aborted before it was sent."));

      const dispatchOptions = dispatchOptionsOf(request, url!);
      const exchange = new PendingExchange(host, dispatchOptions, request, watch ?? null);
      if (signal) aborts.join(signal, exchange);
      pools.dispatch(dispatchOptions, exchange);
      exchange.handedOver();
      return exchange.result;
    },
    close() {
      closing ??= Promise.all([pools.close(), oneShotPools.close()]).then(() => proxy?.close());
      return closing;
    },
  };
}

function createPools(
  options: TransportOptions,
  tools: DialTools,
  age: ConnectionAge,
  pipelining: 0 | 1,
): OriginPools {
  const keepAliveMs = options.keepAliveMs ?? 4_000;
  const clientOptions: Client.Options = {
    pipelining,
    allowH2: false,
    // The exchange's own deadline is the only timeout.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    keepAliveTimeoutThreshold: 1_000,
    // The cap on heads is the answer reader's, which passes none as long as this: what is left is the cap on trailers.
    maxHeaderSize: 65_536,
    // The answer reader is written for this parser, so the environment must not choose another.
    useMilo: false,
  };
  return new OriginPools(({ origin, ca }, made) => {
    const trusted = ca === undefined ? tools : { ...tools, secureContext: trusting(options.caBundle, ca) };
    const dial = guardedDial(new URL(origin), options.allowedTargets, trusted);
    return new Pool(origin, {
      connections: options.maxConnectionsPerOrigin ?? 256,
      allowH2: false,
      factory(clientOrigin) {
        made();
        return new TrackedClient(clientOrigin, clientOptions, dial, age);
      },
    });
  });
}

/** Made once for many connections: each would else read all roots again, some milliseconds. */
function trusting(...bundles: readonly (string | undefined)[]): SecureContext {
  const own = bundles.filter((bundle) => bundle !== undefined);
  return createSecureContext(own.length === 0 ? {} : { ca: [...getCACertificates("default"), ...own] });
}

function dispatchOptionsOf(request: PostbackRequest, url: URL): RoutedOptions {
  const headers: string[] = [];
  for (const [name, value] of request.headers) headers.push(name, value);
  return {
    origin: url.origin,
    ca: request.ca,
    path: url.pathname + url.search,
    method: request.method,
    headers,
    body: request.body,
  };
}

function notSent(failureClass: FailureClass, message: string): Exchange {
  const failure = { class: failureClass, message };
  return {
    status: null,
    failure,
    responseBody: "",
    truncated: false,
    retryAfter: null,
    location: null,
    durationMs: 0,
  };
}
