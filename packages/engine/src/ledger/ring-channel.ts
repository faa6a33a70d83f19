/**
 * The payload of the notification channel `postrider_ring`: partner numbers with commas between, `*` for "sweep",
 * and with a `?` before them "whoever holds their turns looks again, and nobody else does anything".
 */
export interface Ring {
  /** Empty: nobody in particular, so sweep. */
  readonly partnerNos: readonly number[];
  /** Only for processes that hold a turn of theirs. */
  readonly holdersOnly: boolean;
}

/** Partners named in one notification: its payload may have 8,000 bytes. */
const longest = 700;

export function ringPayload(partnerNos: readonly number[], holdersOnly = false): string {
  // Holders look again by themselves twice a second: too many to name are not worth a sweep of everybody.
  const named = holdersOnly ? partnerNos.slice(0, longest) : partnerNos;
  return `${holdersOnly ? "?" : ""}${named.length <= longest ? named.join(",") : "*"}`;
}

/** @example parseRing("?3,4") // { partnerNos: [3, 4], holdersOnly: true } */
export function parseRing(payload: string): Ring {
  const holdersOnly = payload.startsWith("?");
  const names = holdersOnly ? payload.slice(1) : payload;
  return { partnerNos: names === "*" || names === "" ? [] : names.split(",").map(Number), holdersOnly };
}
