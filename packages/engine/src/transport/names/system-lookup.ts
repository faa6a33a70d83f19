import { lookup as systemLookup } from "node:dns";
import type { NameSource, ResolvedAddress } from "./name-source.ts";

/** libuv runs so many look-ups at a time, in half of its threads. */
const places = 2;
/** Names remembered as slow. */
const mostSlow = 1_000;

type Answer = readonly ResolvedAddress[];

/**
 * Look-ups by the system's resolver, for machines without a usable `resolv.conf`. It works in threads that a silent name
 * server holds for half a minute: a name that was slow once takes one of the two places at most from then on.
 *
 * @param resolve for tests
 */
export function createSystemLookup(
  resolve: (hostname: string) => Promise<Answer> = resolveBySystem,
): NameSource {
  const slow = new Set<string>();
  const running = new Set<string>();
  const line: { readonly hostname: string; readonly begin: () => void }[] = [];

  const mayBegin = (hostname: string) =>
    !slow.has(hostname) || ![...running].some((other) => slow.has(other));
  const next = () => {
    if (running.size >= places) return;
    const at = line.findIndex(({ hostname }) => mayBegin(hostname));
    if (at >= 0) line.splice(at, 1)[0]!.begin();
  };
  const run = async (hostname: string): Promise<Answer> => {
    running.add(hostname);
    try {
      return await resolve(hostname);
    } finally {
      running.delete(hostname);
      next();
    }
  };

  return {
    lookup: (hostname) =>
      new Promise((answer, fail) => {
        line.push({ hostname, begin: () => void run(hostname).then(answer, fail) });
        next();
      }),
    waits: (hostname) => line.some((one) => one.hostname === hostname),
    ended(hostname, inTime) {
      if (inTime) slow.delete(hostname);
      else if (slow.size < mostSlow) slow.add(hostname);
    },
  };
}

function resolveBySystem(hostname: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}
