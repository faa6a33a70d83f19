import {
  checkFreshness,
  type HeaderSource,
  isProtocolError,
  ProtocolError,
  readHeaders,
  type Secret,
  type Verified,
} from "@postrider/protocol";
import { isKeySource, type KeySource, type Known, type SecretInput, secretOf } from "./key-source.ts";

/** Verifies where some secrets are sources of keys: asks them only if the message may need them. */
export const verifyAmong: KeySource["verifyAmong"] = async (inputs, rawBody, headers, known, attempt) => {
  const sources = sourcesFor(inputs, headers, known);
  const once = async (): Promise<Verified> => {
    const owners: number[] = [];
    const secrets: Secret[] = [];
    for (const [index, input] of inputs.entries()) {
      const found = !isKeySource(input)
        ? [secretOf(input)]
        : sources.includes(input)
          ? await input.keys(known.now)
          : [];
      secrets.push(...found);
      owners.push(...found.map(() => index));
    }
    if (secrets.length === 0) throw schemeUnmatched();
    const verified = await attempt(rawBody, headers, { ...known, secrets });
    return { ...verified, secretIndex: owners[verified.secretIndex] ?? verified.secretIndex };
  };

  try {
    return await once();
  } catch (error) {
    if (!isProtocolError(error) || error.code !== "signature_mismatch") throw error;
    const changed = await Promise.all(sources.map((source) => source.refresh(known.now)));
    if (!changed.includes(true)) throw error;
    return once();
  }
};

/** Before any fetch: a message that is malformed, stale or not signed with v1a must not cost one. */
function sourcesFor(inputs: readonly SecretInput[], headers: HeaderSource, known: Known): KeySource[] {
  const { timestampSeconds, signatures } = readHeaders(headers, known.headerPrefix);
  checkFreshness(timestampSeconds, known);
  return signatures.offered.includes("v1a") ? inputs.filter(isKeySource) : [];
}

function schemeUnmatched(): ProtocolError<"signature_scheme_unmatched"> {
  return new ProtocolError(
    "signature_scheme_unmatched",
    { offered: ["v1"], checkable: ["v1a"] },
    "The message is not signed with v1a, which public keys check: give the whsec_ too, or ask the sender for v1a.",
  );
}
