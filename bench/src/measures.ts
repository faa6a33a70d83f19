import { measureAccept } from "./measures/accept.ts";
import { measureDeadPartners } from "./measures/dead-partners.ts";
import { measureIdle } from "./measures/idle.ts";
import { disturbances, measureIsolation } from "./measures/isolation.ts";
import {
  latencyRates,
  measureEngineLatency,
  measureHttpLatency,
  measureRetryLateness,
} from "./measures/latency.ts";
import { measureLargeRequests } from "./measures/large-requests.ts";
import { measureLimiter } from "./measures/limiter.ts";
import { measureMemory } from "./measures/memory.ts";
import { type BenchName, medianResult, type Result } from "./figures/result.ts";
import type { SinkProcess } from "./processes/sink-process.ts";
import { measureSilentNames } from "./measures/silent-names.ts";
import { measureReads } from "./measures/reads.ts";
import { measureSize } from "./measures/size.ts";
import { measureSnapshot } from "./measures/snapshot.ts";
import { measureStartup } from "./measures/startup.ts";
import { ledgerKinds, type LedgerKind } from "./system/system.ts";
import { measureTemplates } from "./measures/templates.ts";
import { measureThroughput, type ThroughputCase } from "./measures/throughput.ts";

export interface MeasureOptions {
  readonly quick: boolean;
  /** The sizes that take minutes to set up. */
  readonly full: boolean;
  /** Throughput runs of which the median counts. */
  readonly repeat: number;
  readonly ledgers: readonly LedgerKind[];
  /** Of throughput, instead of all. */
  readonly partners: readonly number[];
  readonly workers: readonly number[];
  /** Told of each single run. */
  readonly progress: (result: Result) => void;
}

type Measure = (sink: SinkProcess, options: MeasureOptions) => AsyncGenerator<Result>;
type ServerLedger = Exclude<LedgerKind, "pglite">;

const servers = ({ ledgers }: MeasureOptions): readonly ServerLedger[] =>
  ledgers.filter((kind): kind is ServerLedger => kind !== "pglite");

/** Every bench, by its name. */
export const measures: Readonly<Record<Exclude<BenchName, "compare">, Measure>> = {
  async *throughput(sink, options) {
    const { quick, repeat, progress } = options;
    for (const one of throughputCases(options)) {
      const results: Result[] = [];
      for (let run = 0; run < repeat; run++) {
        results.push(await measureThroughput(sink, one, quick ? 15_000 : 60_000));
        progress(results.at(-1)!);
      }
      const median = medianResult(results, "ratio");
      yield { ...median, figures: { ...median.figures, runs: repeat } };
    }
  },
  async *templates(sink, options) {
    const [kind] = servers(options);
    if (kind === undefined) return;
    const { quick } = options;
    yield* await measureTemplates(sink, kind, { events: quick ? 10_000 : 60_000, pairs: quick ? 1 : 5 });
  },
  async *latency(sink, options) {
    const durationMs = options.quick ? 5_000 : 60_000;
    for (const kind of servers(options)) {
      for (const rate of latencyRates) {
        for (const workers of kind === "postgresql" ? [0, 1] : [1])
          yield await measureEngineLatency(sink, kind, workers, rate, durationMs);
        if (kind === "postgresql")
          yield await measureHttpLatency(sink, kind, ["api,worker"], rate, durationMs);
        yield await measureHttpLatency(sink, kind, ["api", "worker"], rate, durationMs);
      }
      yield await measureRetryLateness(sink, kind, 1, 200, durationMs / 4);
    }
  },
  async *isolation(sink, options) {
    const { quick, ledgers } = options;
    const phases = quick
      ? { pairs: 2, phaseMs: 2_000, smaller: 10 }
      : { pairs: 6, phaseMs: 10_000, smaller: 1 };
    for (const disturbance of disturbances)
      if (ledgers.includes(disturbance.kind)) yield* await measureIsolation(sink, disturbance, phases);
    for (const kind of servers(options))
      yield* await measureDeadPartners(
        sink,
        kind,
        quick
          ? { backlog: 2_000, timeout: "2s", phaseMs: 4_000, pairs: 2 }
          : { backlog: 20_000, timeout: "10s", phaseMs: 12_000, pairs: 5 },
      );
  },
  async *names(sink, options) {
    const { quick } = options;
    const phases = quick ? { pairs: 2, phaseMs: 4_000 } : { pairs: 4, phaseMs: 10_000 };
    for (const kind of servers(options))
      for (const silent of [12, 300]) yield* await measureSilentNames(sink, kind, { silent, ...phases });
  },
  async *accept(sink, { quick, ledgers }) {
    if (!ledgers.includes("postgresql")) return;
    yield await measureAccept(sink, 1, quick ? 5_000 : 40_000);
    yield await measureAccept(sink, 100, quick ? 200 : 1_000);
    yield await measureAccept(sink, 1_000, quick ? 40 : 200);
  },
  async *large(_sink, { quick, ledgers }) {
    if (ledgers.includes("postgresql")) yield await measureLargeRequests("postgresql", quick ? 20 : 150);
  },
  async *startup(_sink, { quick, ledgers }) {
    if (ledgers.includes("pglite")) yield* await measureStartup(quick ? 2 : 5);
  },
  async *idle(_sink, options) {
    for (const kind of servers(options))
      yield await measureIdle(
        kind,
        kind === "postgresql" ? ["api,worker"] : ["api", "worker", "worker"],
        options.quick ? 5_000 : 30_000,
      );
  },
  async *limiter(sink, options) {
    for (const kind of servers(options))
      for (const workers of [1, 4])
        yield* await measureLimiter(sink, kind, workers, options.quick ? 10_000 : 60_000);
  },
  async *size(sink, options) {
    const { quick, full } = options;
    const [kind] = servers(options);
    if (kind === undefined) return;
    yield* await measureSize(sink, kind, {
      finished: full ? 5_000_000 : quick ? 100_000 : 500_000,
      events: quick ? 10_000 : 30_000,
      pairs: quick ? 1 : 3,
    });
  },
  async *snapshot(sink, options) {
    const { quick, full } = options;
    const [kind] = servers(options);
    if (kind === undefined) return;
    const durationMs = full ? 120_000 : quick ? 10_000 : 40_000;
    for (const partners of [1, 100])
      yield* await measureSnapshot(sink, kind, { partners, durationMs, pairs: quick || full ? 1 : 3 });
  },
  async *reads(sink, options) {
    const { quick, full } = options;
    const [kind] = servers(options);
    if (kind === undefined) return;
    yield await measureReads(sink, kind, {
      finished: full ? 5_000_000 : quick ? 100_000 : 500_000,
      pending: full ? 2_000_000 : quick ? 50_000 : 200_000,
      readers: 20,
      perSecond: 200,
      durationMs: quick ? 5_000 : 30_000,
      pairs: quick ? 1 : 3,
    });
  },
  async *memory(sink, options) {
    const [waiting, partners] = options.quick ? [100_000, 1_000] : [1_000_000, 10_000];
    const durationMs = options.quick ? 10_000 : 60_000;
    for (const kind of servers(options))
      yield* await measureMemory(sink, kind, { waiting, partners, durationMs });
  },
};

/** The least share of the ceiling, by ledger, partners and events of each. */
const throughputTargets: Readonly<Record<string, number>> = {
  "pglite 1": 0.15,
  "postgresql 1": 0.4,
  "postgresql 100": 0.3,
  "postgresql+redis 1": 0.45,
  "postgresql+redis 100": 0.35,
  "postgresql+redis 10000 20": 0.25,
  "postgresql+redis 10000 1": 0.15,
};

function throughputCases({ quick, ledgers, partners, workers }: MeasureOptions): readonly ThroughputCase[] {
  const shapes: readonly { readonly partners: number; readonly events: number; readonly ahead?: number }[] = [
    { partners: 1, events: quick ? 10_000 : 60_000 },
    { partners: 100, events: quick ? 10_000 : 60_000 },
    { partners: 1_000, events: quick ? 4_000 : 40_000 },
    ...(quick
      ? []
      : [
          // All of it may wait, so that a turn finds more than one event.
          { partners: 10_000, events: 200_000, ahead: 200_000 },
          { partners: 10_000, events: 10_000 },
        ]),
  ];
  const cases = ledgerKinds.flatMap((kind) =>
    shapes
      .filter((shape) => kind !== "pglite" || shape.partners === 1)
      .flatMap((shape) =>
        (kind === "pglite" ? [0] : [1, 2]).map((processes): ThroughputCase => {
          const events = kind === "pglite" ? shape.events / 2 : shape.events;
          const each = shape.partners < 10_000 ? "" : ` ${events / shape.partners}`;
          // Two workers on the two cores that everything shares: told, not held to the target.
          const atLeast = processes === 2 ? undefined : throughputTargets[`${kind} ${shape.partners}${each}`];
          return {
            ...shape,
            kind,
            workers: processes,
            events,
            ...(atLeast === undefined ? {} : { atLeast }),
          };
        }),
      ),
  );
  const asked = (wanted: readonly number[], value: number) => wanted.length === 0 || wanted.includes(value);
  return cases.filter(
    (one) => ledgers.includes(one.kind) && asked(partners, one.partners) && asked(workers, one.workers),
  );
}
