import { fillBacklog } from "../load/fill.ts";
import { gatheredAccept } from "../load/gathered-accept.ts";
import { type Latencies, latencyFigures, openPhase, pooled, warmMs } from "../figures/latencies.ts";
import { until } from "../load/open-loop.ts";
import { addPartners } from "../load/partners.ts";
import { pausePartners, whileActive } from "../load/pausing.ts";
import { benchEvent } from "../load/payload.ts";
import { type Result, rounded } from "../figures/result.ts";
import { receivedAt, type SinkProcess } from "../processes/sink-process.ts";
import { type BenchSystem, type LedgerKind, startSystem } from "../system/system.ts";

const sparse = 50;
const hot = 4;
const dead = 50;
const perSecond = 200;
const maxInFlight = 256;
/** Of the hot partners, accepted and not received at most. */
const ahead = 5_000;
const batch = 500;

export interface DeadPartnersOptions {
  /** Of each dead partner. */
  readonly backlog: number;
  readonly timeout: string;
  readonly phaseMs: number;
  readonly pairs: number;
}

/**
 * Fifty partners that hang beside fifty with sparse traffic and four that take what they can get, in one worker
 * process: the sparse ones' latency, and the hot ones' throughput with and without the dead.
 */
export async function measureDeadPartners(
  sink: SinkProcess,
  kind: LedgerKind,
  { backlog, timeout, phaseMs, pairs }: DeadPartnersOptions,
): Promise<Result[]> {
  const system = await startSystem(kind, sink, { workers: 1, maxInFlight });
  await addPartners(system.engine, sink, sparse);
  await addPartners(system.engine, sink, hot, { from: sparse, path: () => "/hot" });
  const from = sparse + hot;
  await addPartners(system.engine, sink, dead, { from, path: () => "/hang", timeout });
  const ids = Array.from({ length: dead }, (_, n) => `p${from + n}`);
  await pausePartners(system, ids);
  await fillBacklog(system, "dead", ids, backlog * dead);

  await sparsePhase(system, sink, "warm", warmMs);
  await hotPhase(system, sink, "warm-hot", warmMs);
  const without: number[] = [];
  const beside: number[] = [];
  const phases: Latencies[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const alone = () => hotPhase(system, sink, `alone-${pair}`, phaseMs);
    if (pair % 2 === 0) without.push(await alone());
    phases.push(await whileActive(system, ids, () => sparsePhase(system, sink, `sparse-${pair}`, phaseMs)));
    beside.push(await whileActive(system, ids, () => hotPhase(system, sink, `beside-${pair}`, phaseMs)));
    if (pair % 2 === 1) without.push(await alone());
  }
  await system.stop();
  const name = `${dead} partners hang ${timeout}, ${backlog} waiting each, ${maxInFlight} in flight at most, ${kind}, 1 worker`;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [
    {
      bench: "isolation",
      case: `${name}: ${sparse} sparse partners, ${perSecond}/s in all`,
      figures: latencyFigures(pooled(phases)),
      target: { figure: "quietP99Ms", atMost: 20 },
    },
    {
      bench: "isolation",
      case: `${name}: throughput of ${hot} hot partners, as a share of that without the dead`,
      figures: {
        ratio: rounded(mean(beside) / mean(without), 3),
        perSecond: Math.round(mean(beside)),
        withoutPerSecond: Math.round(mean(without)),
        pairs,
      },
      target: { figure: "ratio", atLeast: 0.9 },
    },
  ];
}

function sparsePhase(
  { engine }: BenchSystem,
  sink: SinkProcess,
  run: string,
  phaseMs: number,
): Promise<Latencies> {
  const accept = gatheredAccept(engine);
  return openPhase(sink, perSecond, phaseMs, (n, dueMs) => accept(benchEvent(run, n, sparse, dueMs)));
}

/** Received per second by the hot partners, which always have some thousands waiting. */
async function hotPhase(
  { engine }: BenchSystem,
  sink: SinkProcess,
  run: string,
  phaseMs: number,
): Promise<number> {
  await sink.ask("reset");
  const startedMs = performance.now();
  let accepted = 0;
  let received = 0;
  while (performance.now() - startedMs < phaseMs) {
    received = await receivedAt(sink, "/hot");
    if (accepted - received > ahead) continue;
    const events = Array.from({ length: batch }, (_, offset) => {
      const event = benchEvent(run, accepted + offset, hot);
      return { ...event, partner: `p${sparse + ((accepted + offset) % hot)}` };
    });
    accepted += batch;
    const { partnerNos } = await engine.events.acceptJudged(events, Date.now());
    engine.ring(partnerNos);
  }
  received = await receivedAt(sink, "/hot");
  const perSecondReceived = (received / (performance.now() - startedMs)) * 1_000;
  await until("the delivery of the rest", async () => (await receivedAt(sink, "/hot")) >= accepted);
  return perSecondReceived;
}
