/** What a run is judged by: pure, over the records of the sink, the client and the ledger. Times are epoch ms. */
import type { Receipt } from "./sink-process.ts";
import type { LogLine } from "./supervised-server.ts";

/** Something that was done to the system, from its start to the moment it was over. */
export interface Fault {
  readonly name: string;
  readonly startMs: number;
  /** For a kill the same moment: others take over at once. */
  readonly endMs: number;
}

/** Acknowledged events that never reached the sink. */
export function lostEvents(acknowledged: Iterable<string>, receipts: readonly Receipt[]): string[] {
  const received = new Set(receipts.map(({ eventId }) => eventId));
  return [...acknowledged].filter((eventId) => !received.has(eventId));
}

/** A delivery that came again although it had been answered. */
export interface Duplicate {
  readonly deliveryId: string;
  readonly partner: string;
  /** When it had come before, and when it came again. */
  readonly beforeMs: number;
  readonly againMs: number;
}

/**
 * Receptions beyond the first per delivery and answer: a retry after a 500 is none. What is never answered is left
 * out, since it must be tried again.
 */
export function duplicatesOf(receipts: readonly Receipt[]): Duplicate[] {
  const last = new Map<string, number>();
  const found: Duplicate[] = [];
  for (const { deliveryId, partner, status, atMs } of receipts) {
    if (status === 0) continue;
    const key = `${deliveryId} ${status}`;
    const beforeMs = last.get(key);
    if (beforeMs !== undefined) found.push({ deliveryId, partner, beforeMs, againMs: atMs });
    last.set(key, atMs);
  }
  return found;
}

/**
 * Duplicates that no fault explains: more of a delivery than there were faults at which it had been received and was
 * not recorded.
 */
export function unexplained(
  duplicates: readonly Duplicate[],
  mayRepeat: ReadonlyMap<string, number>,
): Duplicate[] {
  const left = new Map(mayRepeat);
  return duplicates.filter(({ deliveryId }) => {
    const times = left.get(deliveryId) ?? 0;
    left.set(deliveryId, times - 1);
    return times <= 0;
  });
}

/**
 * How far the fullest window is over `burst` plus the rate's share of its length, in requests; 0 or less is right.
 *
 * @param timesMs ascending
 * @param jitterMs how much closer together two of the times may be than the requests were
 */
export function worstExcess(
  timesMs: readonly number[],
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
  jitterMs: number,
): number {
  const perMs = perSecond / 1_000;
  // A window from i to j holds j - i + 1 and may hold burst + rate * (t_j - t_i): the worst start so far is kept.
  let start = Number.POSITIVE_INFINITY;
  let worst = Number.NEGATIVE_INFINITY;
  for (const [n, atMs] of timesMs.entries()) {
    start = Math.min(start, n - perMs * atMs);
    worst = Math.max(worst, n + 1 - perMs * atMs - start - burst - perMs * jitterMs);
  }
  return worst;
}

/** A recorded attempt, by the clock of the worker that sent it. */
export interface Sent {
  readonly deliveryId: string;
  readonly atMs: number;
}

/** A request takes less: what took longer is another one, whose own record is missing. */
const longestTransitMs = 2_000;

/** How long each recorded request took from its sending to its arrival. */
export function transitMs(sent: readonly Sent[], receipts: readonly Receipt[]): number[] {
  const byDelivery = Map.groupBy(sent, ({ deliveryId }) => deliveryId);
  return receipts.flatMap(({ deliveryId, atMs }) => {
    const before = (byDelivery.get(deliveryId) ?? []).filter((one) => one.atMs <= atMs);
    const tookMs = atMs - Math.max(...before.map((one) => one.atMs));
    return tookMs < longestTransitMs ? [tookMs] : [];
  });
}

/** How long a partner with a backlog got nothing. */
export interface Silence {
  readonly partner: string;
  readonly fromMs: number;
  readonly durationMs: number;
}

/**
 * The longest time in which a partner had acknowledged events waiting and nothing arrived. Time within a fault that
 * lasts does not count: a silence that outlasts it is counted from its end, which makes it the time of recovery. A kill
 * has no length and excuses nothing, or kills that follow each other would hide a partner that gets nothing at all.
 */
export function longestSilence(
  partner: string,
  acknowledged: ReadonlyMap<string, number>,
  receipts: readonly Receipt[],
  faults: readonly Fault[],
): Silence {
  const arrivals = receipts.filter((receipt) => receipt.partner === partner);
  const seen = new Set<string>();
  // For each arrival, when the oldest event that had not arrived before it was acknowledged: from there on there was a backlog.
  const acknowledgedMs = arrivals.map(({ eventId }) => {
    const firstTime = !seen.has(eventId);
    seen.add(eventId);
    return firstTime ? (acknowledged.get(eventId) ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  });
  let oldestMs = Number.POSITIVE_INFINITY;
  let worst: Silence = { partner, fromMs: 0, durationMs: 0 };
  for (let n = arrivals.length - 1; n >= 0; n--) {
    oldestMs = Math.min(oldestMs, acknowledgedMs[n]!);
    const fromMs = Math.max(oldestMs, arrivals[n - 1]?.atMs ?? Number.NEGATIVE_INFINITY);
    const quiet = longestOutside(fromMs, arrivals[n]!.atMs, faults);
    if (quiet.durationMs > worst.durationMs) worst = { partner, ...quiet };
  }
  return worst;
}

/** The longest part of a time that lies in no fault. */
function longestOutside(
  fromMs: number,
  toMs: number,
  faults: readonly Fault[],
): { fromMs: number; durationMs: number } {
  const cuts = faults
    .filter(({ startMs, endMs }) => endMs > startMs && startMs < toMs && endMs > fromMs)
    .toSorted((a, b) => a.startMs - b.startMs);
  let longest = { fromMs, durationMs: 0 };
  let atMs = fromMs;
  const consider = (untilMs: number) => {
    if (untilMs - atMs > longest.durationMs) longest = { fromMs: atMs, durationMs: untilMs - atMs };
  };
  for (const { startMs, endMs } of cuts) {
    consider(startMs);
    atMs = Math.max(atMs, endMs);
  }
  consider(toMs);
  return longest;
}

/** The most lines that one server logged within a second. */
export function logPeak(lines: readonly LogLine[]): number {
  const byServer = Map.groupBy(lines, ({ server }) => server);
  return Math.max(
    0,
    ...[...byServer.values()].map((own) =>
      mostWithin(
        own.map(({ atMs }) => atMs),
        1_000,
      ),
    ),
  );
}

/** The most of the ascending times that fall into one half-open window. */
function mostWithin(timesMs: readonly number[], windowMs: number): number {
  let from = 0;
  let most = 0;
  for (let to = 0; to < timesMs.length; to++) {
    while (timesMs[to]! - timesMs[from]! >= windowMs) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
