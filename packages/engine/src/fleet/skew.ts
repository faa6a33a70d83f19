import type { Conditions } from "../ports/conditions.ts";

/** Further apart than this the clocks are off, … */
const offMs = 3_000;
/** … until they are as near as this. */
const rightMs = 2_000;

/**
 * Sets the condition `clock_off`, or ends it.
 *
 * @param skewMs how far the local clock is ahead of the ledger's (behind: below 0); null: not known, nothing changes
 */
export function judgeSkew(skewMs: number | null, conditions: Conditions): void {
  if (skewMs === null) return;
  const isOff = conditions.list().some(({ name }) => name === "clock_off");
  if (Math.abs(skewMs) > (isOff ? rightMs : offMs)) conditions.set("clock_off", skewWords(skewMs));
  else if (isOff) conditions.set("clock_off", null);
}

/** @example skewWords(600_000) // "This process's clock is 600 s ahead of the ledger's. …" */
export function skewWords(skewMs: number): string {
  const apart = `${Math.round(Math.abs(skewMs) / 1_000)} s ${skewMs > 0 ? "ahead of" : "behind"} the ledger's`;
  return `This process's clock is ${apart}. Deliveries follow the ledger's clock, so they are on time; times in this process's log are wrong. Set the clock of its machine by NTP; if it is the database server's that is wrong, set that one.`;
}
