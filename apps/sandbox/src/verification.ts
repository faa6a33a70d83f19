import { isProtocolError, parseSecret, type Secret, verify } from "@postrider/protocol";
import type { Finding } from "@postrider/receiver";
import { SandboxError } from "./errors.ts";

/**
 * What the sandbox thinks of a request's signature.
 *
 * `unsigned`: no `webhook-signature`. `unchecked`: signed, but no secret of the partner was registered when it
 * arrived, or its body was longer than is held for verifying. `failed` carries the code of `@postrider/protocol`, and
 * in listings the doctor's findings on the newest ones.
 */
export type Verification =
  | { verdict: "verified" }
  | { verdict: "unsigned" }
  | { verdict: "unchecked" }
  | { verdict: "failed"; code: string; message: string; findings?: readonly Finding[] };

/** The verdicts, for counting. */
export type Verdict = Verification["verdict"];

/** Secrets and public keys of a partner. */
export type Keys = readonly Secret[];

/**
 * Reads what a partner verifies with: `whsec_…` or `whpk_…`.
 *
 * @throws SandboxError `secret_invalid`, without the secret's text
 */
export function parseKeys(texts: readonly string[], kind: "whsec" | "whpk"): Keys {
  return texts.map((text) => {
    const key = parseKey(text);
    if (key.kind === kind) return key;
    throw new SandboxError("secret_invalid", `This is a ${key.kind}_, and a ${kind}_ belongs here.`);
  });
}

function parseKey(text: string): Secret {
  try {
    return parseSecret(text);
  } catch (error) {
    if (isProtocolError(error)) throw new SandboxError("secret_invalid", error.message);
    throw error;
  }
}

/** Verifies raw bytes as of their arrival, with the default tolerance of the protocol. Never throws. */
export async function judge(
  body: Uint8Array,
  rawHeaders: readonly string[],
  keys: Keys,
  atMs: number,
): Promise<Verification> {
  try {
    await verify(body, headerPairs(rawHeaders), { secrets: keys, now: new Date(atMs) });
    return { verdict: "verified" };
  } catch (error) {
    if (isProtocolError(error)) return { verdict: "failed", code: error.code, message: error.message };
    return { verdict: "failed", code: "unexpected", message: String(error) };
  }
}

/** Node's flat `rawHeaders` as pairs: duplicates stay visible. */
export function headerPairs(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index < rawHeaders.length; index += 2)
    pairs.push([rawHeaders[index]!, rawHeaders[index + 1]!]);
  return pairs;
}

/** The value of a header, found without building a map of all: this runs for every request. */
export function findHeader(rawHeaders: readonly string[], lowerCaseName: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName)
      return rawHeaders[index + 1];
  }
  return undefined;
}
