import type { Clock } from "../../ports/clock.ts";
import type { Claimed, ClaimRequest } from "../../ports/ledger.ts";
import type { Load } from "../../ports/load.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { AttemptTools } from "../attempt.ts";
import type { CircuitTools } from "./circuits.ts";
import type { RecentPartners } from "../recent-partners.ts";
import type { LeaseTools } from "./lease.ts";
import type { DispatchPartner } from "../partner.ts";
import type { Recorder } from "../recorder.ts";
import type { Slots } from "../slots.ts";

/** What a turn needs of its process. */
export interface TurnTools extends AttemptTools, CircuitTools, LeaseTools {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly recorder: Recorder;
  readonly slots: Slots;
  readonly load: Load;
  readonly recentPartners: RecentPartners;
  /** Claims for one partner. Batched over all turns of the process. */
  claim(request: ClaimRequest): Promise<Claimed>;
  /**
   * Null: this process keeps its turns. Else it is much busier than another, so that a long turn should close, and be
   * rung again after so many milliseconds, for the other to take it.
   */
  handOverAfterMs(): number | null;
  /** The partner's settings at a version, cached. Null if they are gone. @throws LeftToOthers */
  readPartner(partnerNo: number, version: number): Promise<DispatchPartner | null>;
  /** Turns that are active in this process. */
  turnsActive(): number;
  /** True if the partner is left to other processes since it was claimed. */
  leaves(partnerNo: number): boolean;
  /** Each partner's share of the process's requests in flight, kept between turns. */
  readonly shares: Map<number, number>;
}
