import { ProtocolError } from "./errors.ts";
import type { Secret } from "./secret.ts";
import { optionInvalid } from "./timestamp.ts";

/** @throws ProtocolError `secrets_missing`, `option_invalid` (not parsed), `secret_unsuitable` */
export function checkSecrets(secrets: readonly Secret[], purpose: "sign" | "verify"): void {
  // Callers without types pass strings; a string would otherwise look like a secret of no scheme.
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [undefined];
  if (!list.every((secret) => typeof (secret as Secret | null | undefined)?.reveal === "function")) {
    throw optionInvalid("secrets", "a list of secrets made by parseSecret");
  }
  if (secrets.length === 0) {
    throw new ProtocolError("secrets_missing", {}, `Give at least one secret to ${purpose} with.`);
  }
  const kind = purpose === "sign" ? "whpk" : "whsk";
  if (secrets.some((secret) => secret.kind === kind)) {
    const words = `A ${kind}_ cannot ${purpose}: give the other key of its pair.`;
    throw new ProtocolError("secret_unsuitable", { kind, purpose }, words);
  }
}
