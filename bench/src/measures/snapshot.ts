import { setTimeout as sleep } from "node:timers/promises";
import { fillBacklog, withClient } from "../load/fill.ts";
import { percentile, type Result, rounded } from "../figures/result.ts";
import { forgetStatements, timeIn } from "../system/servers.ts";
import { receivedBy, type SinkProcess } from "../processes/sink-process.ts";
import { type LedgerKind, startSystem } from "../system/system.ts";

/** More than any of these machines delivers, so that the backlog lasts as long as the measurement. */
const mostPerSecond = 40_000;
/** Settings are loaded, connections open and shares grown. */
const warmMs = 2_000;

export interface SnapshotCase {
  readonly partners: number;
  /** How long the snapshot is held beside the drain. */
  readonly durationMs: number;
  /** With and without, in turn. */
  readonly pairs: number;
}

interface Drain {
  readonly perSecond: number;
  readonly claimMs: number;
  readonly sweepMs: number;
}

/**
 * A backlog is drained while somebody else holds a snapshot open, as a dump or a forgotten transaction does, against the
 * same without. Neither vacuum nor a scan may remove the entries of what is delivered meanwhile.
 */
export async function measureSnapshot(
  sink: SinkProcess,
  kind: Exclude<LedgerKind, "pglite">,
  { partners, durationMs, pairs }: SnapshotCase,
): Promise<Result[]> {
  const drains: Record<"free" | "held", Drain[]> = { free: [], held: [] };
  for (let pair = 0; pair < pairs; pair++)
    for (const which of pair % 2 === 0 ? (["free", "held"] as const) : (["held", "free"] as const))
      drains[which].push(await drain(sink, kind, partners, durationMs, which === "held"));
  const median = (which: "free" | "held", figure: keyof Drain) =>
    percentile(
      drains[which].map((one) => one[figure]),
      0.5,
    );
  const compared = (figure: keyof Drain, digits = 2) => ({
    ratio: rounded(median("held", figure) / median("free", figure)),
    free: rounded(median("free", figure), digits),
    held: rounded(median("held", figure), digits),
    pairs,
  });
  const name = `${kind}, 1 worker, ${partners === 1 ? "1 partner" : `${partners} partners`}, a snapshot held for ${durationMs / 1_000} s`;
  return [
    {
      bench: "snapshot",
      case: `${name}: delivered per second`,
      figures: compared("perSecond", 0),
      target: { figure: "ratio", atLeast: 0.9 },
    },
    {
      bench: "snapshot",
      case: `${name}: time of a claim`,
      figures: compared("claimMs"),
      target: { figure: "ratio", atMost: 1.2 },
    },
    { bench: "snapshot", case: `${name}: time of a sweep`, figures: compared("sweepMs") },
  ];
}

async function drain(
  sink: SinkProcess,
  kind: LedgerKind,
  partners: number,
  durationMs: number,
  held: boolean,
): Promise<Drain> {
  const ids = Array.from({ length: partners }, (_, n) => `p${n}`);
  const waiting = Math.ceil(((durationMs + warmMs) / 1_000) * mostPerSecond);
  await sink.ask("reset");
  const system = await startSystem(kind, sink, {
    workers: 1,
    partners,
    before: (database) => fillBacklog({ database }, "run", ids, waiting),
  });
  const { name, url } = system.database!;
  await sleep(warmMs);
  const measured = await withClient(url, async (client) => {
    if (held) {
      await client.query("begin isolation level repeatable read");
      await client.query("select 1 from postrider.pending limit 1");
    }
    await forgetStatements();
    const before = await receivedBy(sink);
    const startedMs = performance.now();
    await sleep(durationMs);
    const received = (await receivedBy(sink)) - before;
    const tookMs = performance.now() - startedMs;
    if ((await receivedBy(sink)) >= waiting)
      throw new Error("the backlog did not last as long as the measurement");
    const claim = await timeIn(name, "%postrider.claim(%");
    const sweep = await timeIn(name, "%postrider.due_partners(%");
    return {
      perSecond: (received / tookMs) * 1_000,
      claimMs: claim.ms / claim.calls,
      sweepMs: sweep.ms / Math.max(1, sweep.calls),
    };
  });
  await system.stop();
  return measured;
}
