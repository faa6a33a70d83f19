import { setTimeout as sleep } from "node:timers/promises";
import { fillBacklog } from "../load/fill.ts";
import { type Result, rounded } from "../figures/result.ts";
import { receivedBy, type SinkProcess } from "../processes/sink-process.ts";
import { serverCluster } from "../system/server-process.ts";
import { type LedgerKind, preparedPartners } from "../system/system.ts";

/**
 * What a worker (the server's, with the role) and Redis hold while a large backlog over 10,000 partners waits and is
 * worked off: the most of readings taken four times a second, from the worker's start on.
 */
export async function measureMemory(
  sink: SinkProcess,
  kind: Exclude<LedgerKind, "pglite">,
  {
    waiting,
    partners,
    durationMs,
  }: { readonly waiting: number; readonly partners: number; readonly durationMs: number },
): Promise<Result[]> {
  const template = await preparedPartners(sink, partners);
  await sink.ask("reset");
  const cluster = await serverCluster(kind, sink, ["worker"], {
    template,
    before: (database) =>
      fillBacklog(
        { database },
        "waiting",
        Array.from({ length: partners }, (_, n) => `p${n}`),
        waiting,
      ),
  });
  let workerRssMb = 0;
  let redisUsedMb = 0;
  const startedMs = performance.now();
  while (performance.now() - startedMs < durationMs) {
    workerRssMb = Math.max(workerRssMb, cluster.largestRssMb());
    redisUsedMb = Math.max(redisUsedMb, (await cluster.redisUsedMb()) || 0);
    await sleep(250);
  }
  const received = await receivedBy(sink);
  await cluster.stop();
  const name = `${kind}, 1 worker, ${waiting.toLocaleString("en")} waiting over ${partners} partners`;
  const measured: Result = {
    bench: "memory",
    case: `${name}: the worker`,
    figures: { workerRssMb, receivedMeanwhile: received },
    target: { figure: "workerRssMb", atMost: 250 },
  };
  if (kind !== "postgresql+redis") return [measured];
  return [
    measured,
    {
      bench: "memory",
      case: `${name}: Redis`,
      figures: { redisUsedMb: rounded(redisUsedMb, 1) },
      target: { figure: "redisUsedMb", atMost: 50 },
    },
  ];
}
