/**
 * Turns handed out by BullMQ over Redis: rings are jobs, and whichever process takes a job runs the turns it asks for.
 * Redis only says who goes next. Who may send is the ledger's lease, so that losing Redis, its data or a lock costs
 * nothing but a detour: rings then stay in the process that has them, and the sweep finds the rest.
 *
 * Partners of whom it is known who had their last turn are rung there directly (peers.ts); the others by jobs (jobs.ts).
 * While Redis cannot be used, for whatever reason, it is as if there were none (redis-use.ts).
 */
import type { Clock } from "../ports/clock.ts";
import type { Conditions } from "../ports/conditions.ts";
import { type Random, systemRandom } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RunTurn, Turns } from "../ports/turns.ts";
import { createAlarms } from "./alarms.ts";
import { createAsked } from "./asked.ts";
import { parseRedisAddress } from "./redis-address.ts";
import { createRedisConnections } from "./redis-connections.ts";
import { createTurnRunner } from "./runner.ts";

export interface BullmqTurnsOptions {
  /** See `parseRedisAddress`. */
  readonly redisUrl: string;
  /** The ledger's own id: part of every queue and channel, so that installations that share a Redis do not meet. */
  readonly ledgerId: string;
  /** Before every key. In braces, so that all keys are in one slot of a Redis Cluster. Default `{postrider}`. */
  readonly prefix?: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Told `redis_unusable` while Redis cannot be used. */
  readonly conditions: Conditions;
  readonly random?: Random;
  /** Turns active at once in this process. Default 1,000. */
  readonly maxActive?: number;
}

/** A stop waits so long for Redis, which may be away. */
const farewellMs = 2_000;

/**
 * @throws PostriderError `invalid_settings` for a URL that cannot be read
 * @example
 * const turns = createBullmqTurns({ redisUrl: "redis://127.0.0.1:6379", ledgerId, clock, telemetry, conditions });
 */
export function createBullmqTurns(options: BullmqTurnsOptions): Turns {
  const { clock, telemetry, maxActive = 1_000, prefix = "{postrider}" } = options;
  /** Jobs that wait for those before them to have begun. */
  let queued: (() => void)[] = [];
  let serving = false;

  const full = () => queued.length > 0 || runner.busy >= maxActive;
  const hasRoom = () => serving && !runner.stopping && runner.waiting === 0 && !full();
  const runner = createTurnRunner({
    clock,
    telemetry,
    maxActive,
    othersWait: full,
    onHeld: (partnerNo) => redis.session?.peers.hold(partnerNo),
    onRung: (partnerNo) => ring([partnerNo]),
    onDue(partnerNo, atMs) {
      if (atMs > clock.now()) return alarms.set(partnerNo, atMs);
      // This process has had its time with the partner: whoever is next goes on.
      redis.session?.peers.release(partnerNo);
      toAny([partnerNo]);
    },
    onRoom() {
      const next = queued;
      queued = [];
      for (const goOn of next) goOn();
    },
  });
  /** Serves partners here. A process that only accepts leaves them to the sweep. */
  const keep = (partnerNos: Iterable<number>) => {
    if (serving) runner.serve(partnerNos);
  };
  const toAny = (partnerNos: Iterable<number>) => {
    const { session } = redis;
    if (session === null) return keep(partnerNos);
    for (const partnerNo of partnerNos) session.ring(partnerNo);
  };
  /** While a turn is active here the others are to know, or they would send a job for each ring. */
  const sayHeld = (partnerNos: readonly number[]) => {
    for (const partnerNo of partnerNos) if (runner.holds(partnerNo)) redis.session?.peers.hold(partnerNo);
  };
  /** Rings for partners whose last turn was here: served here while there is room. */
  const toHere = (partnerNos: readonly number[]) => {
    sayHeld(partnerNos);
    const others = partnerNos.filter((partnerNo) => !runner.takes(partnerNo));
    if (others.length === 0) return;
    if (hasRoom()) runner.serve(others);
    else toAny(others);
  };
  const redis = createRedisConnections({
    ...options,
    address: parseRedisAddress(options.redisUrl),
    prefix,
    random: options.random ?? systemRandom,
    onRings: toHere,
    onTold(partnerNos) {
      for (const partnerNo of partnerNos) runner.look(partnerNo);
      sayHeld(partnerNos);
    },
    unheard: (partnerNos) => toAny(partnerNos),
    undelivered: keep,
    async take(partnerNos) {
      if (runner.waiting > 0) await new Promise<void>((goOn) => queued.push(goOn));
      if (runner.stopping) toAny(partnerNos);
      else runner.serve(partnerNos);
    },
  });

  const ring = (partnerNos: Iterable<number>) => {
    const { session } = redis;
    if (session === null) return keep(partnerNos);
    for (const partnerNo of partnerNos) {
      if (runner.takes(partnerNo)) continue;
      const holder = session.peers.holderOf(partnerNo);
      if (holder === null) session.ring(partnerNo);
      else if (holder === session.peers.id) toHere([partnerNo]);
      else session.peers.ring(holder, partnerNo);
    }
  };
  const asked = createAsked(clock);
  /**
   * The partners are due and the ledger knows nobody who has their turns, so no other process' word counts: they become
   * jobs, and if a job led to nothing they are served here.
   */
  const ringDue = (partnerNos: readonly number[]) => {
    if (redis.session === null) return keep(partnerNos);
    for (const partnerNo of partnerNos) {
      if (runner.takes(partnerNo)) continue;
      if (asked.again(partnerNo) && hasRoom()) runner.serve([partnerNo]);
      else toAny([partnerNo]);
    }
  };
  const alarms = createAlarms(clock, ringDue);

  return {
    ring,
    serve: keep,
    ringAt(partnerNo, atMs) {
      if (atMs <= clock.now()) ringDue([partnerNo]);
      else alarms.set(partnerNo, atMs);
    },
    look(partnerNos) {
      for (const partnerNo of partnerNos) runner.look(partnerNo);
    },
    reach: () => (redis.session !== null && !runner.stopping ? "cluster" : "process"),
    fault: () => redis.fault,
    async start(run: RunTurn) {
      serving = true;
      redis.takeJobs();
      runner.begin(run);
    },
    async stop(graceMs) {
      alarms.stop();
      // What did not begin here is somebody else's.
      toAny(runner.letGo());
      for (const goOn of queued) goOn();
      const leaving = redis.leave();
      await runner.stop(graceMs);
      const farewell = new AbortController();
      await Promise.race([leaving, clock.sleep(farewellMs, farewell.signal)]);
      farewell.abort();
      redis.close();
    },
    load: () => ({ active: runner.active, waiting: runner.waiting + (redis.session?.unsent() ?? 0) }),
  };
}
