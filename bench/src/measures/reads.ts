import { setTimeout as sleep } from "node:timers/promises";
import { fillBacklog, withClient } from "../load/fill.ts";
import { fillHistory } from "../load/history.ts";
import { openHttpDoor } from "../load/http-door.ts";
import { openPhase, warmMs } from "../figures/latencies.ts";
import { preciseNowMs } from "../load/open-loop.ts";
import { benchEvent } from "../load/payload.ts";
import { percentile, type Result, rounded } from "../figures/result.ts";
import { benchApiKey, serverCluster } from "../system/server-process.ts";
import { preparedDatabase } from "../system/servers.ts";
import type { SinkProcess } from "../processes/sink-process.ts";
import { type LedgerKind, preparedPartners } from "../system/system.ts";

const partners = 100;
/** They get what is measured; the others are paused and have what waits. */
const livePartners = 50;
const waitingPartners = Array.from({ length: partners - livePartners }, (_, n) => `p${livePartners + n}`);

/** What reads the most: filters that match little, counts of everything. */
const slowest = [
  "/v1/deliveries?type=no.such&endpoint=main",
  "/v1/deliveries?type=no.such&state=pending",
  "/v1/deliveries?partner=p60&event_id=no-such",
  "/v1/delivery-groups",
  "/v1/delivery-groups?state=pending",
  "/v1/conservation",
];
/** After a refusal. The readers are as eager as a dashboard that does not read `Retry-After`. */
const againMs = 200;
const readyEveryMs = 250;

export interface ReadsCase {
  /** Deliveries in the ledger that ended, and that wait. */
  readonly finished: number;
  readonly pending: number;
  /** Reads at once. */
  readonly readers: number;
  readonly perSecond: number;
  readonly durationMs: number;
  /** With and without, in turn. */
  readonly pairs: number;
}

interface Phase {
  readonly acceptP99Ms: number;
  readonly perSecond: number;
  readonly notReady: number;
  readonly answers: ReadonlyMap<number, number>;
}

/** Accepting and sending at a rate beside many of the slowest reads at once, as multiples of what they are alone. */
export async function measureReads(
  sink: SinkProcess,
  kind: Exclude<LedgerKind, "pglite">,
  size: ReadsCase,
): Promise<Result> {
  const template = await preparedDatabase(
    `${size.finished} finished, ${size.pending} pending`,
    async (url) => {
      await fillHistory(url, size.finished);
      await withClient(url, async (client) => {
        await client.query("update postrider.partners set paused = true where id = any($1::text[])", [
          waitingPartners,
        ]);
      });
      await fillBacklog({ database: { name: "", url } }, "waiting", waitingPartners, size.pending);
    },
    await preparedPartners(sink, partners),
  );
  const cluster = await serverCluster(kind, sink, ["api", "worker"], { template });
  const door = openHttpDoor(cluster.url);
  const phases: Record<"alone" | "beside", Phase[]> = { alone: [], beside: [] };
  try {
    await openPhase(sink, size.perSecond, warmMs, (n, dueMs) =>
      door.send([benchEvent("warm", n, livePartners, dueMs)]),
    );
    for (let pair = 0; pair < size.pairs; pair++)
      for (const which of pair % 2 === 0 ? (["alone", "beside"] as const) : (["beside", "alone"] as const))
        phases[which].push(
          await phaseOf(sink, cluster.url, door.send, {
            ...size,
            run: `${which}-${pair}`,
            readers: which === "beside" ? size.readers : 0,
          }),
        );
  } finally {
    await door.close();
    await cluster.stop();
  }
  const median = (which: "alone" | "beside", figure: "acceptP99Ms" | "perSecond") =>
    percentile(
      phases[which].map((one) => one[figure]),
      0.5,
    );
  const answered = (...statuses: number[]) =>
    phases.beside.reduce(
      (sum, { answers }) => sum + statuses.reduce((n, one) => n + (answers.get(one) ?? 0), 0),
      0,
    );
  return {
    bench: "reads",
    case: `${kind}, api + worker, ${size.readers} of the slowest reads at once, ${size.finished.toLocaleString("en")} ended and ${size.pending.toLocaleString("en")} waiting, ${size.perSecond}/s`,
    figures: {
      acceptP99Ratio: rounded(median("beside", "acceptP99Ms") / median("alone", "acceptP99Ms"), 2),
      deliveriesRatio: rounded(median("beside", "perSecond") / median("alone", "perSecond"), 2),
      notReady: phases.beside.reduce((sum, { notReady }) => sum + notReady, 0),
      aloneAcceptP99Ms: rounded(median("alone", "acceptP99Ms")),
      besideAcceptP99Ms: rounded(median("beside", "acceptP99Ms")),
      readsAnswered: answered(200),
      readsBusy: answered(429),
      readsTooSlow: answered(504),
      readsFailed: answered(500, 503),
      pairs: size.pairs,
    },
    target: { figure: "acceptP99Ratio", atMost: 1.5 },
  };
}

async function phaseOf(
  sink: SinkProcess,
  url: string,
  send: ReturnType<typeof openHttpDoor>["send"],
  {
    run,
    readers,
    perSecond,
    durationMs,
  }: Pick<ReadsCase, "readers" | "perSecond" | "durationMs"> & { run: string },
): Promise<Phase> {
  const over = new AbortController();
  const answers = new Map<number, number>();
  let notReady = 0;
  const ask = async (path: string) => {
    const headers = { authorization: `Bearer ${benchApiKey}` };
    const answer = await fetch(url + path, { headers, signal: over.signal });
    await answer.arrayBuffer();
    return answer.status;
  };
  const untilOver = async (work: () => Promise<unknown>) => {
    while (!over.signal.aborted) await work().catch(() => {});
  };
  const loops = Array.from({ length: readers }, (_, n) =>
    untilOver(async () => {
      const status = await ask(slowest[n % slowest.length]!);
      answers.set(status, (answers.get(status) ?? 0) + 1);
      if (status !== 200) await sleep(againMs);
    }),
  );
  loops.push(
    untilOver(async () => {
      if ((await ask("/readyz")) !== 200) notReady += 1;
      await sleep(readyEveryMs);
    }),
  );
  // The reads are under way.
  await sleep(againMs);
  const accepts: number[] = [];
  const startedMs = performance.now();
  await openPhase(sink, perSecond, durationMs, async (n, dueMs) => {
    await send([benchEvent(run, n, livePartners, dueMs)]);
    accepts.push(preciseNowMs() - dueMs);
  });
  const tookMs = performance.now() - startedMs;
  over.abort();
  await Promise.all(loops);
  return {
    acceptP99Ms: percentile(accepts, 0.99),
    perSecond: (accepts.length / tookMs) * 1_000,
    notReady,
    answers,
  };
}
