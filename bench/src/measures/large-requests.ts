import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { latenciesOf, quietP99Ms } from "../figures/latencies.ts";
import { preciseNowMs } from "../load/open-loop.ts";
import { percentile, type Result, rounded } from "../figures/result.ts";
import { benchApiKey, serverCluster } from "../system/server-process.ts";
import { watchStolenTime } from "../figures/stolen-time.ts";
import type { LedgerKind } from "../system/system.ts";

const events = 1_000;
const unknownKeys = 300;
/** Between two questions of liveness. */
const askEveryMs = 5;

/**
 * How long `/healthz` takes while requests of 1,000 events with 300 unknown keys each come one after the other: all of
 * them are wrong, and each key of them has to be named or counted.
 */
export async function measureLargeRequests(
  kind: Exclude<LedgerKind, "pglite">,
  requests: number,
): Promise<Result> {
  const cluster = await serverCluster(kind, null, ["api,worker"]);
  const keys = Object.fromEntries(Array.from({ length: unknownKeys }, (_, n) => [`field_${n}`, 1]));
  const body = JSON.stringify({
    events: Array.from({ length: events }, (_, n) => ({
      event_id: `large-${n}`,
      type: "order.paid",
      ...keys,
    })),
  });
  const post = async () => {
    const answer = await request(`${cluster.url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${benchApiKey}`, "content-type": "application/json" },
      body,
    });
    await answer.body.dump();
    if (answer.statusCode !== 400) throw new Error(`${answer.statusCode} to a batch of invalid events`);
  };
  try {
    await post();
    const stolen = watchStolenTime();
    const took: (readonly [number, number])[] = [];
    let over = false;
    const posting = (async () => {
      for (let n = 0; n < requests; n++) await post();
      over = true;
    })();
    while (!over) {
      const askedAtMs = preciseNowMs();
      await (await request(`${cluster.url}/healthz`)).body.dump();
      took.push([askedAtMs, preciseNowMs() - askedAtMs]);
      await sleep(askEveryMs);
    }
    await posting;
    stolen.stop();
    const latencies = latenciesOf(took, stolen);
    return {
      bench: "large",
      case: `${kind}, /healthz beside requests of ${events} events with ${unknownKeys} unknown keys each`,
      figures: {
        quietP99Ms: rounded(quietP99Ms(latencies)),
        quietMaxMs: rounded(percentile(latencies.quiet, 1)),
        p50Ms: rounded(percentile(latencies.all, 0.5)),
        p99Ms: rounded(percentile(latencies.all, 0.99)),
        maxMs: rounded(percentile(latencies.all, 1)),
        asked: took.length,
        requests,
        bodyBytes: body.length,
      },
      target: { figure: "quietP99Ms", atMost: 50 },
    };
  } finally {
    await cluster.stop();
  }
}
