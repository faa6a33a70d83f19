import { setTimeout as sleep } from "node:timers/promises";
import { createSeededRandom } from "@postrider/engine/testing";
import type { Random } from "@postrider/engine";
import { duplicatesOf, logPeak, longestSilence, lostEvents, unexplained } from "./checks.ts";
import { createJournal, type Journal } from "./journal.ts";
import { limitFigures, overLimit } from "./limits.ts";
import { brokenRules, type Outcome } from "./outcome.ts";
import { type FaultSystem, startSystem, type SystemOptions, type Topology } from "./system.ts";
import { eventAt, limited, loadPartners, register } from "./traffic.ts";

/** How large a scenario is run: for the record, for a look, or within the test suite. */
export type Size = "full" | "quick" | "short";

export interface RunOptions {
  readonly topology: Topology;
  readonly size: Size;
  readonly seed: number;
  /** Worker processes; absent: as many as the scenario means. */
  readonly workers?: number;
  readonly say: (line: string) => void;
}

export interface Scenario {
  readonly name: string;
  /** What is shown when it passes. */
  readonly proves: string;
  readonly topologies: readonly Topology[];
  /** What the machine lacks for it, in words; null: nothing. Absent: it needs no more than the others. */
  readonly lacks?: () => string | null;
  run(options: RunOptions): Promise<Outcome>;
}

/** What a fault script is given. */
export interface Scene {
  readonly system: FaultSystem;
  readonly journal: Journal;
  readonly random: Random;
  /** How long the load is sent. */
  readonly durationMs: number;
  /** Resolves `atMs` after the load began. */
  at(atMs: number): Promise<void>;
}

export interface LoadedRun {
  readonly name: string;
  readonly events: number;
  readonly perSecond: number;
  readonly system?: Partial<SystemOptions>;
  /** Runs beside the load. */
  readonly inject: (scene: Scene) => Promise<void>;
}

const batch = 100;
/** Within the test suite other tests have the processors: there a run only tells a hang from a recovery. */
const recoveryLimitSeconds: Readonly<Record<Size, number>> = { full: 10, quick: 10, short: 30 };
const settleLimitMs = 180_000;
const watchEveryMs = 2_000;
const now = () => performance.timeOrigin + performance.now();

/** The load of `traffic.ts` at a steady pace, faults beside it, and then every check. */
export async function runLoaded(run: LoadedRun, options: RunOptions): Promise<Outcome> {
  const { say } = options;
  const system = await startSystem({
    topology: options.topology,
    apis: 2,
    ...run.system,
    workers: options.workers ?? run.system?.workers ?? 2,
  });
  try {
    await register(system.client.call, system.sink.target);
    const journal = createJournal(system, say);
    const watch = watchDrift(system);
    const startMs = now();
    const durationMs = (run.events / run.perSecond) * 1_000;
    const scene: Scene = {
      system,
      journal,
      random: createSeededRandom(options.seed),
      durationMs,
      at: (atMs) => sleep(Math.max(0, startMs + atMs - now())),
    };
    const events = Array.from({ length: run.events }, (_, n) => eventAt(n));
    // Both to their end, whatever becomes of the other: a fault left behind would spoil what is read afterwards.
    const ended = await Promise.allSettled([
      system.client.send(events, { perSecond: run.perSecond, batch }),
      run.inject(scene),
    ]);
    say(`sent and acknowledged: ${system.client.acknowledged.size}; waiting for the backlog`);
    const stuck = await settle(system);
    await watch.stop();
    const outcome = await judge(run.name, system, journal, {
      stuck,
      drift: watch.worst(),
      size: options.size,
    });
    const broken = ended.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
    return { ...outcome, failures: [...broken, ...outcome.failures] };
  } finally {
    await system.stop();
  }
}

/** All of them together. */
export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Waits until nothing waits for partners that answer; says how many still do. */
export async function settle(system: FaultSystem, limitMs = settleLimitMs): Promise<number> {
  const answering = new Set(loadPartners.flatMap(({ id, behaviour }) => (behaviour === "hang" ? [] : [id])));
  const deadlineMs = now() + limitMs;
  for (;;) {
    const waiting = [...(await system.ledger.waiting())].filter(([partner]) => answering.has(partner));
    const count = sum(waiting.map(([, n]) => n));
    if (count === 0 || now() > deadlineMs) return count;
    await sleep(100);
  }
}

/** Asks for the drift again and again: conservation holds at all times, not only in the end. */
export function watchDrift(system: FaultSystem): { worst(): number; stop(): Promise<void> } {
  const stopped = new AbortController();
  let worst = 0;
  const look = async () => {
    const drift = await system.ledger.drift();
    if (Math.abs(drift) > Math.abs(worst)) worst = drift;
  };
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      await look();
      await sleep(watchEveryMs, null, { signal: stopped.signal }).catch(() => {});
    }
    await look();
  })();
  return {
    worst: () => worst,
    async stop() {
      stopped.abort();
      await loop;
    },
  };
}

/** Reads the records of sink, client and ledger, and holds them against the rules. */
async function judge(
  name: string,
  system: FaultSystem,
  journal: Journal,
  seen: { readonly stuck: number; readonly drift: number; readonly size: Size },
): Promise<Outcome> {
  const { sink, client, ledger, log } = system;
  await sink.sync();
  const { receipts } = sink;
  const { acknowledged } = client;
  const known = await ledger.knownEvents([...acknowledged.keys()]);
  const duplicates = duplicatesOf(receipts);
  const healthy = loadPartners.filter(({ behaviour }) => behaviour === "ok" || behaviour === "slow");
  const silences = healthy.map(({ id }) => longestSilence(id, acknowledged, receipts, journal.faults));
  const withFaults = healthy.map(({ id }) => longestSilence(id, acknowledged, receipts, []).durationMs);
  const longest = silences.toSorted((a, b) => b.durationMs - a.durationMs)[0]!;
  const limits = limitFigures(
    await ledger.sent(limited.id),
    receipts.filter(({ partner }) => partner === limited.id),
    limited.rate,
  );
  const finished = await ledger.finished();
  const found = {
    scenario: name,
    topology: system.options.topology,
    events: acknowledged.size,
    faults: journal.faults.length,
    kills: journal.kills,
    lost: lostEvents(acknowledged.keys(), receipts).length,
    unbacked: acknowledged.size - known.size,
    duplicates: duplicates.length,
    unexplained: unexplained(duplicates, journal.mayRepeat).length,
    bound: sum(journal.mayRepeat.values()),
    documentedBound: journal.documented,
    drift: seen.drift,
    overLimit: overLimit(limits),
    recoverySeconds: Math.round(longest.durationMs / 100) / 10,
    logPeak: logPeak(log),
    logLines: log.length,
    stuck: seen.stuck,
    figures: {
      workers: system.options.workers,
      failedCalls: client.failedCalls,
      silentPartner: longest.partner,
      // Faults that last are left out of the recovery, and counted here.
      longestSilenceSeconds: Math.round(Math.max(...withFaults) / 100) / 10,
      sinkLongestPauseMs: Math.round(await sink.longestPauseMs()),
      ...limits,
      ...Object.fromEntries(Object.entries(finished).map(([state, n]) => [`finished_${state}`, n])),
    },
  };
  return {
    ...found,
    failures: [...client.odd.slice(0, 3), ...brokenRules(found, recoveryLimitSeconds[seen.size])],
  };
}
