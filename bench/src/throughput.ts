import { setTimeout as sleep } from "node:timers/promises";
import { measureCeiling } from "./ceiling.ts";
import { benchEvent } from "./payload.ts";
import { type Result, rounded } from "./result.ts";
import type { SinkProcess } from "./sink-process.ts";
import { addPartners, type BenchSystem, type LedgerKind, startSystem } from "./system.ts";

const batch = 500;
/** Accepted and not yet delivered at most, so that the run measures a flow and not a backlog. */
const ahead = 20_000;

export interface ThroughputOptions {
  readonly ceilingRequests?: number;
  /** The least share of the ceiling. */
  readonly atLeast?: number;
}

/** Accepts, delivers and records `events` events, between two measurements of the ceiling. */
export async function measureThroughput(
  kind: LedgerKind,
  sink: SinkProcess,
  partners: number,
  events: number,
  { ceilingRequests = 60_000, atLeast }: ThroughputOptions = {},
): Promise<Result> {
  const before = await measureCeiling(sink, ceilingRequests);
  const system = await startSystem(kind, sink);
  await addPartners(system, sink, partners);
  await run(system, "warm", partners, Math.min(events, 5_000));

  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  await run(system, "run", partners, events);
  const tookMs = performance.now() - startedMs;
  const { user, system: kernel } = process.cpuUsage(cpu);
  const rssMb = Math.round(process.memoryUsage.rss() / 1_048_576);

  const { drift, pending } = await system.engine.operations.conservation();
  if (drift !== 0 || pending !== 0) throw new Error(`after the run: drift ${drift}, pending ${pending}`);
  await system.stop();
  const ceiling = (before + (await measureCeiling(sink, ceilingRequests))) / 2;
  const perSecond = (events / tookMs) * 1_000;
  return {
    bench: "throughput",
    case: `${kind}, ${partners} ${partners === 1 ? "partner" : "partners"}`,
    figures: {
      ratio: rounded(perSecond / ceiling, 3),
      perSecond: Math.round(perSecond),
      ceilingPerSecond: Math.round(ceiling),
      // Of this process: intake, dispatch and HTTP together, and PostgreSQL itself where it is PGlite.
      cpuMicrosPerDelivery: Math.round((user + kernel) / events),
      rssMb,
      events,
    },
    ...(atLeast === undefined ? {} : { target: { figure: "ratio", atLeast } }),
  };
}

async function run(system: BenchSystem, name: string, partners: number, events: number): Promise<void> {
  let delivered = 0;
  const all = new Promise<void>((resolve) => {
    system.onAttempt = (event) => {
      if (event.outcome === "delivered" && ++delivered === events) resolve();
    };
  });
  for (let accepted = 0; accepted < events; ) {
    const from = accepted;
    const next = Array.from({ length: Math.min(batch, events - from) }, (_, offset) =>
      benchEvent(name, from + offset, partners),
    );
    accepted += next.length;
    const { partnerNos } = await system.engine.events.accept(next, Date.now());
    system.engine.ring(partnerNos);
    while (accepted - delivered > ahead) await sleep(2);
  }
  await all;
  while (system.engine.progress().unrecorded > 0) await sleep(1);
}
