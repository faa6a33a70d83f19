/** What is stored of a turn: outcomes, holds, limiter cursors, and its end. */
import type { DeliveryState, Reason } from "../../core/delivery.ts";

/** The exchange of an attempt, as it is stored. */
export interface StoredAttempt {
  readonly n: number;
  readonly atMs: number;
  readonly durationMs: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly responseBody: string | null;
  readonly endpointVersion: number;
}

/** What became of a delivery in a turn. */
export interface Outcome {
  readonly deliveryId: string;
  readonly partnerNo: number;
  readonly fence: number;
  /** Null where nothing was sent (an unrenderable or expired delivery). */
  readonly attempt: StoredAttempt | null;
  readonly change:
    | {
        readonly kind: "finish";
        readonly state: Exclude<DeliveryState, "pending">;
        readonly reason: Reason;
        readonly atMs: number;
        readonly error: string | null;
      }
    | {
        readonly kind: "retry";
        readonly dueAtMs: number;
        readonly clientErrors: number;
        readonly error: string | null;
        /** Set where this attempt took no step of the ladder: a probe that failed. */
        readonly attemptsBefore?: number;
      };
}

/** A delivery to split: one delivery for each of its event's items is made, before anything of it is sent. */
export interface FanOut {
  readonly deliveryId: string;
  readonly partnerNo: number;
  readonly fence: number;
  /** At least 1. */
  readonly items: number;
}

/** An endpoint that must not be called for a while (`untilMs`), or until somebody resumes it (null). */
export interface EndpointHold {
  readonly endpointNo: number;
  readonly untilMs: number | null;
  readonly note: string;
}

/** A limiter cursor to keep. Ignored if the fence was passed. */
export interface CursorSave {
  readonly partnerNo: number;
  readonly fence: number;
  readonly cursorMs: number;
}

/** A turn to give back, with the limiter's cursor where one was used. */
export interface TurnClose {
  readonly partnerNo: number;
  readonly fence: number;
  readonly cursorMs: number | null;
}

/** What became of deliveries, endpoints and turns. Used by the recorder. */
export interface OutcomeLedger {
  /**
   * Stores outcomes. An attempt that got an answer is always stored; a turn whose fence was passed may still finish
   * a delivery as delivered, but not reschedule or end it otherwise. One that was cancelled meanwhile and was accepted
   * by the partner is delivered. Where a delivery with an order key ends, the next of its key becomes due. `again` says that an earlier call with the same
   * outcomes failed without a known result: nothing is stored twice.
   */
  record(outcomes: readonly Outcome[], again: boolean): Promise<void>;
  /**
   * Splits deliveries into their items, whole or not at all and once only. The delivery itself becomes item 1; the others have ids of
   * their own and the same event, endpoint, lane, times and replay, and follow it in its order key. Left as they are: those whose
   * turn was passed, that no longer wait, or that have an item.
   */
  fanOut(splits: readonly FanOut[]): Promise<void>;
  hold(holds: readonly EndpointHold[]): Promise<void>;
  /** Resolves to the partners whose cursor was kept. */
  saveCursors(saves: readonly CursorSave[]): Promise<readonly number[]>;
  /** Gives turns back. Resolves to the partners that another process had work for meanwhile: ring them. */
  closeTurns(closes: readonly TurnClose[]): Promise<readonly number[]>;
}
