import { setTimeout as sleep } from "node:timers/promises";
import { measureCeiling } from "./ceiling.ts";
import { benchEvent } from "./payload.ts";
import type { SinkProcess } from "./sink-process.ts";
import { addPartners, type LedgerKind, startSystem } from "./system.ts";

const batch = 500;
/** Accepted and not yet delivered at most, so that the run measures a flow and not a backlog. */
const ahead = 20_000;

export interface Throughput {
  readonly bench: "throughput";
  readonly ledger: LedgerKind;
  readonly partners: number;
  readonly events: number;
  readonly perSecond: number;
  readonly ceilingPerSecond: number;
  readonly ratio: number;
  /** Of this process: intake, dispatch and HTTP together. */
  readonly cpuMicrosPerDelivery: number;
}

/** Accepts, delivers and records `events` events, between two measurements of the ceiling. */
export async function measureThroughput(kind: LedgerKind, sink: SinkProcess, partners: number, events: number): Promise<Throughput> {
  const before = await measureCeiling(sink);
  const system = await startSystem(kind, sink);
  await addPartners(system, sink, partners);
  await run(system, "warm", partners, Math.min(events, 5_000));

  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  await run(system, "run", partners, events);
  const tookMs = performance.now() - startedMs;
  const { user, system: kernel } = process.cpuUsage(cpu);

  const { drift, pending } = await system.engine.operations.conservation();
  if (drift !== 0 || pending !== 0) throw new Error(`after the run: drift ${drift}, pending ${pending}`);
  await system.stop();
  const ceiling = (before + (await measureCeiling(sink))) / 2;
  const perSecond = (events / tookMs) * 1_000;
  return {
    bench: "throughput",
    ledger: kind,
    partners,
    events,
    perSecond: Math.round(perSecond),
    ceilingPerSecond: Math.round(ceiling),
    ratio: Number((perSecond / ceiling).toFixed(3)),
    cpuMicrosPerDelivery: Math.round((user + kernel) / events),
  };
}

async function run(system: Awaited<ReturnType<typeof startSystem>>, name: string, partners: number, events: number): Promise<void> {
  let delivered = 0;
  const all = new Promise<void>((resolve) => {
    system.onAttempt = (event) => {
      if (event.outcome === "delivered" && ++delivered === events) resolve();
    };
  });
  for (let n = 0; n < events; ) {
    const events_ = Array.from({ length: Math.min(batch, events - n) }, (_, offset) => benchEvent(name, n + offset, partners));
    n += events_.length;
    const { partnerNos } = await system.engine.events.accept(events_, Date.now());
    system.engine.ring(partnerNos);
    while (n - delivered > ahead) await sleep(2);
  }
  await all;
  while (system.engine.progress().unrecorded > 0) await sleep(1);
}
