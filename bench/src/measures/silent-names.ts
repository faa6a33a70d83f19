import { startChild } from "../processes/child.ts";
import { fillBacklog, withClient } from "../load/fill.ts";
import { gatheredAccept } from "../load/gathered-accept.ts";
import { type Latencies, openPhase, pooled, quietP99Ms } from "../figures/latencies.ts";
import { addPartners } from "../load/partners.ts";
import { pausePartners, whileActive } from "../load/pausing.ts";
import { benchEvent } from "../load/payload.ts";
import { percentile, type Result, rounded } from "../figures/result.ts";
import type { SinkProcess } from "../processes/sink-process.ts";
import { type BenchSystem, type LedgerKind, startSystem } from "../system/system.ts";

const good = 20;
const perSecond = 100;
const backlog = 100;

export interface SilentNamesOptions {
  /** Partners whose name servers never answer. */
  readonly silent: number;
  readonly pairs: number;
  readonly phaseMs: number;
}

/**
 * The p99 of 20 partners with sparse traffic, each of whose postbacks takes a new connection and so a name look-up, with
 * and without partners whose name servers never answer, in turn as in the isolation bench. And how many attempts at the
 * good ones failed.
 */
export async function measureSilentNames(
  sink: SinkProcess,
  kind: LedgerKind,
  { silent, pairs, phaseMs }: SilentNamesOptions,
): Promise<Result[]> {
  const { child, ready } = await startChild<never>("name-server.ts");
  const { address } = ready as { address: string };
  const port = sink.target.split(":").at(-1)!;
  const host = (n: number) => `good${n}.closing.test:${port}`;
  const hosts = Array.from({ length: good }, (_, n) => host(n));
  const system = await startSystem(kind, sink, { workers: 1, allowTargets: hosts, nameServers: [address] });
  await addPartners(system.engine, sink, good, { url: (n) => `http://${host(n)}/ok` });
  await addPartners(system.engine, sink, silent, {
    from: good,
    url: (n) => `https://silent${n}.example.test/`,
  });
  const ids = Array.from({ length: silent }, (_, n) => `p${good + n}`);
  await pausePartners(system, ids);
  await fillBacklog(system, "silent", ids, backlog * silent);
  const accept = gatheredAccept(system.engine);
  const phase = (run: string) =>
    openPhase(sink, perSecond, phaseMs, (n, dueMs) => accept(benchEvent(run, n, good, dueMs)));

  await phase("warm");
  const calms: Latencies[] = [];
  const louds: Latencies[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) calms.push(await phase(`calm-${pair}`));
    louds.push(await whileActive(system, ids, () => phase(`loud-${pair}`)));
    if (pair % 2 === 1) calms.push(await phase(`calm-${pair}`));
  }
  const { failed, asked } = await attemptsOf(system);
  await system.stop();
  await child.stop();
  const [without, beside] = [pooled(calms), pooled(louds)];
  const name = `${silent} partners with silent name servers beside ${good} that look up each time, ${kind}, 1 worker`;
  return [
    {
      bench: "names",
      case: name,
      figures: {
        ratio: rounded(quietP99Ms(beside) / quietP99Ms(without)),
        withoutP99Ms: rounded(quietP99Ms(without)),
        besideP99Ms: rounded(quietP99Ms(beside)),
        withoutP50Ms: rounded(percentile(without.all, 0.5)),
        besideP50Ms: rounded(percentile(beside.all, 0.5)),
        besideMaxMs: rounded(percentile(beside.all, 1)),
        quietPercent: rounded((beside.quiet.length / beside.all.length) * 100, 0),
        pairs,
      },
      target: { figure: "ratio", atMost: 1.2 },
    },
    {
      bench: "names",
      case: `${name}: attempts at the good ones that failed`,
      figures: { failed, attemptsAtTheSilent: asked },
      target: { figure: "failed", atMost: 0 },
    },
  ];
}

/** Attempts at the good ones that did not deliver, and all at the others. */
async function attemptsOf({ database }: BenchSystem): Promise<{ failed: number; asked: number }> {
  return withClient(database!.url, async (client) => {
    const { rows } = await client.query<{ failed: string; asked: string }>(
      `select count(*) filter (where a.status = 200 and a.n > 1 or (a.status is distinct from 200 and a.error not like 'dns:%')) as failed,
              count(*) filter (where a.status is null) as asked
         from postrider.attempts a`,
    );
    return { failed: Number(rows[0]!.failed), asked: Number(rows[0]!.asked) };
  });
}
