import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  generateKeyPair,
  type HeaderSource,
  isProtocolError,
  maxIdLength,
  parseSecret,
  readHeaders,
  type Secret,
  secretFromBytes,
  sign,
  type SignedHeaders,
  verify,
} from "./index.ts";

const seed = Number(process.env["FC_SEED"] ?? 20_260_131);
const settings = (numRuns: number) => ({ seed, numRuns });

const idCharacter = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const id = fc
  .array(
    idCharacter.filter((character) => !",.".includes(character)),
    { minLength: 1, maxLength: maxIdLength },
  )
  .map((characters) => characters.join(""));
const timestampSeconds = fc.integer({ min: 0, max: 99_999_999_999 });
const body = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 100 }));
const whsec = fc.uint8Array({ minLength: 24, maxLength: 64 }).map((bytes) => secretFromBytes("whsec", bytes));
const at = (seconds: number): Date => new Date(seconds * 1000);

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const position = bit % (copy.length * 8);
  copy[position >> 3] = (copy[position >> 3] ?? 0) ^ (1 << (position & 7));
  return copy;
}

async function codeOf(attempt: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
    return "accepted";
  } catch (error) {
    if (isProtocolError(error)) return error.code;
    throw error;
  }
}

function timestampOrCode(headers: HeaderSource): string {
  try {
    return String(readHeaders(headers).timestampSeconds);
  } catch (error) {
    if (isProtocolError(error)) return error.code;
    throw error;
  }
}

describe("round trip", () => {
  test("whatever is signed with several secrets verifies with any of them", async () => {
    const secrets = fc.array(whsec, { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(
      id,
      timestampSeconds,
      body,
      secrets,
      async (id, timestampSeconds, body, secrets) => {
        const headers = await sign(body, { id, timestampSeconds, secrets });
        for (const secret of secrets) {
          const result = await verify(body, headers, { secrets: [secret], now: at(timestampSeconds) });
          expect(result).toEqual({ id, timestampSeconds, scheme: "v1", secretIndex: 0 });
        }
      },
    );
    await fc.assert(property, settings(150));
  });

  test("key pairs from any seed sign and verify", async () => {
    const keySeed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const property = fc.asyncProperty(keySeed, id, body, async (keySeed, id, body) => {
      const { privateKey, publicKey } = await generateKeyPair(() => keySeed);
      const headers = await sign(body, { id, timestampSeconds: 1, secrets: [privateKey] });
      expect(await verify(body, headers, { secrets: [publicKey], now: at(1) })).toMatchObject({
        id,
        scheme: "v1a",
      });
    });
    await fc.assert(property, settings(40));
  });

  test("secrets survive their text", () => {
    const property = fc.property(whsec, (secret) => {
      expect(parseSecret(secret.reveal().text).reveal()).toEqual(secret.reveal());
    });
    fc.assert(property, settings(200));
  });
});

describe("tampering", () => {
  const filled = fc.uint8Array({ minLength: 1, maxLength: 120 });

  test("any flipped bit of the body is refused, in both schemes", async () => {
    const pair = await generateKeyPair(() => new Uint8Array(32).fill(7));
    const hmac = secretFromBytes("whsec", new Uint8Array(32).fill(9));
    const property = fc.asyncProperty(filled, fc.nat(), async (body, bit) => {
      for (const [signer, verifier] of [
        [pair.privateKey, pair.publicKey],
        [hmac, hmac],
      ] as [Secret, Secret][]) {
        const headers = await sign(body, { id: "msg_1", timestampSeconds: 1, secrets: [signer] });
        const verifying = verify(flip(body, bit), headers, { secrets: [verifier], now: at(1) });
        expect(await codeOf(verifying)).toBe("signature_mismatch");
      }
    });
    await fc.assert(property, settings(100));
  });

  test("any other character anywhere in any header is refused", async () => {
    const secrets = [secretFromBytes("whsec", new Uint8Array(32).fill(9))];
    const headers = await sign("{}", { id: "msg_1", timestampSeconds: 1_700_000_000, secrets });
    const name = fc.constantFrom(...(Object.keys(headers) as (keyof SignedHeaders)[]));
    const property = fc.asyncProperty(
      name,
      fc.nat(),
      fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 1 }),
      async (name, index, character) => {
        const value = headers[name];
        const position = index % value.length;
        fc.pre(value[position] !== character);
        const changed = {
          ...headers,
          [name]: value.slice(0, position) + character + value.slice(position + 1),
        };
        // So wide a tolerance that only form and signature can refuse.
        const options = { secrets, now: at(1_700_000_000), toleranceSeconds: 1e12 };
        expect(await codeOf(verify("{}", changed, options))).not.toBe("accepted");
      },
    );
    await fc.assert(property, settings(600));
  });

  test("a body cannot lend characters to the id or the timestamp", async () => {
    const secrets = [secretFromBytes("whsec", new Uint8Array(32).fill(9))];
    const property = fc.asyncProperty(id, timestampSeconds, timestampSeconds, async (id, first, second) => {
      const headers = await sign(`${second}.x`, { id, timestampSeconds: first, secrets });
      const shifted = { ...headers, "webhook-id": `${id}.${first}`, "webhook-timestamp": String(second) };
      expect(await codeOf(verify("x", shifted, { secrets, now: at(second) }))).toBe("id_malformed");
    });
    await fc.assert(property, settings(100));
  });
});

describe("junk", () => {
  const near = fc.constantFrom(
    "webhook-id",
    "Webhook-Timestamp",
    "webhook-signature",
    "WEBHOOK-ID",
    "webhook_id",
    "__proto__",
    "",
  );
  const name = fc.oneof(near, fc.string());
  const nearValue = fc.constantFrom(
    "msg_1",
    "1",
    "01",
    "1e3",
    "v1,",
    "v1,AAAA",
    `v1,${"A".repeat(43)}=`,
    `v1a,${"A".repeat(86)}==`,
    "v1",
    ",",
    " ",
  );
  const value = fc.oneof(nearValue, fc.string({ unit: "binary" }));
  const loose = fc.oneof(value, fc.array(value), fc.constant(undefined), fc.anything());
  const source = fc.oneof(
    fc.array(fc.tuple(name, value)),
    fc.dictionary(name, loose),
    fc.record(
      { "webhook-id": loose, "webhook-timestamp": loose, "webhook-signature": loose },
      { requiredKeys: [] },
    ),
    fc.anything(),
  ) as fc.Arbitrary<HeaderSource>;

  test("no headers at all crash the verifier, and none are accepted without a signature", async () => {
    const secrets = [
      secretFromBytes("whsec", new Uint8Array(32).fill(9)),
      secretFromBytes("whpk", new Uint8Array(32).fill(1)),
    ];
    const property = fc.asyncProperty(source, body, async (headers, body) => {
      expect(await codeOf(verify(body, headers, { secrets, now: at(1) }))).not.toBe("accepted");
    });
    await fc.assert(property, settings(3000));
  });

  test("a timestamp is read only if it prints back as it came", () => {
    const digits = fc
      .array(fc.constantFrom(...Array.from("0123456789+-.eExX \t_")), { maxLength: 16 })
      .map((characters) => characters.join(""));
    const property = fc.property(fc.oneof(digits, value, fc.nat().map(String)), (text) => {
      const headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": text,
        "webhook-signature": `v1,${"A".repeat(43)}=`,
      };
      expect([
        text,
        "timestamp_malformed",
        "timestamp_in_milliseconds",
        "header_missing",
        "header_duplicated",
      ]).toContain(timestampOrCode(headers));
    });
    fc.assert(property, settings(2000));
  });

  test("no text crashes the reader of secrets", async () => {
    const text = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `whsec_${rest}`),
      fc.base64String().map((rest) => `whsk_${rest}`),
    );
    const property = fc.asyncProperty(text, async (text) => {
      expect(await codeOf(() => parseSecret(text))).toMatch(/^(accepted|secret_)/);
    });
    await fc.assert(property, settings(500));
  });
});
