import type { Clock } from "../ports/clock.ts";
import type { EventDoor } from "../ports/event-door.ts";
import type { Fleet } from "../ports/fleet.ts";

/**
 * A door whose events are accepted at the ledger's time even right after the machine was suspended: with an instant of before that
 * they might expire at once.
 *
 * @example const events = createTimelyDoor(createEventDoor(sql), { fleet, clock });
 */
export function createTimelyDoor(
  door: EventDoor,
  { fleet, clock }: { readonly fleet: Pick<Fleet, "learnTime">; readonly clock: Pick<Clock, "now"> },
): EventDoor {
  return {
    ...door,
    async accept(events, nowMs) {
      const learning = fleet.learnTime();
      if (learning === null) return door.accept(events, nowMs);
      // If the ledger cannot be asked, it cannot accept either, and says so in its own words.
      await learning.catch(() => {});
      return door.accept(events, clock.now());
    },
  };
}
