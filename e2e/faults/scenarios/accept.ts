import { setTimeout as sleep } from "node:timers/promises";
import { createSeededRandom } from "@postrider/engine/testing";
import { apiKey } from "../../src/server-process.ts";
import { until } from "../../src/until.ts";
import { logPeak } from "../checks.ts";
import type { RunOptions, Scenario } from "../loaded-run.ts";
import { brokenRules, type Outcome } from "../outcome.ts";
import type { Direction, Proxy } from "../proxy.ts";
import { type FaultSystem, startSystem } from "../system.ts";
import { eventAt, register } from "../traffic.ts";

const sizes = {
  full: { cuts: Number.POSITIVE_INFINITY, kills: 30 },
  quick: { cuts: 40, kills: 6 },
  short: { cuts: 12, kills: 3 },
};

const partner = { id: "kept", behaviour: "ok" } as const;
/** PostgreSQL waits this long between the commit record and its way to disk: time enough to kill it there. */
const commitDelayMs = 100;

/** One event that was sent while something broke. */
interface Trial {
  readonly eventId: string;
  readonly step: string;
  /** The answer's status; 0 where there was none. */
  readonly status: number;
}

/**
 * The connection to PostgreSQL is cut after every byte of an accept, in both directions, on a warm and on a new
 * connection; and PostgreSQL is killed while it commits.
 */
export const accept: Scenario = {
  name: "accept",
  proves: "a 2xx is never given for an event that is not committed, wherever in the accept something breaks",
  topologies: ["database", "cluster"],
  async run(options) {
    // No worker: nothing but the accept is on the wire, and every event stays in the ledger for us to find.
    const system = await startSystem({
      topology: options.topology,
      workers: 0,
      apis: 1,
      proxied: ["postgres"],
    });
    try {
      return await tryAll(system, options);
    } finally {
      await system.stop();
    }
  },
};

async function tryAll(system: FaultSystem, { size, seed, say }: RunOptions): Promise<Outcome> {
  const { cuts, kills } = sizes[size];
  const [proxy] = system.proxies("postgres");
  if (!proxy) throw new Error("PostgreSQL is not proxied.");
  await register(system.client.call, system.sink.target, [partner]);
  const bench = createBench(system, proxy);

  for (const connection of ["warm", "new"] as const) {
    const total = await bench.measure(connection);
    for (const direction of ["toServer", "toClient"] as const) {
      const points = cutPoints(total[direction], cuts);
      say(`${connection} connection: ${points.length} cuts within ${total[direction]} bytes ${direction}`);
      for (const bytes of points) await bench.cut(connection, direction, bytes);
    }
  }
  const duringCuts = bench.trials.length;
  say(`PostgreSQL killed ${kills} times while it commits`);
  await bench.slowCommits();
  const random = createSeededRandom(seed);
  for (let n = 0; n < kills; n++) await bench.kill(random() * commitDelayMs * 1.4);

  const { trials } = bench;
  const known = await system.ledger.knownEvents(trials.map(({ eventId }) => eventId));
  const acknowledged = trials.filter(({ status }) => status >= 200 && status < 300);
  const unbacked = acknowledged.filter(({ eventId }) => !known.has(eventId));
  for (const { eventId, step, status } of unbacked)
    say(`${eventId}: ${status} at ${step}, and not in the ledger`);

  // An application repeats what was not acknowledged: everything ends up in the ledger, once.
  const repeated = trials.filter(({ status }) => status !== 202);
  await system.client.send(
    repeated.map(({ eventId }) => eventAt(numberOf(eventId), partner.id)),
    { perSecond: 10_000, batch: 100 },
  );
  const all = await system.ledger.knownEvents(trials.map(({ eventId }) => eventId));
  const deliveries = (await system.ledger.waiting()).get(partner.id) ?? 0;
  const found = {
    scenario: "accept",
    topology: system.options.topology,
    events: trials.length,
    faults: trials.length,
    kills: 0,
    lost: trials.length - all.size,
    unbacked: unbacked.length,
    // Each event has one delivery, however often it was sent in.
    duplicates: Math.max(0, deliveries - bench.made()),
    unexplained: 0,
    bound: 0,
    documentedBound: 0,
    drift: await system.ledger.drift(),
    overLimit: null,
    recoverySeconds: 0,
    logPeak: logPeak(system.log),
    logLines: system.log.length,
    stuck: 0,
    figures: {
      cuts: duringCuts,
      killsAtCommit: kills,
      acknowledged: acknowledged.length,
      refusedAndCommitted: trials.filter(({ eventId, status }) => status !== 202 && known.has(eventId))
        .length,
      refusedAndNotCommitted: trials.filter(({ eventId, status }) => status !== 202 && !known.has(eventId))
        .length,
    },
  };
  const blind =
    found.figures.refusedAndCommitted > 0 &&
    found.figures.refusedAndNotCommitted > 0 &&
    acknowledged.length > 0
      ? []
      : ["the cuts did not reach both sides of the commit, so this run shows nothing"];
  return { ...found, failures: [...system.client.odd.slice(0, 3), ...blind, ...brokenRules(found)] };
}

/** Every byte up to `total`; where that is more than `most`, the last ones of the answer and the rest evenly spread. */
function cutPoints(total: number, most: number): number[] {
  const every = Array.from({ length: total + 1 }, (_, n) => n);
  if (every.length <= most) return every;
  const last = Math.floor(most / 3);
  const step = (total - last) / (most - last);
  return every.filter((n) => n > total - last || Math.floor(n / step) !== Math.floor((n - 1) / step));
}

const firstNumber = 100_000;
const numberOf = (eventId: string) => Number(eventId.split(".")[1]);

/** Sends single events while something is about to break. Event numbers have the same length, and so have accepts. */
function createBench(system: FaultSystem, proxy: Proxy) {
  const trials: Trial[] = [];
  let number = firstNumber;
  const [url] = system.apiUrls;

  const send = async (): Promise<{ eventId: string; status: number }> => {
    const event = eventAt(number++, partner.id);
    const status = await fetch(`${url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify(event),
    }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
    return { eventId: event.event_id, status };
  };
  const sendGood = () => until("an accept to pass", async () => (await send()).status === 202);
  /** What follows an accept (the ring of its partner) is over. */
  const quiet = async () => {
    for (let before = -1; before !== proxy.passed.toServer + proxy.passed.toClient; ) {
      before = proxy.passed.toServer + proxy.passed.toClient;
      await sleep(10);
    }
  };
  const ready = async (connection: "warm" | "new") => {
    await sendGood();
    await quiet();
    if (connection === "new") proxy.drop();
    if (connection === "new") await sleep(5);
  };

  return {
    trials,
    /** How many events were sent, those that only warmed a connection among them. */
    made: () => number - firstNumber,
    /** How many bytes one whole accept is, with what follows it. */
    async measure(connection: "warm" | "new"): Promise<Record<Direction, number>> {
      await ready(connection);
      proxy.cutAfter(null);
      await sendGood();
      await quiet();
      return { ...proxy.passed };
    },
    async cut(connection: "warm" | "new", direction: Direction, bytes: number) {
      await ready(connection);
      proxy.cutAfter({ direction, bytes });
      trials.push({ ...(await send()), step: `${connection} ${direction} ${bytes}` });
      proxy.cutAfter(null);
    },
    async slowCommits() {
      await system.ledger.run(`alter database faults set commit_delay = ${commitDelayMs * 1_000}`);
      await system.ledger.run("alter database faults set commit_siblings = 0");
      proxy.drop();
    },
    async kill(afterMs: number) {
      await sendGood();
      await quiet();
      proxy.cutAfter(null);
      const sent = send();
      await until("the accept to be under way", () => proxy.passed.toServer > 0);
      await sleep(afterMs);
      await system.postgres.restart("immediate");
      trials.push({ ...(await sent), step: `kill after ${afterMs.toFixed(0)} ms` });
    },
  };
}
