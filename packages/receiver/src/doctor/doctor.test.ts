import { generateKeyPair } from "@postrider/protocol";
import { expect, test } from "vitest";
import { now, nowSeconds, otherSecret, secret, signed } from "../testing/signed.ts";
import { compareBodies, diagnose, doctorCauses } from "../index.ts";

const sent =
  '{"id":"conv-1","type":"a.b","timestamp":"2026-02-01T12:00:00Z","schema_version":1,"data":{"payout":1.10,"city":"Zürich","url":"https://a/b","n":5}}';
const options = { secrets: secret, now };
const reread = (text: string): string => JSON.stringify(JSON.parse(text));
const latin1AsUtf8 = (text: string): Uint8Array => Buffer.from(Buffer.from(text).toString("latin1"));

async function causesFor(
  body: unknown,
  change: (headers: Record<string, string>) => unknown = (h) => h,
  more = {},
) {
  const headers = change({ ...(await signed(sent)) }) as Record<string, string>;
  const diagnosis = await diagnose(body, headers, { ...options, ...more });
  expect(diagnosis.verified).toBe(false);
  const printed = JSON.stringify(diagnosis);
  for (const hidden of [
    secret,
    secret.slice(6),
    otherSecret.slice(6),
    headers["webhook-signature"]?.slice(3, 40) ?? secret,
    "Zürich",
  ]) {
    expect(printed).not.toContain(hidden);
  }
  return diagnosis.findings;
}

test("a message that verifies has no findings", async () => {
  expect(await diagnose(sent, await signed(sent), options)).toEqual({ verified: true, findings: [] });
});

test.each([
  ["numbers", reread(sent), ["number_format"]],
  [
    "white space, as json.dumps",
    JSON.stringify(JSON.parse(sent), null, 2).replace("1.1,", "1.10,"),
    ["whitespace"],
  ],
  ["escapes", sent.replace("ü", "\\u00fc"), ["escapes"]],
  ["slashes", sent.replaceAll("/", "\\/"), ["escapes"]],
  ["order of keys", sent.replace('"id":"conv-1","type":"a.b"', '"type":"a.b","id":"conv-1"'), ["key_order"]],
  ["order of inner keys", sent.replace(',"n":5', "").replace('"payout"', '"n":5,"payout"'), ["key_order"]],
  ["several", JSON.stringify(JSON.parse(sent), null, 2), ["number_format", "whitespace"]],
])("a body written again, differing in %s", async (_, received, differences) => {
  const [finding] = await causesFor(received);
  expect(finding).toMatchObject({ cause: "body_reserialised", details: { differences } });
});

test.each([
  ["body_trailing_newline", `${sent}\n`],
  ["body_byte_order_mark", `\uFEFF${sent}`],
  ["body_charset_changed", latin1AsUtf8(sent)],
  ["body_charset_changed", Buffer.from(sent, "latin1")],
  ["body_base64_not_decoded", Buffer.from(sent).toString("base64")],
  ["body_double_encoded", JSON.stringify(sent)],
  ["body_empty", ""],
  ["body_already_parsed", JSON.parse(sent)],
  ["body_already_parsed", "[object Object]"],
  ["signature_mismatch", sent.replace("conv-1", "conv-2")],
])("%s", async (cause, received) => {
  expect((await causesFor(received)).map((finding) => finding.cause)).toEqual([cause]);
});

test("line ends", async () => {
  const headers = await signed('{\n"a":1}');
  const { findings } = await diagnose('{\r\n"a":1}', headers, options);
  expect(findings).toMatchObject([{ cause: "body_line_endings" }]);
});

test("a body of another length than announced, and one with replacement characters", async () => {
  const found = await causesFor("{\uFFFD", (headers) => ({ ...headers, "Content-Length": "150" }));
  expect(found.map(({ cause }) => cause)).toEqual([
    "body_length_changed",
    "body_charset_changed",
    "signature_mismatch",
  ]);
  expect(found[0]?.details).toEqual({ bodyBytes: 4, contentLength: 150 });
});

test("the secret of another endpoint is named, also where the body was changed as well", async () => {
  const knownSecrets = { production: secret };
  expect(await causesFor(sent, (h) => h, { secrets: otherSecret, knownSecrets })).toMatchObject([
    { cause: "secret_of_another_endpoint", details: { label: "production" } },
  ]);
  const both = await causesFor(`${sent}\n`, (h) => h, { secrets: otherSecret, knownSecrets });
  expect(both.map(({ cause }) => cause)).toEqual(["body_trailing_newline", "secret_of_another_endpoint"]);
});

test.each([
  [`${secret}\n`, "white space"],
  [`"${secret}"`, "quotes"],
  [secret.slice(0, -1), "base64"],
  ["whsec_a-b_c-d_e-f_g-h_i-j_k-l_m-n_o-p_", "base64url"],
  [`whsec_${"ab01".repeat(17)}ab`, "hex"],
])("an unusable secret %#", async (text, words) => {
  const [finding] = await causesFor(sent, (h) => h, { secrets: text });
  expect(finding).toMatchObject({ cause: "secret_not_base64", details: { label: "secrets[0]" } });
  expect(finding?.message).toContain(words);
});

test.each([
  [7201, "behind"],
  [-301, "ahead"],
])("a clock that is off by %i s", async (ahead, words) => {
  const headers = await signed(sent, { timestampSeconds: nowSeconds + ahead });
  const { findings } = await diagnose(sent, headers, options);
  expect(findings).toMatchObject([{ cause: "clock_off", details: { skewSeconds: Math.abs(ahead) } }]);
  expect(findings[0]?.message).toContain(`${Math.abs(ahead)} s ${words}`);
});

test.each([
  ["header_missing", (h: Record<string, string>) => ({ ...h, "webhook-id": "" })],
  [
    "header_renamed",
    ({ "webhook-id": id, ...rest }: Record<string, string>) => ({ "X-Webhook-Id": id, ...rest }),
  ],
  [
    "header_renamed",
    ({ "webhook-timestamp": at, ...rest }: Record<string, string>) => ({
      HTTP_WEBHOOK_TIMESTAMP: at,
      ...rest,
    }),
  ],
  ["header_duplicated", (h: Record<string, string>) => ({ ...h, "Webhook-Id": "other" })],
  [
    "header_malformed",
    (h: Record<string, string>) => ({ ...h, "webhook-signature": h["webhook-signature"]?.slice(0, -3) }),
  ],
  [
    "timestamp_in_milliseconds",
    (h: Record<string, string>) => ({ ...h, "webhook-timestamp": `${nowSeconds}000` }),
  ],
])("%s", async (cause, change) => {
  expect((await causesFor(sent, change)).map((finding) => finding.cause)).toEqual([cause]);
});

test("all three headers in the other spelling", async () => {
  const found = await causesFor(sent, (h) =>
    Object.fromEntries(Object.entries(h).map(([name, value]) => [name.replace("webhook", "svix"), value])),
  );
  expect(found.map(({ cause }) => cause)).toEqual(["header_renamed", "header_renamed", "header_renamed"]);
  expect(found[0]?.message).toContain('headerPrefix to "svix-"');
});

test("a scheme that the secrets cannot check", async () => {
  const { publicKey } = await generateKeyPair((length) => new Uint8Array(length).fill(7));
  const [finding] = await causesFor(sent, (h) => h, { secrets: publicKey });
  expect(finding?.cause).toBe("signature_scheme_unmatched");
});

test("comparing bodies names every difference", () => {
  expect(compareBodies('{"b":1.10,"a":"ü"}', '{ "a": "\\u00fc", "b": 1.1 }\n').sort()).toEqual([
    "escapes",
    "key_order",
    "number_format",
    "trailing_newline",
    "whitespace",
  ]);
  expect(compareBodies('{"a":1}', '{"a":2}')).toEqual(["content"]);
  expect(compareBodies("[12345678901234567890]", "[12345678901234567000]")).toEqual(["number_format"]);
});

test("a long or deep body costs no more than a bounded search", async () => {
  const long = JSON.stringify({ list: Array.from({ length: 20_000 }, (_, n) => ({ n, text: "x" })) });
  const deep = "[".repeat(50_000) + "]".repeat(50_000);
  for (const body of [long, deep]) {
    const { findings } = await diagnose(body, await signed(sent), options);
    expect(findings.map(({ cause }) => cause)).toEqual(["signature_mismatch"]);
  }
});

test("every cause has one line of meaning, and the list has no repeats", () => {
  const causes = doctorCauses.map(({ cause }) => cause);
  expect(new Set(causes).size).toBe(causes.length);
  expect(causes.length).toBeGreaterThanOrEqual(12);
});
