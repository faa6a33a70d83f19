/**
 * What is not as it should be with this process, for as long as it lasts: its clock is off, a server cannot be used, a key
 * is missing. Declared by those who find it out; `fleet/` has the adapter, which logs it and shows it to the fleet.
 */

/** Stable: operators write alerts by these names. */
export type ConditionName =
  | "clock_off"
  | "redis_unusable"
  | "listening_lost"
  | "key_missing"
  | "ledger_copied";

export interface Condition {
  readonly name: ConditionName;
  /** In words, with the remedy. Holds no secret. */
  readonly message: string;
  /** Epoch ms. */
  readonly sinceMs: number;
}

export interface Conditions {
  /**
   * Says that a condition holds, in the words of now, or (null) that it is over. Cheap if nothing changed, so it may be
   * said again and again.
   *
   * @example conditions.set("redis_unusable", "REDIS_URL has no password and Redis wants one.");
   */
  set(name: ConditionName, message: string | null): void;
  /** Those that hold now. */
  list(): readonly Condition[];
}

/** For a process that tells nobody. */
export const silentConditions: Conditions = { set() {}, list: () => [] };
