import accepted from "@postrider/protocol/vectors/accepted.json" with { type: "json" };
import refused from "@postrider/protocol/vectors/refused.json" with { type: "json" };
import secrets from "@postrider/protocol/vectors/secrets.json" with { type: "json" };
import signing from "@postrider/protocol/vectors/signing.json" with { type: "json" };
import { parseSecret } from "@postrider/protocol";
import type { Verify } from "../src/index.ts";

/** What one check of a suite came to: `ok`, or what came instead. */
export interface SuiteResult {
  name: string;
  ok: boolean;
  got: string;
}

const bytes = (base64: string): Uint8Array =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const at = (seconds: number): Date => new Date(seconds * 1000);
const pairs = (headers: string[][]) => headers.map(([name = "", value = ""]) => [name, value] as const);

/** Runs every shared vector that a receiver can be asked, against `verify`. Runs wherever JavaScript does, without a test runner. */
export async function runVectors(verify: Verify): Promise<SuiteResult[]> {
  const results: SuiteResult[] = [];
  const check = async (name: string, expected: unknown, run: () => unknown): Promise<void> => {
    const got = await outcome(run);
    results.push({ name, got, ok: got === JSON.stringify(expected) });
  };

  for (const { name, id, timestamp, signature, verify_secrets, body_base64 } of signing.vectors) {
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signature,
    };
    for (const secret of verify_secrets) {
      const scheme = secret.startsWith("whpk_") ? "v1a" : "v1";
      const expected = { id, timestampSeconds: timestamp, scheme, secretIndex: 0 };
      await check(`signing: ${name}`, expected, () =>
        verify(bytes(body_base64), headers, { secrets: secret, now: at(timestamp) }),
      );
    }
  }
  for (const { name, result, now, tolerance_seconds, ...vector } of accepted.vectors) {
    const { id, timestamp: timestampSeconds, scheme, secret_index: secretIndex } = result;
    const options = { secrets: vector.verify_secrets, now: at(now), toleranceSeconds: tolerance_seconds };
    const body = bytes(vector.body_base64);
    const expected = { id, timestampSeconds, scheme, secretIndex };
    const merged = new Headers(
      vector.headers.map(([key = "", value = ""]): [string, string] => [key, value]),
    );
    await check(`accepted: ${name}`, expected, () => verify(body, pairs(vector.headers), options));
    await check(`accepted, Headers: ${name}`, expected, () => verify(body, merged, options));
  }
  for (const { name, error, now, tolerance_seconds, ...vector } of refused.vectors) {
    const options = { secrets: vector.verify_secrets, now: at(now), toleranceSeconds: tolerance_seconds };
    await check(`refused: ${name}`, { error }, () =>
      verify(bytes(vector.body_base64), pairs(vector.headers), options),
    );
  }
  for (const { text, kind } of secrets.accepted)
    await check(`secret: ${text}`, kind, () => parseSecret(text).kind);
  for (const { name, text, error } of secrets.refused)
    await check(`secret: ${name}`, { error }, () => parseSecret(text));
  return results;
}

async function outcome(run: () => unknown): Promise<string> {
  try {
    return JSON.stringify(await run());
  } catch (error) {
    return JSON.stringify({ error: (error as { code?: string }).code ?? String(error) });
  }
}
