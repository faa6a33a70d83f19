/**
 * What a process asks of its ledger, in parts. Each part is as narrow as those who use it, and they name only the part that they need;
 * one object has them all (`ledger/dispatch-ledger.ts`). Declared here, by the users; `ledger/` has the adapter.
 * Calls are batched by the callers: a method takes the work of many partners at once.
 *
 * | part | asked by |
 * |---|---|
 * | `ClaimLedger` | the claimer of the dispatcher, for all turns |
 * | `OutcomeLedger` | the recorder |
 * | `CircuitLedger` | the dispatcher, for the circuits of all turns |
 * | `SettingsLedger` | the partner cache, test postbacks |
 * | `OwnSettingsLedger` | partners that are left to other processes |
 * | `SweepLedger`, `WatchLedger` | the sweep |
 * | `PresenceLedger` | the sweep, and processes that do not dispatch |
 * | `FaultLedger`, `LossLedger` | whoever tries again, whoever keeps what was read |
 * | `FleetLedger` | the fleet: the ledger's time, the list of processes |
 * | `RingLedger`, `NameLedger` | the engine |
 */
import type { CircuitLedger } from "./ledger-parts/circuits.ts";
import type { ClaimLedger } from "./ledger-parts/claims.ts";
import type { FaultLedger, LossLedger } from "./ledger-parts/faults.ts";
import type { OutcomeLedger } from "./ledger-parts/outcomes.ts";
import type { FleetLedger, OwnSettingsLedger, PresenceLedger, RingLedger } from "./ledger-parts/processes.ts";
import type { NameLedger, SettingsLedger } from "./ledger-parts/settings.ts";
import type { SweepLedger, WatchLedger } from "./ledger-parts/sweeping.ts";

export type * from "./ledger-parts/circuits.ts";
export type * from "./ledger-parts/claims.ts";
export type * from "./ledger-parts/faults.ts";
export type * from "./ledger-parts/outcomes.ts";
export type * from "./ledger-parts/processes.ts";
export type * from "./ledger-parts/settings.ts";
export type * from "./ledger-parts/sweeping.ts";

/** What a dispatcher needs. The tests of dispatch give it one in memory. */
export interface DispatchLedger
  extends ClaimLedger,
    OutcomeLedger,
    CircuitLedger,
    SettingsLedger,
    OwnSettingsLedger,
    SweepLedger,
    WatchLedger,
    PresenceLedger,
    FaultLedger,
    LossLedger {}

/** All that a process needs, with what the engine and the fleet ask beside the dispatcher. */
export interface Ledger extends DispatchLedger, FleetLedger, RingLedger, NameLedger {}
