import { ProtocolError } from "./errors.ts";
import type { Secret } from "./secret.ts";
import { optionInvalid } from "./timestamp.ts";

/** @throws ProtocolError `secrets_missing`, `option_invalid` (not parsed), `secret_unsuitable` */
export function checkSecrets(secrets: readonly Secret[], purpose: "sign" | "verify"): void {
  // Callers without types pass strings; a string would otherwise look like a secret of no scheme.
  if (!Array.isArray(secrets)) throw notParsed();
  if (secrets.length === 0) {
    throw new ProtocolError("secrets_missing", {}, `Give at least one secret to ${purpose} with.`);
  }
  for (const secret of secrets as ReadonlyArray<Secret | null | undefined>)
    if (typeof secret?.reveal !== "function") throw notParsed();
  const kind = purpose === "sign" ? "whpk" : "whsk";
  for (const secret of secrets) {
    if (secret.kind !== kind) continue;
    const words = `A ${kind}_ cannot ${purpose}: give the other key of its pair.`;
    throw new ProtocolError("secret_unsuitable", { kind, purpose }, words);
  }
}

function notParsed(): ProtocolError<"option_invalid"> {
  return optionInvalid("secrets", "a list of secrets made by parseSecret");
}
