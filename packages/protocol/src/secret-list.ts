import { ProtocolError } from "./errors.ts";
import type { Secret } from "./secret.ts";
import { optionInvalid } from "./timestamp.ts";

/** @throws ProtocolError `secrets_missing`, `option_invalid` (not parsed), `secret_unsuitable` */
export function checkSecrets(secrets: readonly Secret[], purpose: "sign" | "verify"): void {
  if (!Array.isArray(secrets)) throw notParsed();
  if (secrets.length === 0) {
    throw new ProtocolError("secrets_missing", {}, `Give at least one secret to ${purpose} with.`);
  }
  const unsuitable = purpose === "sign" ? "whpk" : "whsk";
  for (const secret of secrets as ReadonlyArray<Secret | null | undefined>) {
    // Callers without types pass strings; a string would otherwise look like a secret of no scheme.
    if (typeof secret?.reveal !== "function") throw notParsed();
    if (secret.kind === unsuitable) {
      const words = `A ${unsuitable}_ cannot ${purpose}: give the other key of its pair.`;
      throw new ProtocolError("secret_unsuitable", { kind: unsuitable, purpose }, words);
    }
  }
}

function notParsed(): ProtocolError<"option_invalid"> {
  return optionInvalid("secrets", "a list of secrets made by parseSecret");
}
