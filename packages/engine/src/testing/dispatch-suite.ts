import { beforeAll, describe } from "vitest";
import { circuitTests } from "./dispatch-suite/circuits.ts";
import { claimTests } from "./dispatch-suite/claiming.ts";
import { placesTests } from "./dispatch-suite/places.ts";
import { recordTests } from "./dispatch-suite/recording.ts";
import type { DispatchSubject } from "./dispatch-suite/subject.ts";

/**
 * Registers what a dispatcher may rely on with any ledger: turns, due deliveries, outcomes, holds, cursors, circuits, places. It speaks the
 * ports only. The SQL ledger passes it on both drivers as a part of its own suite, and the ledger in memory of the tests passes it whole.
 */
export function dispatchTests(subject: () => DispatchSubject): void {
  claimTests(subject);
  recordTests(subject);
  circuitTests(subject);
  placesTests(subject);
}

/** The same as a suite of its own. `open` gives an empty ledger. */
export function describeDispatchLedger(name: string, open: () => DispatchSubject): void {
  describe(`${name} ledger, as dispatch meets it`, () => {
    let subject: DispatchSubject;
    beforeAll(() => void (subject = open()));
    dispatchTests(() => subject);
  });
}
