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
import { type Child, startChild } from "../processes/child.ts";
import type { ReaderCounts, ReaderForm } from "../processes/reader.ts";
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
/** Until the reads are under way. */
const underWayMs = 200;

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

type ReaderQuestion = "watch" | "read" | "end";

interface Phase extends ReaderCounts {
  readonly acceptP99Ms: number;
  readonly perSecond: number;
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
  const form: ReaderForm = { url: cluster.url, apiKey: benchApiKey, paths: slowest, readers: size.readers };
  const { child: reader } = await startChild<ReaderQuestion>("reader.ts", form);
  const phases: Record<"alone" | "beside", Phase[]> = { alone: [], beside: [] };
  try {
    await openPhase(sink, size.perSecond, warmMs, (n, dueMs) =>
      door.send([benchEvent("warm", n, livePartners, dueMs)]),
    );
    for (let pair = 0; pair < size.pairs; pair++)
      for (const which of pair % 2 === 0 ? (["alone", "beside"] as const) : (["beside", "alone"] as const))
        phases[which].push(
          await phaseOf(sink, reader, door.send, {
            ...size,
            run: `${which}-${pair}`,
            start: which === "beside" ? "read" : "watch",
          }),
        );
  } finally {
    await reader.stop();
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
      (sum, { answers }) => sum + statuses.reduce((n, one) => n + (answers[one] ?? 0), 0),
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
  reader: Child<ReaderQuestion>,
  send: ReturnType<typeof openHttpDoor>["send"],
  {
    run,
    start,
    perSecond,
    durationMs,
  }: Pick<ReadsCase, "perSecond" | "durationMs"> & { run: string; start: "read" | "watch" },
): Promise<Phase> {
  await reader.ask(start);
  await sleep(underWayMs);
  const accepts: number[] = [];
  const startedMs = performance.now();
  await openPhase(sink, perSecond, durationMs, async (n, dueMs) => {
    await send([benchEvent(run, n, livePartners, dueMs)]);
    accepts.push(preciseNowMs() - dueMs);
  });
  const tookMs = performance.now() - startedMs;
  const counts = await reader.ask<ReaderCounts>("end");
  return {
    acceptP99Ms: percentile(accepts, 0.99),
    perSecond: (accepts.length / tookMs) * 1_000,
    ...counts,
  };
}
