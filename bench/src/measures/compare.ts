import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { measureCeiling } from "./ceiling.ts";
import { type Latencies, latencyFigures, openPhase } from "../figures/latencies.ts";
import { until } from "../load/open-loop.ts";
import { dataText } from "../load/payload.ts";
import { percentile, type Result, rounded } from "../figures/result.ts";
import type { PublishedEvent, SenderAdapter } from "../load/sender-adapter.ts";
import { receivedBy, type SinkProcess } from "../processes/sink-process.ts";

export interface CompareSizes {
  /** Receivers of each throughput run. */
  readonly receivers: readonly number[];
  readonly events: number;
  readonly ceilingRequests: number;
  readonly perSecond: number;
  readonly durationMs: number;
  /** Of the receiver that hangs. */
  readonly deadBacklog: number;
  /** Beside it. */
  readonly healthy: number;
}

export const compareSizes: CompareSizes = {
  receivers: [1, 100],
  events: 30_000,
  ceilingRequests: 60_000,
  perSecond: 200,
  durationMs: 30_000,
  deadBacklog: 2_000,
  healthy: 20,
};

export const quickCompareSizes: CompareSizes = {
  ...compareSizes,
  events: 5_000,
  ceilingRequests: 15_000,
  durationMs: 5_000,
  deadBacklog: 500,
};

/** Published and not yet received at most. */
const ahead = 20_000;
const warmMs = 2_000;

/** Loads an adapter by its file, relative to where the bench was called. @throws Error where it exports none */
export async function loadAdapter(path: string): Promise<SenderAdapter> {
  const { default: adapter } = (await import(pathToFileURL(path).href)) as { default?: SenderAdapter };
  if (typeof adapter?.registerEndpoint !== "function" || typeof adapter.publish !== "function")
    throw new Error(`${path} must export a SenderAdapter by default: see bench/README.md`);
  return adapter;
}

/** Any sender of webhooks under the same sink and load: throughput, latency, and what a dead receiver does to others. */
export async function* measureCompare(
  sink: SinkProcess,
  adapter: SenderAdapter,
  sizes: CompareSizes,
): AsyncGenerator<Result> {
  try {
    await adapter.setup?.({ host: "127.0.0.1", port: sink.port });
    for (const receivers of sizes.receivers) yield await throughput(sink, adapter, receivers, sizes);
    yield await latency(sink, adapter, sizes);
    yield await deadReceiver(sink, adapter, sizes);
  } finally {
    await adapter.teardown?.();
  }
}

async function throughput(
  sink: SinkProcess,
  adapter: SenderAdapter,
  receivers: number,
  { events, ceilingRequests }: CompareSizes,
): Promise<Result> {
  const before = await measureCeiling(sink, ceilingRequests);
  const names = Array.from({ length: receivers }, (_, n) => `r${receivers}-${n}`);
  for (const name of names) await adapter.registerEndpoint(name, urlAt(sink, "/ok"));
  const deliver = async (run: string, count: number) => {
    await sink.ask("reset");
    await publishAll(sink, adapter, count, (n) => eventOf(`${run}-${receivers}`, n, names[n % receivers]!));
    await until(`the delivery of ${count} events`, async () => (await receivedBy(sink)) >= count, 600_000);
  };
  await deliver("warm", Math.max(receivers, 1_000));
  const startedMs = performance.now();
  await deliver("run", events);
  const perSecond = (events / (performance.now() - startedMs)) * 1_000;
  const received = await receivedBy(sink);
  const ceiling = (before + (await measureCeiling(sink, ceilingRequests))) / 2;
  return {
    bench: "compare",
    case: `${adapter.name}, throughput, ${receivers} ${receivers === 1 ? "receiver" : "receivers"}`,
    figures: {
      ratio: rounded(perSecond / ceiling, 3),
      perSecond: Math.round(perSecond),
      ceilingPerSecond: Math.round(ceiling),
      receivedTwice: received - events,
      events,
    },
  };
}

async function publishAll(
  sink: SinkProcess,
  { publish, largestBatch = 1, parallelCalls = 64 }: SenderAdapter,
  count: number,
  event: (n: number) => PublishedEvent,
): Promise<void> {
  let published = 0;
  const publisher = async () => {
    while (published < count) {
      const from = published;
      const size = Math.min(largestBatch, count - from);
      published += size;
      await publish(Array.from({ length: size }, (_, offset) => event(from + offset)));
      if (published > ahead) while (published - (await receivedBy(sink)) > ahead) await sleep(5);
    }
  };
  await Promise.all(Array.from({ length: parallelCalls }, publisher));
}

async function latency(
  sink: SinkProcess,
  adapter: SenderAdapter,
  { perSecond, durationMs }: CompareSizes,
): Promise<Result> {
  await adapter.registerEndpoint("latency", urlAt(sink, "/ok"));
  await phase(sink, adapter, ["latency"], "latency-warm", perSecond, warmMs);
  const latencies = await phase(sink, adapter, ["latency"], "latency-run", perSecond, durationMs);
  return {
    bench: "compare",
    case: `${adapter.name}, latency, ${perSecond}/s`,
    figures: latencyFigures(latencies),
  };
}

/** The p99 of healthy receivers alone, then beside one that never answers and has a backlog. */
async function deadReceiver(
  sink: SinkProcess,
  adapter: SenderAdapter,
  { perSecond, durationMs, deadBacklog, healthy }: CompareSizes,
): Promise<Result> {
  const names = Array.from({ length: healthy }, (_, n) => `healthy-${n}`);
  for (const name of names) await adapter.registerEndpoint(name, urlAt(sink, "/ok"));
  await adapter.registerEndpoint("dead", urlAt(sink, "/hang"));
  await phase(sink, adapter, names, "isolation-warm", perSecond, warmMs);
  const alone = await phase(sink, adapter, names, "isolation-alone", perSecond, durationMs);
  await publishAll(sink, adapter, deadBacklog, (n) => eventOf("dead", n, "dead"));
  const beside = await phase(sink, adapter, names, "isolation-beside", perSecond, durationMs);
  const [aloneP99, besideP99] = [percentile(alone.all, 0.99), percentile(beside.all, 0.99)];
  return {
    bench: "compare",
    case: `${adapter.name}, isolation, ${healthy} healthy receivers beside one that hangs with ${deadBacklog} waiting`,
    figures: {
      ratio: rounded(besideP99 / aloneP99),
      aloneP99Ms: rounded(aloneP99),
      besideP99Ms: rounded(besideP99),
      besideP50Ms: rounded(percentile(beside.all, 0.5)),
    },
  };
}

const phase = (
  sink: SinkProcess,
  adapter: SenderAdapter,
  names: readonly string[],
  run: string,
  perSecond: number,
  phaseMs: number,
): Promise<Latencies> =>
  openPhase(sink, perSecond, phaseMs, (n, dueMs) =>
    adapter.publish([eventOf(run, n, names[n % names.length]!, dueMs)]),
  );

const eventOf = (run: string, n: number, receiver: string, sentAtMs?: number): PublishedEvent => ({
  id: `${run}-${n}`,
  type: "conversion.approved",
  receiver,
  dataText: dataText(n, sentAtMs),
});

const urlAt = (sink: SinkProcess, path: string) => `http://${sink.target}${path}`;
