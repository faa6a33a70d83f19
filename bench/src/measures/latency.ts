import { setTimeout as sleep } from "node:timers/promises";
import { gatheredAccept } from "../load/gathered-accept.ts";
import { openHttpDoor } from "../load/http-door.ts";
import { figuresOf, type Latencies, latencyFigures, openPhase, warmMs } from "../figures/latencies.ts";
import { openLoop, until } from "../load/open-loop.ts";
import { addPartners } from "../load/partners.ts";
import { benchEvent } from "../load/payload.ts";
import type { Result } from "../figures/result.ts";
import { serverCluster, type ServerRole } from "../system/server-process.ts";
import { type SinkProcess, receivedAt } from "../processes/sink-process.ts";
import { type LedgerKind, startSystem } from "../system/system.ts";

/** At most, by the rate: p99 from the moment an event was due to be sent to its arrival, while the machine is its own. */
const atMostMs: Readonly<Record<number, number>> = { 200: 15, 1_000: 25 };
export const latencyRates = [200, 1_000] as const;

const targetAt = (perSecond: number) => ({ figure: "quietP99Ms", atMost: atMostMs[perSecond]! });

/** From the moment an event was due to be sent until its postback arrived, by the engine's own door. */
export async function measureEngineLatency(
  sink: SinkProcess,
  kind: LedgerKind,
  workers: number,
  perSecond: number,
  durationMs: number,
): Promise<Result> {
  const system = await startSystem(kind, sink, { workers, partners: 1 });
  const accept = gatheredAccept(system.engine);
  const latencies = await warmAndRun(
    sink,
    perSecond,
    durationMs,
    (run) => (n, dueMs) => accept(benchEvent(run, n, 1, dueMs)),
  );
  await system.stop();
  const where = workers === 0 ? "in process" : `${workers} worker`;
  return {
    bench: "latency",
    case: `${kind}, engine, ${where}, ${perSecond}/s`,
    figures: latencyFigures(latencies),
    target: targetAt(perSecond),
  };
}

/** The same through `POST /v1/events` of server processes, one event a call. */
export async function measureHttpLatency(
  sink: SinkProcess,
  kind: Exclude<LedgerKind, "pglite">,
  roles: readonly ServerRole[],
  perSecond: number,
  durationMs: number,
): Promise<Result> {
  const cluster = await serverCluster(kind, sink, roles);
  const door = openHttpDoor(cluster.url);
  try {
    await door.put("/v1/partners/p0", { name: "Partner 0", max_in_flight: 64 });
    await door.put("/v1/partners/p0/endpoints/main", { url: `http://${sink.target}/ok` });
    const latencies = await warmAndRun(
      sink,
      perSecond,
      durationMs,
      (run) => (n, dueMs) => door.send([benchEvent(run, n, 1, dueMs)]),
    );
    return {
      bench: "latency",
      case: `${kind}, HTTP API, ${roles.join(" + ")}, ${perSecond}/s`,
      figures: { ...latencyFigures(latencies), serverRssMb: cluster.largestRssMb() },
      target: targetAt(perSecond),
    };
  } finally {
    await door.close();
    await cluster.stop();
  }
}

/** Five seconds to warm up, in which the processes are compiled, then the run that counts. */
async function warmAndRun(
  sink: SinkProcess,
  perSecond: number,
  durationMs: number,
  send: (run: string) => (n: number, dueMs: number) => Promise<void>,
): Promise<Latencies> {
  await openPhase(sink, perSecond, warmMs, send("warm"));
  return openPhase(sink, perSecond, durationMs, send("run"));
}

const retryWaitMs = 3_000;
const retryPartners = 10;

/**
 * How late retries are: every delivery fails once and is due again after exactly 3 s. Counted at the sink, from its
 * answer to the next arrival, less the 3 s: so the way of the first answer counts too.
 */
export async function measureRetryLateness(
  sink: SinkProcess,
  kind: LedgerKind,
  workers: number,
  perSecond: number,
  durationMs: number,
): Promise<Result> {
  const system = await startSystem(kind, sink, { workers });
  const { engine } = system;
  await addPartners(engine, sink, retryPartners, {
    path: () => "/fail-once",
    schedule: [`${retryWaitMs}ms`, `${retryWaitMs}ms`],
    // Everything fails at first: a circuit would open, and its waits be measured.
    breaker: null,
  });
  const events = (perSecond * durationMs) / 1_000;
  await sink.ask("reset");
  const accept = gatheredAccept(engine);
  await openLoop(perSecond, durationMs, (n) => accept(benchEvent("retry", n, retryPartners)));
  await until("the retries", async () => (await receivedAt(sink, "/fail-once")) >= 2 * events);
  await sleep(100);
  const { waits } = await sink.ask<{ waits: number[] }>("lateness");
  await system.stop();
  const late = waits.map((waitMs) => waitMs - retryWaitMs);
  return {
    bench: "latency",
    case: `${kind}, ${workers === 0 ? "in process" : `${workers} worker`}, lateness of retries, ${perSecond}/s fail once`,
    figures: figuresOf(late),
    target: { figure: "p99Ms", atMost: 250 },
  };
}
