import { createHmac, createPublicKey, verify as edVerify } from "node:crypto";
import { describe, expect, test } from "vitest";
import accepted from "../vectors/accepted.json" with { type: "json" };
import envelope from "../vectors/envelope.json" with { type: "json" };
import refused from "../vectors/refused.json" with { type: "json" };
import secrets from "../vectors/secrets.json" with { type: "json" };
import signing from "../vectors/signing.json" with { type: "json" };
import { errorCodes, parseSecret, publicKeyOf, serializeEnvelope, sign, verify } from "./index.ts";

const bytes = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));
const at = (seconds: number): Date => new Date(seconds * 1000);
const pairs = (headers: string[][]) => headers.map(([name = "", value = ""]) => [name, value] as const);
const refusal = (error: string) => ({ name: "ProtocolError", code: error });

function nodeVerifies(secretText: string, input: Buffer, entry: string): boolean {
  const key = Buffer.from(secretText.slice(secretText.indexOf("_") + 1), "base64");
  const [scheme, signature = ""] = entry.split(",");
  if (scheme === "v1") return createHmac("sha256", key).update(input).digest("base64") === signature;
  const jwk = { kty: "OKP", crv: "Ed25519", x: key.toString("base64url") };
  return edVerify(
    null,
    input,
    createPublicKey({ key: jwk, format: "jwk" }),
    Buffer.from(signature, "base64"),
  );
}

describe("signing.json", () => {
  test.each(signing.vectors)("signs: $name", async (vector) => {
    const options = {
      id: vector.id,
      timestampSeconds: vector.timestamp,
      secrets: vector.secrets.map(parseSecret),
    };
    const headers = {
      "webhook-id": vector.id,
      "webhook-timestamp": String(vector.timestamp),
      "webhook-signature": vector.signature,
    };
    expect(await sign(bytes(vector.body_base64), options)).toEqual(headers);
  });

  const texts = signing.vectors.filter(({ body_text }) => body_text !== undefined);
  test.each(texts)(
    "signs a string as its UTF-8 bytes: $name",
    async ({ id, timestamp, body_text = "", ...vector }) => {
      expect(bytes(vector.body_base64)).toEqual(Uint8Array.from(Buffer.from(body_text)));
      const options = { id, timestampSeconds: timestamp, secrets: vector.secrets.map(parseSecret) };
      expect(await sign(body_text, options)).toMatchObject({ "webhook-signature": vector.signature });
    },
  );

  test.each(signing.vectors)("verifies with each secret alone: $name", async (vector) => {
    const { id, timestamp } = vector;
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": vector.signature,
    };
    for (const secret of vector.verify_secrets.map(parseSecret)) {
      const result = await verify(bytes(vector.body_base64), headers, {
        secrets: [secret],
        now: at(timestamp),
      });
      expect(result).toEqual({ id, timestampSeconds: timestamp, scheme: secret.scheme, secretIndex: 0 });
    }
  });

  test.each(signing.vectors)("agrees with node:crypto alone: $name", (vector) => {
    const input = Buffer.concat([
      Buffer.from(`${vector.id}.${vector.timestamp}.`),
      bytes(vector.body_base64),
    ]);
    const signatures = vector.signature.split(" ");
    expect(signatures).toHaveLength(vector.verify_secrets.length);
    const verdicts = vector.verify_secrets.map((text, index) =>
      nodeVerifies(text, input, signatures[index] ?? ""),
    );
    expect(verdicts).not.toContain(false);
  });
});

describe("accepted.json", () => {
  test.each(accepted.vectors)("$name", async (vector) => {
    const { id, timestamp, scheme, secret_index } = vector.result;
    const options = {
      secrets: vector.verify_secrets.map(parseSecret),
      now: at(vector.now),
      toleranceSeconds: vector.tolerance_seconds,
    };
    const expected = { id, timestampSeconds: timestamp, scheme, secretIndex: secret_index };
    expect(await verify(bytes(vector.body_base64), pairs(vector.headers), options)).toEqual(expected);
    const merged = new Headers(
      vector.headers.map(([name = "", value = ""]): [string, string] => [name, value]),
    );
    expect(await verify(bytes(vector.body_base64), merged, options)).toEqual(expected);
  });
});

describe("refused.json", () => {
  test.each(refused.vectors)("$error: $name", async (vector) => {
    const options = {
      secrets: vector.verify_secrets.map(parseSecret),
      now: at(vector.now),
      toleranceSeconds: vector.tolerance_seconds,
    };
    const verifying = verify(bytes(vector.body_base64), pairs(vector.headers), options);
    await expect(verifying).rejects.toMatchObject(refusal(vector.error));
  });

  test("covers every code that a received message can cause", () => {
    const messageCodes = errorCodes
      .map(({ code }) => code)
      .filter((code) => /^(header_|id_|timestamp_|signatures?_)/.test(code));
    const met = new Set(refused.vectors.map(({ error }) => error));
    expect(messageCodes.filter((code) => !met.has(code))).toEqual([]);
  });
});

describe("secrets.json", () => {
  test.each(secrets.accepted)("reads $text", ({ text, kind, bytes_hex }) => {
    const secret = parseSecret(text);
    expect(secret.kind).toBe(kind);
    expect(Buffer.from(secret.reveal().bytes).toString("hex")).toBe(bytes_hex);
    expect(secret.reveal().text).toBe(text);
  });

  test.each(secrets.refused)("$error: $name", ({ text, error }) => {
    expect(() => parseSecret(text)).toThrow(expect.objectContaining(refusal(error)));
  });

  test.each(secrets.key_pairs)("derives $public_key", async ({ private_key, seed_only, public_key }) => {
    expect((await publicKeyOf(parseSecret(private_key))).reveal().text).toBe(public_key);
    expect((await publicKeyOf(parseSecret(seed_only))).reveal().text).toBe(public_key);
  });

  test("a private key that carries another's public key is refused, for signing and deriving alike", async () => {
    const { text, error } = secrets.unusable_private_key;
    const signingWithIt = sign("{}", { id: "msg_1", timestampSeconds: 1, secrets: [parseSecret(text)] });
    await expect(signingWithIt).rejects.toMatchObject(refusal(error));
    await expect(publicKeyOf(parseSecret(text))).rejects.toMatchObject(refusal(error));
  });
});

test.each(envelope.vectors)("envelope.json: $event_id", (vector) => {
  const { event_id, type, occurred_at, schema_version, data_text, text } = vector;
  const parts = {
    eventId: event_id,
    type,
    occurredAt: occurred_at,
    schemaVersion: schema_version,
    dataText: data_text,
  };
  expect(serializeEnvelope(parts)).toBe(text);
  expect(JSON.parse(text)).toMatchObject({ id: event_id, type, timestamp: occurred_at, schema_version });
});
