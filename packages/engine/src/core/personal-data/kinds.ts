import type { PersonalKind } from "@postrider/contract";

/** Kinds as one number, so that looking for several costs one pass: bits of {@link kindBits} added up. */
export type KindSet = number;

/** The bit of each kind that a text can be looked through for. */
export const kindBits: Readonly<Record<PersonalKind, KindSet>> = { email: 1, phone: 2, card: 4 };

/** Each kind that there is. */
export const everyKind: KindSet = 7;

/** A kind in words, with its article. */
export const kindWords: Readonly<Record<PersonalKind, string>> = {
  email: "an e-mail address",
  phone: "a phone number",
  card: "a payment card number",
};

/**
 * The kinds of a set, in a fixed order.
 *
 * @example kindsOf(kindBits.email + kindBits.card) // ["email", "card"]
 */
export function kindsOf(set: KindSet): readonly PersonalKind[] {
  return (["email", "phone", "card"] as const).filter((kind) => (set & kindBits[kind]) !== 0);
}
