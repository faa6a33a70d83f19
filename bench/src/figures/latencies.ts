import { openLoop, until } from "../load/open-loop.ts";
import { percentile, rounded } from "./result.ts";
import type { SinkProcess } from "../processes/sink-process.ts";
import { type StolenTime, watchStolenTime } from "./stolen-time.ts";

/** How long events took from the moment each was due to be sent until its postback arrived, in ms. */
export interface Latencies {
  readonly all: readonly number[];
  /**
   * Of those sent while the machine was its own: its host took no more than `quietStolenMs` around them, which is 2.5 %
   * of two processors. It is chosen by when an event was due, never by how long it took.
   */
  readonly quiet: readonly number[];
}

/** Before a run that counts. A worker is compiled by then: in its first seconds a p99 is twice that of those that follow. */
export const warmMs = 5_000;

const aroundMs = 100;
const quietStolenMs = 10;
/** Fewer say nothing about one in a hundred. */
const fewestQuiet = 200;

/**
 * Sends at a rate, open loop, and waits until all has arrived at the sink's `/ok`.
 *
 * @param send resolves when the event was accepted; it must carry `dueMs` as its `sent_at`
 */
export async function openPhase(
  sink: SinkProcess,
  perSecond: number,
  durationMs: number,
  send: (n: number, dueMs: number) => Promise<void>,
): Promise<Latencies> {
  await sink.ask("reset");
  const stolen = watchStolenTime();
  await openLoop(perSecond, durationMs, send);
  const arrivals = await arrived(sink, (perSecond * durationMs) / 1_000);
  stolen.stop();
  return latenciesOf(arrivals, stolen);
}

/** When an event was due to be sent, and how long it took from then on. */
type Arrival = readonly [sentAtMs: number, tookMs: number];

async function arrived(sink: SinkProcess, count: number): Promise<readonly Arrival[]> {
  let list: readonly Arrival[] = [];
  await until(`the arrival of ${count} postbacks`, async () => {
    const { latencies } = await sink.ask<{ latencies: [string, Arrival[]][] }>("latencies");
    list = latencies.find(([path]) => path === "/ok")?.[1] ?? [];
    return list.length >= count;
  });
  return list;
}

export function latenciesOf(arrivals: readonly Arrival[], stolen: Pick<StolenTime, "around">): Latencies {
  const quiet = arrivals.filter(([sentAtMs]) => stolen.around(sentAtMs, aroundMs) <= quietStolenMs);
  return { all: arrivals.map(([, tookMs]) => tookMs), quiet: quiet.map(([, tookMs]) => tookMs) };
}

/** Phases as one. */
export function pooled(phases: readonly Latencies[]): Latencies {
  return { all: phases.flatMap(({ all }) => all), quiet: phases.flatMap(({ quiet }) => quiet) };
}

/** Of the quiet ones; NaN where there are too few. */
export function quietP99Ms({ quiet }: Latencies): number {
  return quiet.length < fewestQuiet ? Number.NaN : percentile(quiet, 0.99);
}

export function latencyFigures(latencies: Latencies): Record<string, number> {
  const { all, quiet } = latencies;
  return {
    ...figuresOf(all),
    quietP99Ms: rounded(quietP99Ms(latencies)),
    quietPercent: rounded((quiet.length / all.length) * 100, 0),
  };
}

export function figuresOf(all: readonly number[]): Record<string, number> {
  return {
    p50Ms: rounded(percentile(all, 0.5)),
    p99Ms: rounded(percentile(all, 0.99)),
    maxMs: rounded(percentile(all, 1)),
    events: all.length,
  };
}
