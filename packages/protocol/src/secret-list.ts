import { ProtocolError } from "./errors.ts";
import type { Secret } from "./secret.ts";
import { optionInvalid } from "./timestamp.ts";

const unsuitable = {
  sign: { kind: "whpk", words: "A whpk_ is a public key and cannot sign: give the whsk_ of the pair." },
  verify: {
    kind: "whsk",
    words:
      "A whsk_ is the sender's private key: verify with the whpk_ of the pair, and make a new pair if the whsk_ was sent to you.",
  },
} as const;

/** @throws ProtocolError `secrets_missing`, `option_invalid` (not parsed), `secret_unsuitable` */
export function checkSecrets(secrets: readonly Secret[], purpose: "sign" | "verify"): void {
  // Callers without types pass strings; a string would otherwise look like a secret of no scheme.
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [undefined];
  if (!list.every((secret) => typeof (secret as Secret | null | undefined)?.reveal === "function")) {
    throw optionInvalid("secrets", "a list of secrets made by parseSecret");
  }
  if (secrets.length === 0) {
    throw new ProtocolError(
      "secrets_missing",
      {},
      `There is nothing to ${purpose} with: give at least one secret.`,
    );
  }
  const { kind, words } = unsuitable[purpose];
  if (secrets.some((secret) => secret.kind === kind)) {
    throw new ProtocolError("secret_unsuitable", { kind, purpose }, words);
  }
}
