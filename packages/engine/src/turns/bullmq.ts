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
import { createRedisConnections, type RedisConnections } from "./redis-connections.ts";
import { createTurnRunner, type TurnRunner } from "./runner.ts";

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
  return new BullmqTurns(options);
}

class BullmqTurns implements Turns {
  readonly #clock: Clock;
  readonly #maxActive: number;
  readonly #runner: TurnRunner;
  readonly #redis: RedisConnections;
  readonly #alarms: ReturnType<typeof createAlarms>;
  readonly #asked: ReturnType<typeof createAsked>;
  /** Jobs that wait for those before them to have begun. */
  #queued: (() => void)[] = [];
  #serving = false;

  constructor(options: BullmqTurnsOptions) {
    const { clock, telemetry, maxActive = 1_000, prefix = "{postrider}" } = options;
    this.#clock = clock;
    this.#maxActive = maxActive;
    this.#asked = createAsked(clock);
    this.#alarms = createAlarms(clock, (partnerNos) => this.#ringDue(partnerNos));
    this.#runner = createTurnRunner({
      clock,
      telemetry,
      maxActive,
      othersWait: () => this.#full,
      onHeld: (partnerNo) => this.#redis.session?.peers.hold(partnerNo),
      onRung: (partnerNo) => this.ring([partnerNo]),
      onDue: (partnerNo, atMs) => this.#goOnAt(partnerNo, atMs),
      onRoom: () => this.#goOnWithJobs(),
    });
    this.#redis = createRedisConnections({
      ...options,
      address: parseRedisAddress(options.redisUrl),
      prefix,
      random: options.random ?? systemRandom,
      onRings: (partnerNos) => this.#ringHere(partnerNos),
      onTold: (partnerNos) => {
        this.look(partnerNos);
        this.#sayHeld(partnerNos);
      },
      unheard: (partnerNos) => this.#ringAny(partnerNos),
      undelivered: (partnerNos) => this.serve(partnerNos),
      take: (partnerNos) => this.#take(partnerNos),
    });
  }

  ring(partnerNos: Iterable<number>): void {
    const { session } = this.#redis;
    if (session === null) return this.serve(partnerNos);
    for (const partnerNo of partnerNos) {
      if (this.#runner.takes(partnerNo)) continue;
      const holder = session.peers.holderOf(partnerNo);
      if (holder === null) session.ring(partnerNo);
      else if (holder === session.peers.id) this.#ringHere([partnerNo]);
      else session.peers.ring(holder, partnerNo);
    }
  }

  /** Serves partners here. A process that only accepts leaves them to the sweep. */
  serve(partnerNos: Iterable<number>): void {
    if (this.#serving) this.#runner.serve(partnerNos);
  }

  ringAt(partnerNo: number, atMs: number): void {
    if (atMs <= this.#clock.now()) this.#ringDue([partnerNo]);
    else this.#alarms.set(partnerNo, atMs);
  }

  look(partnerNos: readonly number[]): void {
    for (const partnerNo of partnerNos) this.#runner.look(partnerNo);
  }

  reach(): "process" | "cluster" {
    return this.#redis.session !== null && !this.#runner.stopping ? "cluster" : "process";
  }

  fault(): string | null {
    return this.#redis.fault;
  }

  async start(run: RunTurn): Promise<void> {
    this.#serving = true;
    this.#redis.takeJobs();
    this.#runner.begin(run);
  }

  async stop(graceMs: number): Promise<void> {
    this.#alarms.stop();
    // What did not begin here is somebody else's.
    this.#ringAny(this.#runner.letGo());
    for (const goOn of this.#queued) goOn();
    const leaving = this.#redis.leave();
    await this.#runner.stop(graceMs);
    const farewell = new AbortController();
    await Promise.race([leaving, this.#clock.sleep(farewellMs, farewell.signal)]);
    farewell.abort();
    this.#redis.close();
  }

  load(): { readonly active: number; readonly waiting: number } {
    return {
      active: this.#runner.active,
      waiting: this.#runner.waiting + (this.#redis.session?.unsent() ?? 0),
    };
  }

  get #full(): boolean {
    return this.#queued.length > 0 || this.#runner.busy >= this.#maxActive;
  }

  get #hasRoom(): boolean {
    return this.#serving && !this.#runner.stopping && this.#runner.waiting === 0 && !this.#full;
  }

  /** Rings at whoever has time. */
  #ringAny(partnerNos: Iterable<number>): void {
    const { session } = this.#redis;
    if (session === null) return this.serve(partnerNos);
    for (const partnerNo of partnerNos) session.ring(partnerNo);
  }

  /** Rings for partners whose last turn was here: served here while there is room. */
  #ringHere(partnerNos: readonly number[]): void {
    this.#sayHeld(partnerNos);
    const others = partnerNos.filter((partnerNo) => !this.#runner.takes(partnerNo));
    if (others.length === 0) return;
    if (this.#hasRoom) this.#runner.serve(others);
    else this.#ringAny(others);
  }

  /**
   * The partners are due and the ledger knows nobody who has their turns, so no other process' word counts: they become
   * jobs, and if a job led to nothing they are served here.
   */
  #ringDue(partnerNos: readonly number[]): void {
    if (this.#redis.session === null) return this.serve(partnerNos);
    for (const partnerNo of partnerNos) {
      if (this.#runner.takes(partnerNo)) continue;
      if (this.#asked.again(partnerNo) && this.#hasRoom) this.#runner.serve([partnerNo]);
      else this.#ringAny([partnerNo]);
    }
  }

  #goOnAt(partnerNo: number, atMs: number): void {
    if (atMs > this.#clock.now()) return this.#alarms.set(partnerNo, atMs);
    // This process has had its time with the partner: whoever is next goes on.
    this.#redis.session?.peers.release(partnerNo);
    this.#ringAny([partnerNo]);
  }

  /** While a turn is active here the others are to know, or they would send a job for each ring. */
  #sayHeld(partnerNos: readonly number[]): void {
    for (const partnerNo of partnerNos)
      if (this.#runner.holds(partnerNo)) this.#redis.session?.peers.hold(partnerNo);
  }

  /** A job: it is over when its turns have begun. */
  async #take(partnerNos: readonly number[]): Promise<void> {
    if (this.#runner.waiting > 0) await new Promise<void>((goOn) => this.#queued.push(goOn));
    if (this.#runner.stopping) this.#ringAny(partnerNos);
    else this.#runner.serve(partnerNos);
  }

  #goOnWithJobs(): void {
    const next = this.#queued;
    this.#queued = [];
    for (const goOn of next) goOn();
  }
}
