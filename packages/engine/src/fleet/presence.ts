import type { Clock } from "../ports/clock.ts";
import type { Conditions } from "../ports/conditions.ts";
import type { Fleet, FleetProcess } from "../ports/fleet.ts";
import type { FleetLedger, PresenceLedger } from "../ports/ledger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { LedgerClock } from "./ledger-clock.ts";
import { judgeSkew } from "./skew.ts";

export interface PresenceOptions {
  readonly ledger: PresenceLedger & FleetLedger;
  /** Whether other processes may use the ledger. If not, nobody is told anything. */
  readonly shared: boolean;
  readonly self: Pick<FleetProcess, "id" | "name" | "version" | "roles">;
  readonly clock: LedgerClock;
  readonly conditions: Conditions;
  readonly telemetry: Pick<Telemetry, "fault">;
}

/** This process among those of its ledger, whether it dispatches or not. */
export interface Presence extends Fleet {
  /** Gives a sign of life each 3 seconds, for a process that does not dispatch. The first one is under way when it returns. */
  start(): void;
  /** All that gave a sign of life lately; of a ledger that is not shared, this one. */
  processes(signal?: AbortSignal): Promise<readonly (FleetProcess & { readonly self: boolean })[]>;
  /** Ends that, because the dispatcher gives its own from now on. */
  handOver(): Promise<void>;
  /** Ends it all, and takes the process off the list if it is on it. */
  stop(): Promise<void>;
}

/** Nobody waits for one that does not dispatch: it needs to be seen, and to know the time. */
const restingMs = 3_000;

/**
 * Signs of life, and what comes with them: the ledger's time, and the condition that says how far the local clock is off.
 *
 * @example
 * const presence = createPresence({ ledger, shared: true, self: identity, clock, conditions, telemetry });
 * presence.start();
 */
export function createPresence(options: PresenceOptions): Presence {
  const { ledger, shared, self, clock, conditions, telemetry } = options;
  const startedAtMs = clock.now();
  let dispatches = false;
  const ended = new AbortController();
  let loop: Promise<void> = Promise.resolve();
  let listed = false;
  let learning: Promise<void> | null = null;

  const say = async (busy: number) => {
    const learn = clock.asking();
    listed = true;
    const attendance = await ledger.attend({
      busy,
      dispatches,
      skewMs: clock.skewMs(),
      conditions: conditions.list(),
    });
    if (attendance.time) learn(attendance.time);
    judgeSkew(clock.skewMs(), conditions);
    return attendance;
  };

  const rest = async () => {
    for (let failing = false; !ended.signal.aborted; await clock.sleep(restingMs, ended.signal)) {
      try {
        await say(0);
        failing = false;
      } catch (error) {
        if (!failing) telemetry.fault({ where: "sign of life", error, retryInMs: restingMs });
        failing = true;
      }
    }
  };

  const end = async () => {
    ended.abort();
    await loop;
  };
  const alone = (): FleetProcess => ({
    ...self,
    dispatches,
    startedAtMs,
    seenAtMs: clock.now(),
    skewMs: null,
    conditions: conditions.list(),
  });

  return {
    attend: say,
    learnTime() {
      if (!clock.inDoubt()) return null;
      return (learning ??= learnTime(ledger, clock).finally(() => (learning = null)));
    },
    start() {
      if (shared) loop = rest();
    },
    async processes(signal) {
      const living = shared ? await ledger.processes(signal) : [alone()];
      return living.map((one) => ({ ...one, self: one.id === self.id }));
    },
    async handOver() {
      await end();
      dispatches = true;
    },
    async stop() {
      await end();
      if (listed) await ledger.leave().catch(() => {});
    },
  };
}

/** Asks the ledger for the time. */
export async function learnTime(
  ledger: Pick<FleetLedger, "readTime">,
  clock: Pick<LedgerClock & Clock, "asking">,
): Promise<void> {
  const learn = clock.asking();
  const time = await ledger.readTime();
  if (time) learn(time);
}
