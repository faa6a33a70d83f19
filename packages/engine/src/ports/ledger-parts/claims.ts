/** What turns ask of the ledger: who may send, and what is due. */
import type { DeliveryProgress } from "../../core/decide.ts";
import type { DeliveryItem } from "../../core/fan-out.ts";
import type { PostbackFacts } from "../../core/template/index.ts";
import type { StoredCircuit } from "./circuits.ts";

/** A place among the due deliveries of one lane: behind those due earlier, and those due then with a smaller or this id. */
export interface LanePlace {
  /** Epoch ms; -Infinity is the head. */
  readonly dueAtMs: number;
  /** Null: before all that are due then. */
  readonly id: string | null;
}

/** Where a claim begins to read. The turn has read all that was due before. */
export interface ClaimFrom {
  /** First attempts, retries, replays. */
  readonly lanes: readonly [LanePlace, LanePlace, LanePlace];
  /** When this turn last read from the heads, epoch ms: an endpoint that was held until later is read from its heads. */
  readonly sinceMs: number;
}

/** A wish for due deliveries of one partner. */
export interface ClaimRequest {
  readonly partnerNo: number;
  /** Null opens a new turn (and takes the next fence); otherwise the fence of the turn that goes on. */
  readonly fence: number | null;
  readonly limit: number;
  /** Deliveries in flight or not yet recorded: left out. */
  readonly busyIds: readonly string[];
  /** Endpoints whose deliveries are left out for now, because enough of them wait here. Absent: none. */
  readonly passOver?: readonly number[];
  /** Absent or null: read from the heads. */
  readonly from?: ClaimFrom | null;
}

/** A delivery that is due, with all that an attempt needs: what its template is rendered from, and what its retry rule looks at. */
export interface DueDelivery
  extends Pick<PostbackFacts, "eventId" | "type" | "schemaVersion" | "occurredAt" | "dataText">,
    DeliveryProgress {
  readonly id: string;
  readonly endpointNo: number;
  readonly acceptedAtMs: number;
  readonly dueAtMs: number;
  /** Of the deliveries of an endpoint with the same key one goes after the other. Null: in no order. */
  readonly orderKey: string | null;
  /** Null: for the whole event. Of an endpoint with `fan_out`: not split yet. */
  readonly item: DeliveryItem | null;
}

/** The answer to one `ClaimRequest`. */
export interface Claimed {
  readonly partnerNo: number;
  readonly fence: number;
  /**
   * `held`: the turn is this process's. `inactive`: the partner is paused or deleted. `elsewhere`: another process
   * holds the turn, or a later one was opened. `unclear`: ask again. Something may be sent only if it is held.
   */
  readonly standing: "held" | "inactive" | "elsewhere" | "unclear";
  /**
   * For how long the turn is held, counted from before the claim was sent: after that nothing may be sent before
   * another claim. Infinity where the ledger belongs to this process alone.
   */
  readonly leaseMs: number;
  /** Changes with any change of the partner, its endpoints or keys. */
  readonly version: number;
  /** The rate limiter's cursor: see `core/rate-limit.ts`. Epoch ms. */
  readonly limiterCursorMs: number;
  /** Circuits of endpoints that are not well, where the claim opened the turn; null for nearly all partners. */
  readonly circuits: readonly StoredCircuit[] | null;
  /** When the partner next has work after now, retries that earlier turns scheduled included; null: never, or not asked for. */
  readonly nextDueAtMs: number | null;
  /** Due deliveries in the order they should go; fewer than the limit means that no more are due now, from where it was asked. */
  readonly deliveries: readonly DueDelivery[];
  /** The lane of the last of them: 0 first attempts, 1 retries, 2 replays; null where there is none. */
  readonly lastLane: number | null;
}

/** Turns, and what is due in them. Used by the claimer of the dispatcher. */
export interface ClaimLedger {
  /**
   * Opens turns and reads what is due, in one statement for many partners. Claiming changes no delivery: the turn's
   * exclusivity makes a plain read enough. `asideIds` are left out, of whichever partner.
   */
  claim(
    requests: readonly ClaimRequest[],
    asideIds: readonly string[],
    nowMs: number,
  ): Promise<readonly Claimed[]>;
  /** Asks the processes that hold these partners' turns to look again. May be lost: the close of the turn tells as well. */
  tellHolders(partnerNos: readonly number[]): Promise<void>;
}
