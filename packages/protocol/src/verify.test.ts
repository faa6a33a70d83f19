import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import {
  checkFreshness,
  errorCodes,
  formatSignatureHeader,
  generateSecret,
  type HeaderSource,
  isProtocolError,
  parseSecret,
  type RawBody,
  readHeaders,
  readSignedMessage,
  type Secret,
  secretFromBytes,
  serializeEnvelope,
  sign,
  signatureMismatch,
  signingInput,
  verify,
} from "./index.ts";

const secrets = [secretFromBytes("whsec", new Uint8Array(32).fill(9))];
const now = new Date(1_700_000_000_999);
const signed = await sign("{}", { id: "msg_1", timestampSeconds: 1_700_000_000, secrets });
const refusal = (code: string, fields: object = {}) =>
  expect.objectContaining({ code, fields: expect.objectContaining(fields) });

describe("sources of headers", () => {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature } = signed;
  const good: [string, HeaderSource][] = [
    ["Headers", new Headers(signed)],
    ["a record as Node's request.headers", { host: "x", ...signed }],
    [
      "a record as Node's headersDistinct",
      { "webhook-id": [id], "webhook-timestamp": [timestamp], "webhook-signature": [signature] },
    ],
    ["a Map", new Map(Object.entries(signed))],
    ["a record with an undefined beside", { ...signed, "Webhook-Id": undefined }],
    [
      "a record without a prototype, in capitals",
      Object.assign(Object.create(null), {
        "WEBHOOK-ID": id,
        "Webhook-Timestamp": timestamp,
        "webhook-SIGNATURE": signature,
      }) as Record<string, string>,
    ],
  ];
  test.each(good)("%s", async (_, headers) => {
    expect(await verify("{}", headers, { secrets, now })).toMatchObject({ id: "msg_1" });
  });

  const bad: [string, string, unknown][] = [
    ["two spellings in one record", "header_duplicated", { ...signed, "Webhook-Id": id }],
    ["two values in a list", "header_duplicated", { ...signed, "webhook-timestamp": [timestamp, timestamp] }],
    ["an empty list", "header_missing", { ...signed, "webhook-signature": [] }],
    [
      "appended to Headers",
      "header_duplicated",
      (() => {
        const all = new Headers(signed);
        all.append("webhook-signature", signature);
        return all;
      })(),
    ],
    ["obsolete line folding", "id_malformed", { ...signed, "webhook-id": "msg\r\n 1" }],
    ["Node's flat rawHeaders", "headers_unreadable", Object.entries(signed).flat()],
    ["a number", "headers_unreadable", { ...signed, "webhook-timestamp": 1_700_000_000 }],
    ["null", "headers_unreadable", null],
    ["inherited values", "header_missing", Object.create(signed)],
  ];
  test.each(bad)("%s: %s", async (_, code, headers) => {
    await expect(verify("{}", headers as HeaderSource, { secrets, now })).rejects.toThrow(refusal(code));
  });

  test("the older spelling svix-* is read only when asked for", async () => {
    const renamed = Object.entries(signed).map(
      ([name, value]) => [name.replace("webhook-", "svix-"), value] as const,
    );
    expect(await verify("{}", renamed, { secrets, now, headerPrefix: "svix-" })).toMatchObject({
      id: "msg_1",
    });
    await expect(verify("{}", renamed, { secrets, now })).rejects.toThrow(
      refusal("header_missing", { header: "webhook-id" }),
    );
    await expect(verify("{}", signed, { secrets, now, headerPrefix: "svix-" })).rejects.toThrow(
      refusal("header_missing", { header: "svix-id" }),
    );
  });
});

describe("arguments", () => {
  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])(
    "a tolerance of %s accepts nothing",
    async (toleranceSeconds) => {
      const verifying = verify("{}", signed, { secrets, now, toleranceSeconds });
      await expect(verifying).rejects.toThrow(refusal("option_invalid", { option: "toleranceSeconds" }));
    },
  );

  test("an invalid now accepts nothing", async () => {
    const verifying = verify("{}", signed, { secrets, now: new Date("soon") });
    await expect(verifying).rejects.toThrow(refusal("option_invalid", { option: "now" }));
  });

  test("says how far the clock is off", () => {
    expect(() => checkFreshness(1000, { now: new Date(1_400_000) })).toThrow(
      refusal("timestamp_too_old", { skewSeconds: 400, toleranceSeconds: 300 }),
    );
    expect(() => checkFreshness(1000, { now: new Date(690_000) })).toThrow(
      refusal("timestamp_too_new", { skewSeconds: 310 }),
    );
    expect(() => checkFreshness(1000, { now: new Date(700_000) })).not.toThrow();
  });

  test.each([[{}], [null], [undefined], [new ArrayBuffer(2)], [[123, 125]], [new Uint16Array(1)]])(
    "a parsed body is named: %s",
    async (body) => {
      await expect(verify(body as unknown as RawBody, signed, { secrets, now })).rejects.toThrow(
        refusal("body_not_raw"),
      );
    },
  );

  test("secrets as plain text are named, not taken for a mismatch", async () => {
    const plain = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] as unknown as Secret[];
    await expect(verify("{}", signed, { secrets: plain, now })).rejects.toThrow(
      refusal("option_invalid", { option: "secrets" }),
    );
    await expect(sign("{}", { id: "a", timestampSeconds: 1, secrets: plain })).rejects.toThrow(
      refusal("option_invalid"),
    );
  });

  test.each([
    [{ id: "a.b" }, "id_malformed"],
    [{ id: "" }, "id_malformed"],
    [{ timestampSeconds: 1.5 }, "timestamp_malformed"],
    [{ timestampSeconds: -1 }, "timestamp_malformed"],
    [{ timestampSeconds: 1_700_000_000_000 }, "timestamp_in_milliseconds"],
    [{ secrets: [] }, "secrets_missing"],
    [{ secrets: Array.from({ length: 17 }, () => secrets[0] as Secret) }, "signatures_too_many"],
    [{ secrets: [secretFromBytes("whpk", new Uint8Array(32))] }, "secret_unsuitable"],
  ])("sign refuses %o: %s", async (wrong, code) => {
    const options = { id: "msg_1", timestampSeconds: 1, secrets, ...wrong };
    await expect(sign("{}", options)).rejects.toThrow(refusal(code));
  });

  test("the remaining doors refuse bad values by name", async () => {
    expect(() => generateSecret(() => new Uint8Array(31))).toThrow(
      refusal("option_invalid", { option: "randomBytes" }),
    );
    expect(() => formatSignatureHeader([])).toThrow(refusal("secrets_missing"));
    const parts = { eventId: "a", type: "b", occurredAt: "c", schemaVersion: 1, dataText: "{}" };
    expect(() => serializeEnvelope({ ...parts, dataText: "" })).toThrow(
      refusal("option_invalid", { option: "dataText" }),
    );
    expect(() => serializeEnvelope({ ...parts, schemaVersion: 1.5 })).toThrow(
      refusal("option_invalid", { option: "schemaVersion" }),
    );
  });

  test("a runtime without WebCrypto is named", async () => {
    vi.stubGlobal("crypto", undefined);
    const fresh = [parseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
    await expect(sign("{}", { id: "a", timestampSeconds: 1, secrets: fresh })).rejects.toThrow(
      refusal("crypto_unsupported"),
    );
    vi.unstubAllGlobals();
    expect(await sign("{}", { id: "a", timestampSeconds: 1, secrets })).toMatchObject({ "webhook-id": "a" });
  });
});

test("a secret is imported once, however often it is used", async () => {
  const importing = vi.spyOn(crypto.subtle, "importKey");
  const fresh = [secretFromBytes("whsec", new Uint8Array(24).fill(3))];
  for (const id of ["a", "b", "c"]) {
    const headers = await sign("{}", { id, timestampSeconds: 1, secrets: fresh });
    await verify("{}", headers, { secrets: fresh, now: new Date(1000) });
  }
  expect(importing).toHaveBeenCalledTimes(1);
  importing.mockRestore();
});

test("without cryptography: every signature is paired with the secrets of its scheme, and only those", async () => {
  const key = secretFromBytes("whpk", new Uint8Array(32));
  const [hmac] = secrets as [Secret];
  const both = { ...signed, "webhook-signature": `v1a,${"A".repeat(86)}== ${signed["webhook-signature"]}` };
  const { candidates, ...rest } = readSignedMessage(both, { secrets: [hmac, key, hmac], now });
  expect(rest).toEqual({ id: "msg_1", timestampSeconds: 1_700_000_000 });
  expect(candidates.map(({ scheme, secretIndex }) => [scheme, secretIndex])).toEqual([
    ["v1a", 1],
    ["v1", 0],
    ["v1", 2],
  ]);
  expect(candidates.map(({ secret, signature }) => [secret.kind, signature.length])).toEqual([
    ["whpk", 64],
    ["whsec", 32],
    ["whsec", 32],
  ]);
  expect(signatureMismatch(candidates)).toMatchObject({
    code: "signature_mismatch",
    fields: { candidatesTried: 3 },
  });
});

test("reading headers alone refuses an id that could shift the signed parts", () => {
  expect(() => readHeaders({ ...signed, "webhook-id": "a.b" })).toThrow(refusal("id_malformed"));
});

test("the signing input is id, timestamp and the untouched bytes; a view keeps its bounds", () => {
  const view = Buffer.from([9, 0xff, 0x00, 9]).subarray(1, 3);
  expect([...signingInput("a", 1, view)]).toEqual([...Buffer.from("a.1."), 0xff, 0x00]);
  expect(signingInput("a", 1, "é")).toEqual(signingInput("a", 1, Uint8Array.from(Buffer.from("é"))));
});

test("codes are unique, snake_case, each with one line of meaning, and narrow their fields", async () => {
  expect(new Set(errorCodes.map(({ code }) => code)).size).toBe(errorCodes.length);
  for (const { code, meaning } of errorCodes) {
    expect(code).toMatch(/^[a-z0-9]+(_[a-z0-9]+)+$/);
    expect(meaning).toMatch(/^[A-Z][^\n]*\.$/);
  }
  const error: unknown = await verify("{}", {}, { secrets, now }).catch((error: unknown) => error);
  const header: string | undefined =
    isProtocolError(error) && error.code === "header_missing" ? error.fields.header : undefined;
  expect(header).toBe("webhook-id");
});

test("the README's example runs as printed", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  expect(code).toContain("@postrider/protocol");
  const folder = new URL("..", import.meta.url);
  const output = execFileSync(process.execPath, ["--input-type=module-typescript", "-e", code], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(output).toBe("msg_1 [secret]\n");
});
