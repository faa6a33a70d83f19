import type { Secret } from "@postrider/protocol";
import { isKeySource, type SecretInput, secretOf } from "../key-source.ts";
import type { Finding } from "./finding.ts";

/** A secret that can be tried, and what to call it. */
export interface NamedSecret {
  label: string;
  secret: Secret;
}

/** The secrets that can be tried, and what is wrong with the others. */
export async function inspectSecrets(
  inputs: ReadonlyArray<readonly [label: string, input: SecretInput]>,
  now: Date,
): Promise<{ named: NamedSecret[]; findings: Finding[] }> {
  const named: NamedSecret[] = [];
  const findings: Finding[] = [];
  for (const [label, input] of inputs) {
    try {
      const secrets = isKeySource(input) ? await input.keys(now) : [secretOf(input)];
      for (const secret of secrets) {
        if (secret.kind === "whsk") findings.push(privateKey(label));
        else named.push({ label, secret });
      }
    } catch (error) {
      findings.push(unreadable(label, input, error));
    }
  }
  return { named, findings };
}

function privateKey(label: string): Finding {
  const message = `${label} is the sender's private key (whsk_): verify with the whpk_ of the pair, and have the sender make a new pair.`;
  return { cause: "secret_not_base64", message, details: { label } };
}

function unreadable(label: string, input: SecretInput, error: unknown): Finding {
  const text = typeof input === "string" ? input : "";
  const message = `${label} cannot be used: ${hint(text) ?? words(error)}`;
  return { cause: "secret_not_base64", message, details: { label, length: text.length } };
}

const words = (error: unknown): string => (error instanceof Error ? error.message : "it is no secret.");

function hint(text: string): string | undefined {
  if (text === "") return undefined;
  if (text !== text.trim())
    return "it has white space or a line end around it; trim what you read from the file or environment.";
  if (/^["'].*["']$/.test(text)) return "it is in quotes; remove them.";
  if (!/^wh(?:sec|pk)_/.test(text)) return undefined;
  if (/[-_]/.test(text.slice(6)))
    return "it is written in base64url (- and _); the sender shows standard base64 (+ and /).";
  if (/^wh(?:sec|pk)_[0-9a-f]{48,128}$/.test(text))
    return "it looks like hex; give the base64 that the sender shows.";
  return undefined;
}
