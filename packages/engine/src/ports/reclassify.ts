/** Judging kept answers again. */
import type { VerdictRule } from "@postrider/contract";
import type { DeliveryState, Reason } from "../core/delivery.ts";
import type { VerdictWord } from "../core/verdicts/index.ts";

/** Ended deliveries that are booked alike, and would be alike by the rules. */
export interface ReclassifiedGroup {
  readonly state: DeliveryState;
  readonly reason: Reason;
  readonly would_be: VerdictWord;
  /** The rule's place in the list, from 0; null: no rule matched. */
  readonly rule: number | null;
  readonly note: string | null;
  readonly count: number;
  /** The newest three, each with the first characters of its answer. */
  readonly examples: readonly {
    readonly delivery_id: string;
    readonly status: number;
    readonly answer: string;
  }[];
}

/** A page of ended deliveries, judged by their last answers. */
export interface Reclassified {
  readonly judged: number;
  readonly groups: readonly ReclassifiedGroup[];
  readonly not_judged: { readonly no_answer: number; readonly not_kept: number; readonly cut: number };
  /** The ids of those booked as delivered that the rules would not deliver. */
  readonly wronglyDelivered: readonly string[];
  /** Set if there are older ones. */
  readonly next_cursor?: string;
}

/** What is judged again. */
export interface ReclassifyRequest {
  /** Rules to try. Absent: those of the endpoint. */
  readonly verdicts?: readonly VerdictRule[] | undefined;
  /** ISO text, inclusive, of the acceptance. */
  readonly since?: string | undefined;
  /** ISO text, exclusive, of the acceptance. */
  readonly until?: string | undefined;
  /** Ended deliveries to look at, at most. */
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Judging kept answers again. */
export interface ReclassifyOperations {
  /**
   * Judges the ended deliveries of an endpoint by the answer to their last attempt, the newest first, and changes nothing.
   * Ends at `limit`, or after 15 seconds; `next_cursor` goes on from there. Null if there is no such endpoint.
   *
   * @throws PostriderError `invalid_template` and `invalid_request` for rules that cannot be used, and for a bad cursor
   */
  reclassify(
    partner: string,
    endpoint: string,
    request: ReclassifyRequest,
    signal?: AbortSignal,
  ): Promise<Reclassified | null>;
}
