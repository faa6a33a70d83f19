import { setTimeout as sleep } from "node:timers/promises";
import { withClient } from "../load/fill.ts";
import { addPartners } from "../load/partners.ts";
import { benchEvent } from "../load/payload.ts";
import { type Result, rounded } from "../figures/result.ts";
import type { SinkProcess } from "../processes/sink-process.ts";
import { type BenchSystem, type LedgerKind, startSystem } from "../system/system.ts";

const ratePerSecond = 50;
const burst = 10;

/** A partner with a rate and a backlog: the most it gets in any second, and the share of its rate that is used. */
export async function measureLimiter(
  sink: SinkProcess,
  kind: Exclude<LedgerKind, "pglite">,
  workers: number,
  durationMs: number,
): Promise<Result[]> {
  const system = await startSystem(kind, sink, { workers });
  await addPartners(system.engine, sink, 1, { path: () => "/limited", ratePerSecond, burst });
  await sink.ask("reset");
  const waiting = Math.ceil((ratePerSecond * durationMs * 1.2) / 1_000) + burst;
  const { partnerNos } = await system.engine.events.acceptJudged(
    Array.from({ length: waiting }, (_, n) => benchEvent("limited", n, 1)),
    Date.now(),
  );
  system.engine.ring(partnerNos);
  await sleep(durationMs + 1_000);
  const times = await arrivalsAt(sink, "/limited");
  const sent = await sentTimes(system);
  await system.stop(0);

  const [firstMs = 0] = times;
  const counted = times.filter((atMs) => atMs < firstMs + durationMs).length;
  const usedPercent = rounded(((counted - burst) / ((ratePerSecond * durationMs) / 1_000)) * 100, 1);
  const mostInASecond = mostWithin(times, 1_000);
  const where = workers === 0 ? "in process" : workers === 1 ? "1 worker" : `${workers} workers`;
  const name = `${kind}, ${where}, ${ratePerSecond}/s, burst ${burst}, over ${durationMs / 1_000} s`;
  return [
    {
      bench: "limiter",
      case: name,
      figures: { mostInASecond, mostSentInASecond: mostWithin(sent, 1_000), received: counted },
      target: { figure: "mostInASecond", atMost: ratePerSecond + burst },
    },
    {
      bench: "limiter",
      case: name,
      figures: { usedPercent, received: counted },
      target: { figure: "usedPercent", atLeast: 98 },
    },
  ];
}

/** When the attempts left, as the ledger has it: epoch ms, ascending. What a busy machine does to a request after that is not in it. */
function sentTimes({ database }: BenchSystem): Promise<readonly number[]> {
  return withClient(database!.url, async (client) => {
    const { rows } = await client.query<{ at: number }>(
      "select extract(epoch from at)::float8 * 1000 as at from postrider.attempts order by at",
    );
    return rows.map(({ at }) => at);
  });
}

/** The times of arrival at a path that begins with `/limited`: epoch ms, ascending. */
export async function arrivalsAt(sink: SinkProcess, path: string): Promise<readonly number[]> {
  const { arrivals } = await sink.ask<{ arrivals: [string, number[]][] }>("arrivals");
  return arrivals.find(([name]) => name === path)?.[1] ?? [];
}

/** The most of the ascending `times` that fall into one half-open window of `windowMs`. */
function mostWithin(times: readonly number[], windowMs: number): number {
  let from = 0;
  let most = 0;
  for (let to = 0; to < times.length; to++) {
    while (times[to]! - times[from]! >= windowMs) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
