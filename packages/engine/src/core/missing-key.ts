/** The signature schemes that an endpoint document may ask for. */
export type Scheme = "v1" | "v1a";

/** Every scheme. */
export const schemes: readonly Scheme[] = ["v1", "v1a"];

/**
 * The note of an endpoint that is paused because its document asks for a scheme that its partner has no live key for.
 * Nothing is sent with fewer signatures than were asked for. The note is stored, and the ledger finds such endpoints
 * by it: a new text must leave the old one findable.
 */
export const missingKeyNote = (scheme: Scheme): string =>
  `signing_key_missing: it asks for ${scheme} signatures and the partner has no live ${scheme} key, so nothing is sent. ` +
  `Make one (rotate-secret with scheme ${scheme}), or take ${scheme} out of signing: either ends the pause, and so does a resume.`;
