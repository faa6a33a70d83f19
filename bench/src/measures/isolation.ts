import { startBlackHole } from "../processes/black-hole-process.ts";
import { fillBacklog } from "../load/fill.ts";
import { gatheredAccept } from "../load/gathered-accept.ts";
import { type Latencies, openPhase, pooled, quietP99Ms } from "../figures/latencies.ts";
import { arrivalsAt } from "./limiter.ts";
import { addPartners } from "../load/partners.ts";
import { pausePartners, whileActive } from "../load/pausing.ts";
import { benchEvent } from "../load/payload.ts";
import { percentile, type Result, rounded } from "../figures/result.ts";
import type { SinkProcess } from "../processes/sink-process.ts";
import { type BenchSystem, type LedgerKind, startSystem } from "../system/system.ts";

const partners = 100;
const perSecond = 200;

/** A partner that misbehaves. */
interface Disturber {
  /** At the sink; null: a target that swallows connections. */
  readonly path: string | null;
  readonly timeout: string;
  readonly backlog: number;
  readonly ratePerSecond?: number;
}

/** What some of a hundred partners do to the others. */
interface Disturbance {
  readonly name: string;
  readonly kind: LedgerKind;
  /** Worker processes; 0 dispatches in the process that accepts. */
  readonly workers: number;
  readonly disturbers: readonly Disturber[];
}

/** Of a disturber with a rate: what a delay of the machine cost it, it may catch up. */
const burst = 10;
const flood = "/limited-flood";
const crowd = "/limited-crowd";

export const disturbances: readonly Disturbance[] = [
  {
    name: "the 100th hangs for its full timeout, 2,000 waiting",
    kind: "postgresql",
    workers: 0,
    disturbers: [{ path: "/hang", timeout: "2s", backlog: 2_000 }],
  },
  {
    name: "the 100th hangs, 100,000 waiting",
    kind: "postgresql",
    workers: 0,
    disturbers: [{ path: "/hang", timeout: "2s", backlog: 100_000 }],
  },
  {
    name: "the 100th takes its 50/s of 100,000 waiting",
    kind: "postgresql",
    workers: 0,
    disturbers: [{ path: crowd, timeout: "10s", backlog: 100_000, ratePerSecond: 50 }],
  },
  {
    name: "the 100th takes 100,000 as fast as it can",
    kind: "postgresql",
    workers: 0,
    disturbers: [{ path: "/crowd", timeout: "10s", backlog: 100_000 }],
  },
  ...(["postgresql", "postgresql+redis"] as const).map((kind) => ({
    name: "one swallows connections, one dribbles its body, one has 1,000,000 waiting and 50/s",
    kind,
    workers: 1,
    disturbers: [
      { path: null, timeout: "10s", backlog: 2_000 },
      { path: "/dribble", timeout: "10s", backlog: 2_000 },
      { path: flood, timeout: "10s", backlog: 1_000_000, ratePerSecond: 50 },
    ],
  })),
];

export interface IsolationOptions {
  readonly pairs: number;
  readonly phaseMs: number;
  /** Divides the backlogs. */
  readonly smaller: number;
}

/**
 * The p99 of the healthy partners with sparse traffic, in short phases with and without the disturbance in turn, so
 * that what else the machine does falls on both alike. The disturbers are paused for the undisturbed phases.
 */
export async function measureIsolation(
  sink: SinkProcess,
  { name, kind, workers, disturbers }: Disturbance,
  { pairs, phaseMs, smaller }: IsolationOptions,
): Promise<Result[]> {
  const hole = disturbers.some(({ path }) => path === null) ? await startBlackHole() : null;
  const system = await startSystem(kind, sink, { workers, allowTargets: hole ? [hole.target] : [] });
  const healthy = partners - disturbers.length;
  await addPartners(system.engine, sink, healthy);
  const ids: string[] = [];
  for (const [index, { path, timeout, ratePerSecond }] of disturbers.entries()) {
    const from = healthy + index;
    const where = path === null ? { url: () => `http://${hole!.target}/` } : { path: () => path };
    const rate = ratePerSecond === undefined ? {} : { ratePerSecond, burst };
    await addPartners(system.engine, sink, 1, { from, timeout, ...where, ...rate });
    ids.push(`p${from}`);
  }
  await pausePartners(system, ids);
  const accept = gatheredAccept(system.engine);
  const used: number[] = [];
  const phase = (run: string) =>
    openPhase(sink, perSecond, phaseMs, (n, dueMs) => accept(benchEvent(run, n, healthy, dueMs)));
  const disturbedPhase = (run: string) =>
    whileActive(system, ids, async () => {
      const latencies = await phase(run);
      for (const { path, ratePerSecond } of disturbers)
        if (path !== null && ratePerSecond !== undefined)
          used.push(usedOf(await arrivalsAt(sink, path), ratePerSecond));
      return latencies;
    });

  await phase("warm");
  const calms: Latencies[] = [];
  const louds: Latencies[] = [];
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    await refill(system, ids, disturbers, pair, smaller);
    // Each goes first in half of the pairs.
    const first = pair % 2 === 0 ? await phase(`quiet-${pair}`) : null;
    const loud = await disturbedPhase(`disturbed-${pair}`);
    const calm = first ?? (await phase(`quiet-${pair}`));
    calms.push(calm);
    louds.push(loud);
    ratios.push(quietP99Ms(loud) / quietP99Ms(calm));
  }
  await system.stop();
  hole?.stop();
  const [undisturbed, disturbed] = [pooled(calms), pooled(louds)];
  const [undisturbedP99, disturbedP99] = [quietP99Ms(undisturbed), quietP99Ms(disturbed)];
  const where = workers === 0 ? "" : `, ${kind}, ${workers} worker`;
  const full = `${name}${smaller === 1 ? "" : ` (divided by ${smaller})`}${where}`;
  const moved: Result = {
    bench: "isolation",
    case: full,
    figures: {
      ratio: rounded(disturbedP99 / undisturbedP99),
      medianPairRatio: rounded(percentile(ratios, 0.5)),
      undisturbedP99Ms: rounded(undisturbedP99),
      disturbedP99Ms: rounded(disturbedP99),
      undisturbedP50Ms: rounded(percentile(undisturbed.all, 0.5)),
      disturbedP50Ms: rounded(percentile(disturbed.all, 0.5)),
      pairs,
    },
    target: { figure: "ratio", atMost: 1.2 },
  };
  if (used.length === 0) return [moved];
  const usedPercent = rounded(percentile(used, 0.5) * 100, 1);
  return [
    moved,
    {
      bench: "isolation",
      case: `${full}: the share of its rate that it got`,
      figures: { usedPercent, leastPercent: rounded(Math.min(...used) * 100, 1), pairs },
      target: { figure: "usedPercent", atLeast: 98 },
    },
  ];
}

/** The share of a rate that ascending times of arrival make, less the burst it began with. */
function usedOf(times: readonly number[], ratePerSecond: number): number {
  const lastedMs = times.at(-1)! - times[0]!;
  return (times.length - burst) / ((lastedMs / 1_000) * ratePerSecond);
}

/** Brings the paused disturbers' backlogs to what they are to be. */
async function refill(
  system: BenchSystem,
  ids: readonly string[],
  disturbers: readonly Disturber[],
  pair: number,
  smaller: number,
): Promise<void> {
  const { partners: waiting } = await system.engine.operations.backlog(Date.now(), partners);
  for (const [index, { backlog }] of disturbers.entries()) {
    const id = ids[index]!;
    // A backlog is counted up to 10,000, which is enough to know that a large one is still there.
    const there = pair === 0 ? 0 : (waiting.find(({ partner }) => partner === id)?.pending ?? 0);
    const wanted = Math.ceil(backlog / smaller);
    if (there < Math.min(wanted, 10_000))
      await fillBacklog(system, `fill-${pair}-${id}`, [id], wanted - there);
  }
}
