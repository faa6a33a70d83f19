import type { Clock } from "../ports/clock.ts";

/** Lets a bounded number of things happen at once; the others wait in order, and only so many, and only so long. */
export interface Gate<Kind extends string> {
  /**
   * Does `work` as soon as a place is free. A place is taken until the work has ended, also if `signal` aborts meanwhile: the
   * caller is let go at once, with the signal's reason.
   *
   * @throws what `busy` makes, if too many wait or no place becomes free in time
   * @example const rows = await gate.run("small", () => query("select 1"), request.signal)
   */
  run<Result>(kind: Kind, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
}

export interface GateOptions<Kind extends string> {
  /**
   * Places by kind. Work of a kind may begin while fewer than its places are taken by its own kind and by those with as many
   * or fewer places: what has few places never takes those that were kept for others.
   */
  readonly places: Readonly<Record<Kind, number>>;
  /** Of each kind, that wait at the same time. */
  readonly mostWaiting: number;
  /** The longest that one waits. */
  readonly waitMs: number;
  readonly clock: Clock;
  readonly busy: () => Error;
}

interface Waiting<Kind> {
  readonly kind: Kind;
  readonly begin: () => void;
}

/** @example createGate({ places: { small: 3, any: 2 }, mostWaiting: 20, waitMs: 5_000, clock, busy }) */
export function createGate<Kind extends string>(options: GateOptions<Kind>): Gate<Kind> {
  const { places, mostWaiting, waitMs, clock, busy } = options;
  const kinds = Object.keys(places) as Kind[];
  const taken = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
  const waiting: Waiting<Kind>[] = [];

  const mayBegin = (kind: Kind) => {
    let others = 0;
    for (const other of kinds) if (places[other] <= places[kind]) others += taken[other];
    return others < places[kind];
  };
  const waitingOf = (kind: Kind) => waiting.filter((one) => one.kind === kind).length;

  const admit = () => {
    for (let index = 0; index < waiting.length; ) {
      const { kind, begin } = waiting[index]!;
      if (mayBegin(kind)) {
        waiting.splice(index, 1);
        begin();
      } else index += 1;
    }
  };

  const place = (kind: Kind, signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      const leave = (error: unknown) => {
        const index = waiting.indexOf(one);
        if (index === -1) return;
        waiting.splice(index, 1);
        done();
        reject(error as Error);
      };
      const gone = () => leave(signal?.reason);
      const cancelTimer = clock.after(waitMs, () => leave(busy()));
      const done = () => {
        cancelTimer();
        signal?.removeEventListener("abort", gone);
      };
      const one: Waiting<Kind> = {
        kind,
        begin() {
          done();
          taken[kind] += 1;
          resolve();
        },
      };
      signal?.addEventListener("abort", gone, { once: true });
      waiting.push(one);
    });

  const inPlace = async <Result>(kind: Kind, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } finally {
      taken[kind] -= 1;
      admit();
    }
  };

  return {
    async run(kind, work, signal) {
      signal?.throwIfAborted();
      if (waitingOf(kind) === 0 && mayBegin(kind)) taken[kind] += 1;
      else if (waitingOf(kind) >= mostWaiting) throw busy();
      else await place(kind, signal);
      return untilAborted(inPlace(kind, work), signal);
    },
  };
}

/** What a promise resolves to, or the reason of `signal` as soon as it aborts. */
export async function untilAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return promise;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    // Nobody waits for it any more.
    promise.catch(() => {});
  }
}
