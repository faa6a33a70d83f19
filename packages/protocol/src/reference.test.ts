import {
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign as edSign,
  verify as edVerify,
} from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  formatSignatureHeader,
  generateKeyPair,
  generateSecret,
  secretFromBytes,
  sign,
  signingPrefix,
  verify,
} from "./index.ts";

const timestampSeconds = 1_767_225_600;
const now = new Date(timestampSeconds * 1000);
const bodies = ['{"test": 2432232314}', '{"city":"Zürich 🚀"}', '{ "spaced" : [1.10, 1e400] }', '""'];

// The reference library reads the clock itself.
beforeEach(() => void vi.useFakeTimers({ now, toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

describe("the npm package standardwebhooks", () => {
  test.each(bodies.slice(0, 2))("verifies what we sign: %s", async (body) => {
    const secret = generateSecret(randomBytes);
    const headers = await sign(body, {
      id: "msg_1",
      timestampSeconds,
      secrets: [generateSecret(randomBytes), secret],
    });
    expect(new Webhook(secret.reveal().text).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(generateSecret(randomBytes).reveal().text).verify(body, headers)).toThrow(
      "No matching",
    );
  });

  test.each(bodies)("signs what we verify: %s", async (body) => {
    const secret = generateSecret(randomBytes);
    const signature = new Webhook(secret.reveal().text).sign("msg_2", now, body);
    const headers = {
      "webhook-id": "msg_2",
      "webhook-timestamp": String(timestampSeconds),
      "webhook-signature": signature,
    };
    const result = await verify(Buffer.from(body), headers, { secrets: [secret], now });
    expect(result).toEqual({ id: "msg_2", timestampSeconds, scheme: "v1", secretIndex: 0 });
  });

  test("gives two different non-UTF-8 bodies one signature, where ours differ", async () => {
    const secret = generateSecret(randomBytes);
    const [first, second] = [Buffer.from([0xff, 0x7b]), Buffer.from([0xfe, 0x7b])];
    const theirs = new Webhook(secret.reveal().text);
    expect(theirs.sign("msg_3", now, first)).toBe(theirs.sign("msg_3", now, second));
    const options = { id: "msg_3", timestampSeconds, secrets: [secret] };
    const [ours, other] = await Promise.all([sign(first, options), sign(second, options)]);
    expect(ours["webhook-signature"]).not.toBe(other["webhook-signature"]);
  });
});

describe("node:crypto alone", () => {
  test("an HMAC fed with signingPrefix and body makes the same header as sign", async () => {
    const secret = generateSecret(randomBytes);
    const body = randomBytes(1024);
    const hmac = createHmac("sha256", secret.reveal().bytes)
      .update(signingPrefix("msg_4", timestampSeconds))
      .update(body);
    const header = formatSignatureHeader([{ scheme: "v1", signature: hmac.digest("base64") }]);
    const signed = await sign(body, { id: "msg_4", timestampSeconds, secrets: [secret] });
    expect(signed["webhook-signature"]).toBe(header);
  });

  test("ed25519: verifies with our public key what our private key signed", async () => {
    const { privateKey, publicKey } = await generateKeyPair(randomBytes);
    const body = randomBytes(64);
    const headers = await sign(body, { id: "msg_5", timestampSeconds, secrets: [privateKey] });
    const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), publicKey.reveal().bytes]);
    const signature = Buffer.from(headers["webhook-signature"].slice("v1a,".length), "base64");
    const input = Buffer.concat([Buffer.from(signingPrefix("msg_5", timestampSeconds)), body]);
    const key = { key: spki, format: "der", type: "spki" } as const;
    expect(edVerify(null, input, key, signature)).toBe(true);
    expect(edVerify(null, Buffer.concat([input, Buffer.from("x")]), key, signature)).toBe(false);
  });

  test("ed25519: keys and signatures made there verify here", async () => {
    const pair = generateKeyPairSync("ed25519");
    const { d = "", x = "" } = pair.privateKey.export({ format: "jwk" });
    const body = randomBytes(64);
    const input = Buffer.concat([Buffer.from(signingPrefix("msg_6", timestampSeconds)), body]);
    const signature = edSign(
      null,
      input,
      createPrivateKey(pair.privateKey.export({ format: "pem", type: "pkcs8" })),
    );
    const headers = {
      "webhook-id": "msg_6",
      "webhook-timestamp": String(timestampSeconds),
      "webhook-signature": formatSignatureHeader([{ scheme: "v1a", signature }]),
    };
    const secrets = [secretFromBytes("whpk", Buffer.from(x, "base64url"))];
    expect(await verify(body, headers, { secrets, now })).toMatchObject({ id: "msg_6", scheme: "v1a" });
    const ours = await sign(body, {
      id: "msg_6",
      timestampSeconds,
      secrets: [secretFromBytes("whsk", Buffer.from(d, "base64url"))],
    });
    expect(ours).toEqual(headers);
  });
});
