import { isIP } from "node:net";
import { addressRefusal } from "../core/target.ts";
import type { Clock } from "../ports/clock.ts";
import { nameFailure } from "./connect-failure.ts";
import { TransportFailure } from "./failure.ts";
import { createDnsLookup, type DnsLookupOptions } from "./names/dns-lookup.ts";
import type { Lookup, NameSource, ResolvedAddress } from "./names/name-source.ts";
import { createSystemLookup } from "./names/system-lookup.ts";

export type { Lookup, ResolvedAddress } from "./names/name-source.ts";

/** Names from c-ares if `resolv.conf` names servers, else from the system's resolver (macOS, Windows). */
export function createNameSource(options: DnsLookupOptions): NameSource {
  const dns = createDnsLookup(options);
  const given = options.servers !== undefined || options.resolvConf !== undefined;
  const systemKnowsBetter = !given && (process.platform === "darwin" || process.platform === "win32");
  return systemKnowsBetter || !dns.usable() ? createSystemLookup() : dns;
}

export interface BoundedLookupOptions {
  readonly clock: Clock;
  /** Of one look-up at most, in milliseconds; a name waits between half and all of it, always the same. */
  readonly timeoutMs: number;
}

/** A look-up that is silent for so long has the name servers themselves asked whether they are there. */
const probeAfterMs = 1_000;
/** They have had the time to answer. */
const probedMs = 1_500;
/**
 * The part of the time-out by which names differ. Silent names that were asked for together would otherwise fail together,
 * again and again: with 300 of them the p99 of others' postbacks was four times as long.
 */
const spread = 0.5;

/**
 * A source that gave up after so long is asked again while somebody waits: who came last has not waited long, and those
 * who wait for many silent names do not all fail in the moment in which the source gives up.
 */
const askAgainAfterMs = 1_000;

/** A look-up that all who ask for the name meanwhile share. */
interface Running {
  readonly answer: ReturnType<Lookup>;
  readonly askedAtMs: number;
  /**
   * Since when an answer to any question counts. If it is asked again, since the question before: a row of them must not
   * take answers of an hour ago for a sign that the name servers live.
   */
  readonly startedAtMs: number;
}

/** Look-ups, each within a deadline of its own. */
export interface BoundedLookup {
  readonly lookup: Lookup;
  /** Why a name that is still being looked up has no address yet; null if it is not. */
  lateness(hostname: string): TransportFailure | null;
}

/**
 * One look-up per name at a time, shared by everyone who asks meanwhile, each with a deadline of its own: a name whose
 * servers are silent has at most one look-up open, however many wait for it. Nothing is kept after the answer: each
 * connect is checked.
 *
 * What is not the partner's doing fails as `local`: no name server answered anybody since the look-up began, or the name
 * waited for others in this process.
 */
export function boundedLookup(source: NameSource, { clock, timeoutMs }: BoundedLookupOptions): BoundedLookup {
  const open = new Map<string, Running>();
  const start = (hostname: string, startedAtMs: number): Running => {
    const cancelProbe = clock.after(probeAfterMs, () => {
      // Whatever they answered since is an answer.
      if (source.probe && (source.answeredAtMs?.() ?? 0) < startedAtMs) source.probe();
    });
    const answer = source.lookup(hostname).finally(() => {
      cancelProbe();
      open.delete(hostname);
    });
    const begun = { answer, startedAtMs, askedAtMs: clock.monotonicMs() };
    open.set(hostname, begun);
    return begun;
  };
  const late = (hostname: string, startedAtMs: number): TransportFailure => {
    if (source.waits?.(hostname))
      return new TransportFailure("local", "the name look-up waited for others of this process.");
    const silentMs = clock.monotonicMs() - startedAtMs;
    if (source.answeredAtMs !== undefined && source.answeredAtMs() < startedAtMs && silentMs >= probedMs)
      return new TransportFailure("local", "no name server answers this process.");
    return new TransportFailure("dns", `the name servers did not answer for ${hostname} in time.`);
  };

  const lookup: Lookup = (hostname) =>
    new Promise((resolve, reject) => {
      const first = open.get(hostname) ?? start(hostname, clock.monotonicMs());
      const { startedAtMs } = first;
      let inTime = true;
      const cancel = clock.after(timeoutMs * (1 - spread * spreadOf(hostname)), () => {
        inTime = false;
        source.ended?.(hostname, false);
        reject(late(hostname, startedAtMs));
      });
      const wait = ({ answer, askedAtMs }: Running): void =>
        void answer.then(
          (addresses) => {
            cancel();
            if (inTime) source.ended?.(hostname, true);
            resolve(addresses);
          },
          (error: NodeJS.ErrnoException) => {
            if (!inTime) return;
            if (error.code === "ETIMEOUT" && clock.monotonicMs() - askedAtMs >= askAgainAfterMs)
              return wait(open.get(hostname) ?? start(hostname, askedAtMs));
            cancel();
            reject(error.code === "ETIMEOUT" ? late(hostname, startedAtMs) : failedName(hostname, error));
          },
        );
      wait(first);
    });
  return {
    lookup,
    lateness(hostname) {
      const running = open.get(hostname);
      return running === undefined ? null : late(hostname, running.startedAtMs);
    },
  };
}

/** From 0 to 1, and the same for a name each time. */
function spreadOf(hostname: string): number {
  let hash = 0;
  for (let at = 0; at < hostname.length; at += 1)
    hash = (Math.imul(hash, 31) + hostname.charCodeAt(at)) >>> 0;
  return hash / 2 ** 32;
}

function failedName(hostname: string, error: { readonly code?: string | undefined }): TransportFailure {
  const { class: failureClass, message } = nameFailure(hostname, error);
  return new TransportFailure(failureClass, message, error);
}

/**
 * The addresses of a name or literal, only when every one of them may be called: a name that mixes public with private
 * addresses gets nothing (DNS rebinding).
 */
export function checkedLookup(resolve: Lookup, allowPrivate: boolean) {
  return async (hostname: string): Promise<ResolvedAddress[]> => {
    const family = isIP(hostname);
    const addresses = family === 0 ? await resolve(hostname) : [{ address: hostname, family }];
    const failure = refusalOf(hostname, addresses, allowPrivate);
    if (failure) throw failure;
    return [...addresses];
  };
}

function refusalOf(hostname: string, addresses: readonly ResolvedAddress[], allowPrivate: boolean) {
  if (addresses.length === 0) return failedName(hostname, { code: "ENODATA" });
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
