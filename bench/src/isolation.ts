import { setTimeout as sleep } from "node:timers/promises";
import { arrived } from "./latency.ts";
import { openLoop, until } from "./open-loop.ts";
import { benchEvent } from "./payload.ts";
import { percentile, type Result, rounded } from "./result.ts";
import type { SinkProcess } from "./sink-process.ts";
import { addPartners, type BenchSystem, startSystem } from "./system.ts";

const healthy = 99;
const perSecond = 200;
const crowd = "p99";

/** What the hundredth partner does to the others. */
interface Disturbance {
  readonly name: string;
  readonly path: string;
  readonly timeout: string;
  readonly backlog: number;
  readonly ratePerSecond: number | null;
  /** Null: told for information. */
  readonly atMost: number | null;
}

export const disturbances: readonly Disturbance[] = [
  {
    name: "the 100th hangs for its full timeout, 2,000 waiting",
    path: "/hang",
    timeout: "2s",
    backlog: 2_000,
    ratePerSecond: null,
    atMost: 1.2,
  },
  {
    name: "the 100th hangs, 100,000 waiting",
    path: "/hang",
    timeout: "2s",
    backlog: 100_000,
    ratePerSecond: null,
    atMost: 1.2,
  },
  {
    name: "the 100th takes its 50/s of 100,000 waiting",
    path: "/crowd",
    timeout: "10s",
    backlog: 100_000,
    ratePerSecond: 50,
    atMost: 1.2,
  },
  {
    name: "the 100th takes 100,000 as fast as it can",
    path: "/crowd",
    timeout: "10s",
    backlog: 100_000,
    ratePerSecond: null,
    atMost: 1.2,
  },
];

export interface IsolationOptions {
  readonly pairs: number;
  readonly phaseMs: number;
  /** Divides the backlogs. */
  readonly smaller: number;
}

/**
 * The p99 of 99 healthy partners with sparse traffic, in short phases with and without the disturbance in turn, so that
 * what else the machine does falls on both alike. The disturber is paused for the undisturbed phases.
 */
export async function measureIsolation(
  sink: SinkProcess,
  disturbance: Disturbance,
  { pairs, phaseMs, smaller }: IsolationOptions,
): Promise<Result> {
  const { name, path, timeout, ratePerSecond, atMost } = disturbance;
  const backlog = Math.ceil(disturbance.backlog / smaller);
  const system = await startSystem("postgresql", sink);
  const { engine } = system;
  await addPartners(system, sink, healthy);
  await addPartners(system, sink, 1, { from: healthy, path: () => path, timeout, ratePerSecond });
  await pause(system);

  const phase = async (run: string) => {
    await sink.ask("reset");
    await openLoop(perSecond, phaseMs, async (n, dueMs) => {
      const { partnerNos } = await engine.events.accept([benchEvent(run, n, healthy, dueMs)], Date.now());
      engine.ring(partnerNos);
    });
    return arrived(sink, (perSecond * phaseMs) / 1_000);
  };

  await phase("warm");
  const quiet: number[] = [];
  const disturbed: number[] = [];
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    await fill(system, backlog, pair);
    const measure = {
      quiet: () => phase(`quiet-${pair}`),
      disturbed: () => whileActive(system, () => phase(`disturbed-${pair}`)),
    };
    // Each goes first in half of the pairs.
    const first = pair % 2 === 0 ? await measure.quiet() : null;
    const loud = await measure.disturbed();
    const calm = first ?? (await measure.quiet());
    quiet.push(...calm);
    disturbed.push(...loud);
    ratios.push(percentile(loud, 0.99) / percentile(calm, 0.99));
  }
  await system.stop();
  const quietP99 = percentile(quiet, 0.99);
  const disturbedP99 = percentile(disturbed, 0.99);
  return {
    bench: "isolation",
    case: smaller === 1 ? name : `${name} (divided by ${smaller})`,
    figures: {
      ratio: rounded(disturbedP99 / quietP99),
      medianPairRatio: rounded(percentile(ratios, 0.5)),
      undisturbedP99Ms: rounded(quietP99),
      disturbedP99Ms: rounded(disturbedP99),
      undisturbedP50Ms: rounded(percentile(quiet, 0.5)),
      disturbedP50Ms: rounded(percentile(disturbed, 0.5)),
      pairs,
    },
    ...(atMost === null ? {} : { target: { figure: "ratio", atMost } }),
  };
}

/** Brings the paused disturber's backlog to `backlog`. */
async function fill({ engine }: BenchSystem, backlog: number, pair: number): Promise<void> {
  const waiting = (await engine.operations.conservation()).pending;
  for (let n = waiting; n < backlog; n += 1_000) {
    const events = Array.from({ length: Math.min(1_000, backlog - n) }, (_, offset) => ({
      ...benchEvent(`fill-${pair}`, n + offset, 1),
      partner: crowd,
    }));
    await engine.events.accept(events, Date.now());
  }
}

async function whileActive<Value>(system: BenchSystem, work: () => Promise<Value>): Promise<Value> {
  await system.engine.operations.setPartnerState(crowd, "active", Date.now());
  system.engine.sweepNow();
  await sleep(200);
  try {
    return await work();
  } finally {
    await pause(system);
  }
}

async function pause({ engine }: BenchSystem): Promise<void> {
  await engine.operations.setPartnerState(crowd, "paused", Date.now());
  await until(
    "the end of the disturber's turn",
    () => engine.progress().inFlight === 0 && engine.progress().turnsActive === 0,
  );
}
