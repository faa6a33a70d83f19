import { reasons } from "@postrider/contract";
import { type DeliveryFilter, PostriderError } from "@postrider/engine";

/** Clocks of callers may be this much ahead. */
const clockSlackMs = 60_000;

/**
 * Without the keys that were not given, and without the page. A filter that can match nothing is refused: an empty answer
 * would look like good news.
 *
 * @throws PostriderError `invalid_request`
 */
export function definedFilter(
  given: { readonly [Key in keyof DeliveryFilter]?: DeliveryFilter[Key] | undefined } & {
    limit?: unknown;
    cursor?: unknown;
  },
  nowMs: number,
): DeliveryFilter {
  const { limit: _limit, cursor: _cursor, ...keys } = given;
  const { since, until, state, reason } = keys;
  if (since !== undefined && until !== undefined && Date.parse(since) >= Date.parse(until)) {
    throw refused("The time span is empty: since must be before until.", "since", "must be before until");
  }
  if (since !== undefined && Date.parse(since) > nowMs + clockSlackMs) {
    throw refused(
      "The time span has not begun: since lies in the future.",
      "since",
      "must not lie in the future",
    );
  }
  if (state !== undefined && reason !== undefined && reasons[reason].state !== state) {
    throw refused(
      `No delivery is ${state} with the reason ${reason}, which belongs to the state ${reasons[reason].state}.`,
      "reason",
      `belongs to the state ${reasons[reason].state}: leave state out`,
    );
  }
  return Object.fromEntries(
    Object.entries(keys).filter(([, value]) => value !== undefined),
  ) as DeliveryFilter;
}

function refused(message: string, path: string, words: string): PostriderError {
  return new PostriderError("invalid_request", message, { issues: [{ path, message: words }] });
}

/** The page that was asked for, without an absent cursor. */
export function pageOf({ limit, cursor }: { limit: number; cursor?: string | undefined }): {
  limit: number;
  cursor?: string;
} {
  return cursor === undefined ? { limit } : { limit, cursor };
}
