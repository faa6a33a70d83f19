import { setTimeout as sleep } from "node:timers/promises";
import { measureCeiling } from "./ceiling.ts";
import { benchEvent } from "../load/payload.ts";
import { describeProfiles, profiling } from "../system/profiling.ts";
import { type Result, rounded } from "../figures/result.ts";
import { costliestStatements, forgetStatements } from "../system/servers.ts";
import { receivedBy, type SinkProcess } from "../processes/sink-process.ts";
import { type BenchSystem, type LedgerKind, startSystem } from "../system/system.ts";
import { perDelivery } from "../figures/usage.ts";

const batch = 500;
/** A run in which nothing arrives for so long has failed. */
const stalledMs = 60_000;

export interface ThroughputCase {
  readonly kind: LedgerKind;
  /** Worker processes; 0 dispatches in the process that accepts. */
  readonly workers: number;
  readonly partners: number;
  readonly events: number;
  /** Accepted and not yet received at most: 20,000 unless said, so that a flow is measured and not a backlog. */
  readonly ahead?: number;
  /** The least share of the ceiling. */
  readonly atLeast?: number;
}

/** Accepts, delivers and records, between two measurements of the ceiling. */
export async function measureThroughput(
  sink: SinkProcess,
  { kind, workers, partners, events, ahead = 20_000, atLeast }: ThroughputCase,
  ceilingRequests = 60_000,
): Promise<Result> {
  const before = await measureCeiling(sink, ceilingRequests);
  const system = await startSystem(kind, sink, { workers, partners });
  // Every partner once at least: its settings are loaded then, as they are in a process that has run for a while.
  const warm = Math.max(partners, Math.min(events, 5_000));
  await deliverAll(system, sink, "warm", { partners, events: warm, ahead });
  if (system.database) await forgetStatements();

  const used = await system.usage();
  const startedMs = performance.now();
  const { received, endedMs } = await deliverAll(system, sink, "run", { partners, events, ahead });
  const tookMs = endedMs - startedMs;
  const costs = perDelivery(used, await system.usage(), events);
  const rssMb = system.workerRssMb();
  if (profiling()) await describeStatements(system);
  await system.stop();
  if (profiling()) process.stderr.write(`${describeProfiles(events + warm)}\n`);
  const ceiling = (before + (await measureCeiling(sink, ceilingRequests))) / 2;
  const perSecond = (events / tookMs) * 1_000;
  return {
    bench: "throughput",
    case: nameOf(kind, workers, partners, events),
    figures: {
      ratio: rounded(perSecond / ceiling, 3),
      perSecond: Math.round(perSecond),
      ceilingPerSecond: Math.round(ceiling),
      ...costs,
      workerRssMb: rssMb,
      receivedTwice: received - events,
      events,
    },
    ...(atLeast === undefined ? {} : { target: { figure: "ratio", atLeast } }),
  };
}

function nameOf(kind: LedgerKind, workers: number, partners: number, events: number): string {
  const where = workers === 0 ? "in process" : `${workers} ${workers === 1 ? "worker" : "workers"}`;
  const who = partners === 1 ? "1 partner" : `${partners} partners`;
  const each = Math.round(events / partners);
  return `${kind}, ${where}, ${who}${partners < 1_000 ? "" : `, ${each} ${each === 1 ? "event" : "events"} each`}`;
}

/**
 * Accepts `events` events in turn for the partners and waits until all are delivered and recorded.
 *
 * @throws Error where nothing arrives for a minute, or the ledger's books do not balance in the end
 */
export async function deliverAll(
  system: BenchSystem,
  sink: SinkProcess,
  name: string,
  { partners, events, ahead }: { readonly partners: number; readonly events: number; readonly ahead: number },
): Promise<{ readonly received: number; readonly endedMs: number }> {
  const { engine } = system;
  await sink.ask("reset");
  const arrivals = watchArrivals(sink, name);
  for (let accepted = 0; accepted < events; ) {
    const from = accepted;
    const next = Array.from({ length: Math.min(batch, events - from) }, (_, offset) =>
      benchEvent(name, from + offset, partners),
    );
    accepted += next.length;
    const { partnerNos } = await engine.events.acceptJudged(next, Date.now());
    engine.ring(partnerNos);
    if (accepted > ahead) while (accepted - (await arrivals()) > ahead) await sleep(5);
  }
  while ((await arrivals()) < events) await sleep(5);
  for (;;) {
    while ((await system.progress()).unrecorded > 0) await sleep(2);
    const endedMs = performance.now();
    const { drift, pending } = await engine.operations.conservation();
    if (drift !== 0) throw new Error(`after ${name}: drift ${drift}`);
    if (pending === 0) return { received: await receivedBy(sink), endedMs };
    // Some arrived twice.
    await arrivals();
    await sleep(20);
  }
}

/** Counts at the sink. @throws Error where the count stands still for long */
function watchArrivals(sink: SinkProcess, name: string): () => Promise<number> {
  let last = 0;
  let movedMs = performance.now();
  return async () => {
    const received = await receivedBy(sink);
    if (received > last) movedMs = performance.now();
    else if (performance.now() - movedMs > stalledMs)
      throw new Error(`${name}: stands still at ${received} received`);
    last = received;
    return received;
  };
}

async function describeStatements({ database }: BenchSystem): Promise<void> {
  if (database)
    for (const row of await costliestStatements(database.name))
      process.stderr.write(`${JSON.stringify(row)}\n`);
}
