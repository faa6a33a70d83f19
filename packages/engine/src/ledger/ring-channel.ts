import type { Ring } from "../ports/ledger.ts";

/**
 * The payload of the notification channel `postrider_ring`: partner numbers with commas between, `*` for "sweep". Before
 * them may stand `?`, "whoever holds their turns looks again, and nobody else does anything", or `!`, "serve them yourself:
 * I cannot".
 */
type Mark = "" | "?" | "!";

/** Partners named in one notification: its payload may have 8,000 bytes. */
const longest = 700;

export function ringPayload(partnerNos: readonly number[], mark: Mark = ""): string {
  // Holders look again by themselves twice a second, and sweeps find the rest: too many to name are not worth a sweep of everybody.
  const named = mark === "" ? partnerNos : partnerNos.slice(0, longest);
  return `${mark}${named.length <= longest ? named.join(",") : "*"}`;
}

/** @example parseRing("?3,4") // { partnerNos: [3, 4], holdersOnly: true, passedOn: false } */
export function parseRing(payload: string): Ring {
  const [, mark = "", names = ""] = /^([?!]?)(.*)$/s.exec(payload) ?? [];
  return {
    partnerNos: names === "*" || names === "" ? [] : names.split(",").map(Number),
    holdersOnly: mark === "?",
    passedOn: mark === "!",
  };
}
