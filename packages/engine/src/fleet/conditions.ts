import type { Clock } from "../ports/clock.ts";
import type { Condition, ConditionName, Conditions } from "../ports/conditions.ts";
import type { ConditionEvent, Telemetry } from "../ports/telemetry.ts";

/** A condition that lasts is told of again after this time; one that comes and goes is told of no more often. */
const tellEveryMs = 60_000;

export interface ConditionsTools {
  readonly clock: Pick<Clock, "now" | "monotonicMs" | "after">;
  readonly telemetry: Pick<Telemetry, "condition">;
}

/** The conditions of this process, which tell of themselves. */
export interface ProcessConditions extends Conditions {
  /** Tells nothing more. */
  stop(): void;
}

/**
 * Keeps what is not as it should be with this process, and tells of each condition when it begins, each minute while it
 * lasts, and when it is over.
 *
 * @example
 * const conditions = createConditions({ clock, telemetry });
 * conditions.set("clock_off", "This process's clock is 600 s ahead of the ledger's. Set it by NTP.");
 */
export function createConditions({ clock, telemetry }: ConditionsTools): ProcessConditions {
  const held = new Map<ConditionName, Condition>();
  /** When each was last told of, in monotonic time, kept after its end: one that comes and goes must not fill the log. */
  const toldAtMs = new Map<ConditionName, number>();
  /** Those of whose beginning somebody was told. */
  const told = new Set<ConditionName>();
  let cancel: (() => void) | null = null;
  let stopped = false;

  const tell = (condition: Condition, phase: ConditionEvent["phase"]) => {
    toldAtMs.set(condition.name, clock.monotonicMs());
    told.add(condition.name);
    telemetry.condition?.({ ...condition, phase });
  };
  const dueInMs = (name: ConditionName) =>
    (toldAtMs.get(name) ?? Number.NEGATIVE_INFINITY) + tellEveryMs - clock.monotonicMs();

  const tellAgain = () => {
    cancel = null;
    for (const condition of held.values())
      if (dueInMs(condition.name) <= 0) tell(condition, told.has(condition.name) ? "lasts" : "begins");
    wait();
  };
  const wait = () => {
    cancel?.();
    cancel = null;
    if (stopped || held.size === 0) return;
    cancel = clock.after(Math.max(1, Math.min(...[...held.keys()].map(dueInMs))), tellAgain);
  };

  return {
    set(name, message) {
      const before = held.get(name);
      if (message === null) {
        if (before === undefined) return;
        held.delete(name);
        if (told.delete(name)) telemetry.condition?.({ ...before, phase: "over" });
        wait();
      } else if (before === undefined) {
        const condition = { name, message, sinceMs: clock.now() };
        held.set(name, condition);
        if (dueInMs(name) <= 0) tell(condition, "begins");
        wait();
      } else if (before.message !== message) held.set(name, { ...before, message });
    },
    list: () => [...held.values()],
    stop() {
      stopped = true;
      cancel?.();
      cancel = null;
    },
  };
}
