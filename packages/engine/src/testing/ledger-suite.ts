import { afterAll, beforeAll, describe } from "vitest";
import { dispatchTests } from "./dispatch-suite.ts";
import type { DispatchSubject } from "./dispatch-suite/subject.ts";
import { dispatchSubject } from "./ledger-suite/dispatch-subject.ts";
import { acceptingTests } from "./ledger-suite/accepting.ts";
import { backlogTests } from "./ledger-suite/backlog.ts";
import { type Bench, createBench, type OpenedLedger } from "./ledger-suite/bench.ts";
import { cancelTests } from "./ledger-suite/cancelling.ts";
import { circuitTests } from "./ledger-suite/circuits.ts";
import { conservationTests } from "./ledger-suite/conservation.ts";
import { fanOutTests } from "./ledger-suite/fan-out.ts";
import { keyTests } from "./ledger-suite/keys.ts";
import { judgingTests } from "./ledger-suite/judging.ts";
import { leaseTests } from "./ledger-suite/leases.ts";
import { numberTests } from "./ledger-suite/numbers.ts";
import { operationsTests } from "./ledger-suite/operations.ts";
import { retryTests } from "./ledger-suite/retrying.ts";
import { readingTests } from "./ledger-suite/reading.ts";
import { readinessTests } from "./ledger-suite/readiness.ts";
import { secretTests } from "./ledger-suite/secrets.ts";
import { replayTests } from "./ledger-suite/replaying.ts";
import { placesTests } from "./ledger-suite/places.ts";
import { orderingTests } from "./ledger-suite/ordering.ts";
import { timingTests } from "./ledger-suite/timing.ts";
import { sqlDoorTests } from "./ledger-suite/sql-door.ts";
import { retentionTests, sharedRetentionTests } from "./ledger-suite/retention.ts";
import { claimTests, recordTests } from "./ledger-suite/turns.ts";
import { cuttingBackTests, sharedCuttingBackTests } from "./ledger-suite/cutting-back.ts";
import { pastedTests } from "./ledger-suite/pasted.ts";
import { warningTests } from "./ledger-suite/warning.ts";
import { upkeepTests } from "./ledger-suite/upkeep.ts";
import { versionTests } from "./ledger-suite/versions.ts";

export { neighbourLeaseMs, type OpenedLedger, suiteNowMs } from "./ledger-suite/bench.ts";

/**
 * Registers the tests of the SQL ledger, which it has to pass on every driver: what dispatch relies on (`dispatch-suite.ts`, which the ledger
 * in memory passes too), and all that only the SQL ledger is. The latter reads tables where no port shows them. `open` is called once per group
 * of tests, which costs more than the tests do, and gives an empty ledger, migrated at `suiteNowMs`.
 *
 * @example describeLedger("PGlite", async () => openLedger(await openPglite({ dataDir: "memory://" })), { shared: false });
 */
export function describeLedger(
  name: string,
  open: () => Promise<OpenedLedger>,
  { shared }: { readonly shared: boolean },
): void {
  const group = (what: string, ...register: ((bench: () => Bench) => void)[]) =>
    describe(`when ${what}`, () => {
      let bench: Bench;
      beforeAll(async () => {
        bench = createBench(await open());
      });
      afterAll(() => bench.close());
      for (const tests of register) tests(() => bench);
    });

  describe(`${name} ledger`, () => {
    group("dispatching", (bench) => {
      let subject: DispatchSubject;
      beforeAll(() => void (subject = dispatchSubject(bench())));
      dispatchTests(() => subject);
    });
    group("accepting, dispatching", acceptingTests, claimTests, recordTests);
    group("operating", operationsTests, keyTests, secretTests, numberTests);
    group("judging what comes in", judgingTests, sqlDoorTests, backlogTests);
    group("reading, conserving", readingTests, conservationTests);
    group("warning", warningTests);
    group("keeping versions", versionTests);
    group("pasted", pastedTests);
    group("circuits fail", circuitTests);
    group("splitting into items", fanOutTests);
    group("replaying", replayTests);
    group("delaying, ordering, cancelling", timingTests, orderingTests, cancelTests, retryTests);
    group("going on where the last page ended", placesTests);
    group("upkeep, readiness", upkeepTests, readinessTests);
    group("something lies too far ahead", cuttingBackTests);
    group("retention", retentionTests);
    if (shared) group("shared by processes", leaseTests, sharedCuttingBackTests, sharedRetentionTests);
  });
}
