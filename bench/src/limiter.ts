import { setTimeout as sleep } from "node:timers/promises";
import { benchEvent } from "./payload.ts";
import { type Result, rounded } from "./result.ts";
import type { SinkProcess } from "./sink-process.ts";
import { addPartners, startSystem } from "./system.ts";

const ratePerSecond = 50;
const burst = 10;

/** A partner with a rate and a backlog: the most it gets in any second, and the share of its rate that is used. */
export async function measureLimiter(sink: SinkProcess, durationMs: number): Promise<Result[]> {
  const system = await startSystem("postgresql", sink);
  await addPartners(system, sink, 1, { path: () => "/limited", ratePerSecond, burst });
  await sink.ask("reset");
  const waiting = Math.ceil((ratePerSecond * durationMs * 1.2) / 1_000) + burst;
  const { partnerNos } = await system.engine.events.accept(
    Array.from({ length: waiting }, (_, n) => benchEvent("limited", n, 1)),
    Date.now(),
  );
  system.engine.ring(partnerNos);
  await sleep(durationMs + 1_000);
  const { arrivals } = await sink.ask<{ arrivals: number[] }>("arrivals");
  await system.stop(0);

  const [firstMs = 0] = arrivals;
  const counted = arrivals.filter((atMs) => atMs < firstMs + durationMs).length;
  const usedPercent = rounded(((counted - burst) / ((ratePerSecond * durationMs) / 1_000)) * 100, 1);
  const mostInASecond = mostWithin(arrivals, 1_000);
  const name = `postgresql, ${ratePerSecond}/s, burst ${burst}, over ${durationMs / 1_000} s`;
  return [
    {
      bench: "limiter",
      case: name,
      figures: { mostInASecond, received: counted },
      target: { figure: "mostInASecond", atMost: ratePerSecond + burst },
    },
    {
      bench: "limiter",
      case: name,
      figures: { usedPercent, received: counted },
      target: { figure: "usedPercent", atLeast: 95 },
    },
  ];
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
