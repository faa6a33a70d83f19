import { type Act, prepareAct } from "./acts.ts";
import type { BehaviourKind, Step } from "./behaviour.ts";
import { SandboxError } from "./errors.ts";
import { parseBehaviours } from "./parse-behaviours.ts";
import { Script } from "./script.ts";
import { newTally, type Tally } from "./tally.ts";
import type { Keys } from "./verification.ts";

/** A behaviour ready to play, with the name it is recorded under. */
export interface NamedAct {
  kind: BehaviourKind;
  act: Act;
}

interface Waiter {
  count: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** One fake partner: its script, its keys, its counts, and who waits for its requests. */
export class Partner {
  readonly name: string;
  steps: readonly Step[];
  #script: Script<NamedAct>;
  #secrets: Keys = [];
  #publicKeys: Keys = [];
  /** Of both kinds; replaced, never changed, so that a request may hold on to the keys of its arrival. */
  keys: Keys = [];
  tally: Tally = newTally();
  readonly #waiters = new Set<Waiter>();

  constructor(name: string) {
    this.name = name;
    this.steps = parseBehaviours("ok");
    this.#script = new Script(this.steps, prepare);
  }

  /** Starts a new script from its first step. */
  perform(steps: readonly Step[]): void {
    this.steps = steps;
    this.#script = new Script(steps, prepare);
  }

  next(delivery: string): NamedAct {
    return this.#script.next(delivery);
  }

  /** Replaces what requests are verified with from now on; a kind that is not given stays. */
  verifyWith({
    secrets = this.#secrets,
    publicKeys = this.#publicKeys,
  }: {
    secrets?: Keys;
    publicKeys?: Keys;
  }): void {
    this.#secrets = secrets;
    this.#publicKeys = publicKeys;
    this.keys = [...secrets, ...publicKeys];
  }

  get keyCounts(): { secrets: number; public_keys: number } {
    return { secrets: this.#secrets.length, public_keys: this.#publicKeys.length };
  }

  /** Lets those go on who waited for as many requests as were counted by now. */
  wakeWaiters(): void {
    for (const waiter of this.#waiters) if (this.tally.requests >= waiter.count) waiter.resolve();
  }

  /** @throws SandboxError `wait_timed_out`, `sandbox_closed` */
  async waitFor(count: number, timeoutMs: number): Promise<void> {
    if (this.tally.requests >= count) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { count, resolve, reject };
    const timer = setTimeout(() => reject(this.#timedOut(count, timeoutMs)), timeoutMs);
    this.#waiters.add(waiter);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }

  abandonWaiters(error: SandboxError): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  #timedOut(count: number, timeoutMs: number): SandboxError {
    return new SandboxError(
      "wait_timed_out",
      `Partner ${this.name} received ${this.tally.requests} of ${count} requests in ${timeoutMs} ms: check that the sender is running, or wait longer.`,
    );
  }
}

function prepare(step: Step): NamedAct {
  return { kind: step.kind, act: prepareAct(step) };
}
