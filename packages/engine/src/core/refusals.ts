/**
 * Whether an endpoint refuses every request. It answers, so its circuit stays closed; but a wrong token or a
 * closed account turns everything into dead letters within hours, and an operator should know before that.
 *
 * @packageDocumentation
 */
import type { Signal } from "./signal.ts";

/** The refusals since the last success. Nothing is known (null) of an endpoint whose last answer was a success. */
export interface Refusals {
  /** The first of them. Epoch ms. */
  readonly sinceMs: number;
  /** 4xx answers since then. */
  readonly refused: number;
  /** Requests since then that were refused or failed. */
  readonly ended: number;
  /** Enough of them to say so. */
  readonly refusing: boolean;
  /** Refusing: successes in a row. */
  readonly accepted: number;
}

/** This part of the requests must be refusals; the rest failed. None may have succeeded. */
const leastShare = 0.9;
/** So many are enough in any time, … */
const enough = 20;
/** … and so many with little traffic, over this time. */
const fewEnough = 5;
const fewOverMs = 15 * 60_000;
/** Successes in a row that end it: a single request that gets through is no recovery. */
const acceptedAgain = 3;

/**
 * What is known after an answer, and what changed: it is refusing, or takes requests again.
 *
 * | | begins | ends |
 * |---|---|---|
 * | much traffic | 20 requests without a success, 90 % of them refused | three successes in a row |
 * | little | 5 over at least 15 minutes | the same |
 *
 * @example afterAnswer(null, "answered", now) // { refusals: { refused: 1, ended: 1, … }, change: null }
 */
export function afterAnswer(
  known: Refusals | null,
  signal: Signal,
  nowMs: number,
): { readonly refusals: Refusals | null; readonly change: "refusing" | "accepting" | null } {
  switch (signal) {
    case "throttled":
      return { refusals: known, change: null };
    case "gone":
      return { refusals: null, change: null };
    case "success":
      return afterSuccess(known);
    case "failure":
      return { refusals: known && afterFailure(known), change: null };
    case "answered":
      return afterRefusal(
        known ?? { sinceMs: nowMs, refused: 0, ended: 0, refusing: false, accepted: 0 },
        nowMs,
      );
  }
}

function afterSuccess(known: Refusals | null): ReturnType<typeof afterAnswer> {
  if (known === null || !known.refusing) return { refusals: null, change: null };
  const accepted = known.accepted + 1;
  if (accepted >= acceptedAgain) return { refusals: null, change: "accepting" };
  return { refusals: { ...known, accepted }, change: null };
}

/** An endpoint that mostly fails is the breaker's. */
function afterFailure(known: Refusals): Refusals | null {
  const next = { ...known, ended: known.ended + 1, accepted: 0 };
  return next.ended >= enough && next.refused < leastShare * next.ended ? null : next;
}

function afterRefusal(known: Refusals, nowMs: number): ReturnType<typeof afterAnswer> {
  const next = { ...known, refused: known.refused + 1, ended: known.ended + 1, accepted: 0 };
  if (known.refusing) return { refusals: next, change: null };
  const many = next.ended >= enough || (next.refused >= fewEnough && nowMs - next.sinceMs >= fewOverMs);
  if (!many || next.refused < leastShare * next.ended) return { refusals: next, change: null };
  return { refusals: { ...next, refusing: true }, change: "refusing" };
}
