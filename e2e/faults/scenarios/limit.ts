import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../src/until.ts";
import { duplicatesOf, logPeak, lostEvents, longestSilence, unexplained } from "../checks.ts";
import { createJournal } from "../journal.ts";
import { limitFigures, overLimit } from "../limits.ts";
import { type RunOptions, type Scenario, settle, sum, watchDrift } from "../loaded-run.ts";
import { brokenRules, type Outcome } from "../outcome.ts";
import { portsOf } from "../port-owner.ts";
import { type FaultSystem, startSystem } from "../system.ts";
import { eventAt, type LoadPartner, register } from "../traffic.ts";

const sizes = { full: 60_000, quick: 20_000, short: 12_000 };
const rate = { perSecond: 50, burst: 50 };
const partner: LoadPartner = { id: "limited", behaviour: "ok" };
/** 2 % of a minute: what the one kill may cost, however short the run. */
const mayStayUnused = 60;
const now = () => performance.timeOrigin + performance.now();

/** One limited partner, four workers, live traffic and a replay; the worker that holds the partner's turn is killed. */
export const limit: Scenario = {
  name: "limit",
  proves: "50/s holds over four workers, a kill of the one that sends, and a replay; and is used",
  topologies: ["database", "cluster"],
  async run(options) {
    const system = await startSystem({ topology: options.topology, workers: options.workers ?? 4, apis: 1 });
    try {
      return await measure(system, options);
    } finally {
      await system.stop();
    }
  },
};

async function measure(system: FaultSystem, { size, say }: RunOptions): Promise<Outcome> {
  const { client, sink, ledger } = system;
  const windowMs = sizes[size];
  const half = Math.ceil(((windowMs / 1_000) * rate.perSecond * 1.2 + rate.burst) / 2);
  const events = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => eventAt(from + n, partner.id));
  const setRate = (limited: boolean) =>
    client.call("PUT", `/v1/partners/${partner.id}`, {
      name: partner.id,
      max_in_flight: 32,
      ...(limited ? { rate_per_second: rate.perSecond, burst: rate.burst } : {}),
    });

  // A first life without a limit, for the replay to repeat.
  await register(client.call, sink.target, [partner]);
  await client.send(events(0, half), { perSecond: 2_000, batch: 100 });
  await settle(system);
  await sink.sync();
  const before = sink.receipts.length;

  await client.call("POST", `/v1/partners/${partner.id}/pause`);
  await setRate(true);
  const { json } = await client.call("POST", "/v1/replays", {
    filter: { partner: partner.id, state: "delivered" },
    dry_run: false,
  });
  await client.send(events(half, half), { perSecond: 5_000, batch: 100 });
  const journal = createJournal(system, say);
  const watch = watchDrift(system);
  const startMs = now();
  await client.call("POST", `/v1/partners/${partner.id}/resume`);
  await sleep(windowMs * 0.4);
  const killed = await killSender(system, journal);
  await sleep(Math.max(0, startMs + windowMs + 1_000 - now()));
  await sink.sync();
  const measured = sink.receipts.slice(before);
  const limits = limitFigures(await ledger.sent(partner.id, startMs), measured, rate);
  const unused = unusedOf(
    measured.map(({ atMs }) => atMs),
    windowMs,
  );

  // What is left goes without a limit, so that loss can be told from waiting.
  await setRate(false);
  const stuck = await settle(system);
  await watch.stop();
  await sink.sync();
  const receipts = sink.receipts.slice(before);
  const duplicates = duplicatesOf(receipts);
  const acknowledged = client.acknowledged;
  const known = await ledger.knownEvents([...acknowledged.keys()]);
  const silence = longestSilence(partner.id, acknowledged, receipts, journal.faults);
  const found = {
    scenario: "limit",
    topology: system.options.topology,
    events: acknowledged.size,
    faults: journal.faults.length,
    kills: journal.kills,
    lost: lostEvents(acknowledged.keys(), receipts).length,
    unbacked: acknowledged.size - known.size,
    duplicates: duplicates.length,
    unexplained: unexplained(duplicates, journal.mayRepeat).length,
    bound: sum(journal.mayRepeat.values()),
    documentedBound: journal.documented,
    drift: watch.worst(),
    overLimit: overLimit(limits),
    recoverySeconds: Math.round(silence.durationMs / 100) / 10,
    logPeak: logPeak(system.log),
    logLines: system.log.length,
    stuck,
    figures: {
      workers: system.options.workers,
      killed,
      usedPercent: Math.round((1 - unused / ((windowMs / 1_000) * rate.perSecond)) * 1_000) / 10,
      unused,
      replayed: (json as { matched?: number }).matched ?? 0,
      ...limits,
    },
  };
  const idle =
    unused <= mayStayUnused ? [] : [`${unused} of the rate's requests stayed unused, ${mayStayUnused} may`];
  return { ...found, failures: [...idle, ...brokenRules(found)] };
}

/** Kills the worker whose connection the latest request came over, and starts it again. */
async function killSender(system: FaultSystem, journal: ReturnType<typeof createJournal>): Promise<string> {
  const sender = await until("the sending worker to be found", async () => {
    await system.sink.sync();
    const port = system.sink.receipts.at(-1)?.port ?? 0;
    return system.workers.find(({ pid }) => portsOf(pid).has(port));
  });
  await journal.kill(sender);
  await sender.start();
  return sender.name;
}

/** Requests that the rate would have let go in the time of the window after the first burst, and that did not come. */
function unusedOf(arrivalsMs: readonly number[], windowMs: number): number {
  const firstMs = arrivalsMs[0] ?? 0;
  const counted = arrivalsMs.filter((atMs) => atMs < firstMs + windowMs).length - rate.burst;
  return (windowMs / 1_000) * rate.perSecond - counted;
}
