import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFormValue, encodeUrlValue } from "./template/encode.ts";
import { createMask } from "./mask.ts";

const seed = 20_261_128;
const secret = fc
  .oneof(
    fc.string({ minLength: 4, maxLength: 40, unit: "grapheme" }),
    fc.string({ minLength: 4, maxLength: 40 }),
  )
  .filter((text) => text.isWellFormed() && !text.includes("\0") && text.length >= 4);

const base64 = (text: string) => Buffer.from(text).toString("base64");
const html = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
/** As Python's and PHP's encoders write it. */
const asciiJson = (text: string) =>
  inJson(text).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

const encodings: readonly (readonly [string, (value: string) => string])[] = [
  ["as it is", (value) => value],
  ["percent-encoded", encodeUrlValue],
  [
    "percent-encoded in small letters",
    (value) => encodeUrlValue(value).replace(/%../g, (code) => code.toLowerCase()),
  ],
  ["percent-encoded by a browser", encodeURIComponent],
  ["percent-encoded twice", (value) => encodeUrlValue(encodeUrlValue(value))],
  ["form-encoded", encodeFormValue],
  ["in JSON", inJson],
  ["in JSON of ASCII", asciiJson],
  ["in JSON with escaped slashes", (value) => inJson(value).replaceAll("/", "\\/")],
  ["in JSON within JSON", (value) => inJson(inJson(value))],
  ["in HTML", html],
  ["in hexadecimal", (value) => Buffer.from(value).toString("hex")],
  ["in base64", base64],
  ["in base64 for URLs", (value) => Buffer.from(value).toString("base64url")],
  ["in base64 with a user", (value) => base64(`user:${value}`)],
  ["in base64 with a user and a realm", (value) => base64(`ab:${value}:realm`)],
  ["in base64, percent-encoded", (value) => encodeUrlValue(base64(`u:${value}`))],
];

test.each(encodings)("a secret %s is hidden, whatever stands around it", (_, encode) => {
  fc.assert(
    fc.property(
      secret,
      fc.constantFrom("", "a=", "<p>", '{"x":"'),
      fc.constantFrom("", "&b=1", '"}'),
      (value, before, after) => {
        const sent = encode(value);
        const shown = createMask(new Map([["token", value]]))!.text(`${before} ${sent} ${after}`);
        expect(shown).toContain("{secret.token}");
        expect(shown.replaceAll("{secret.token}", "")).not.toContain(sent);
      },
    ),
    { seed, numRuns: 100 },
  );
});

test.each([
  ["s3cret/value", '{"echo":"s3cret\\/value"}', '{"echo":"{secret.token}"}'],
  ["s3cret/value", "https://p.example/bots3cret/value/send", "https://p.example/bot{secret.token}/send"],
  ["S3cret", "its digest is s3CRET.", "its digest is {secret.token}."],
  ["key with space", "k=key+with+space&k=key%20with%20space", "k={secret.token}&k={secret.token}"],
  [
    "s3cret-value",
    `Basic ${Buffer.from("me:s3cret-value").toString("base64")}, ok`,
    "Basic {secret.token}, ok",
  ],
])("of %s, %s is shown as %s", (value, text, shown) => {
  expect(createMask(new Map([["token", value]]))!.text(text)).toBe(shown);
});

test("of a secret that is a part of another, each is hidden by its own name", () => {
  const mask = createMask(
    new Map([
      ["short", "s3cret"],
      ["long", "a-s3cret-b"],
    ]),
  )!;
  expect(mask.text("a-s3cret-b s3cret")).toBe("{secret.long} {secret.short}");
});

test("the beginning of a secret at the end of a text that was cut is hidden, elsewhere it is not", () => {
  const mask = createMask(new Map([["token", "s3cret/value"]]))!;
  expect(mask.text("echo: s3cret%2Fva", true)).toBe("echo: {secret.token}");
  expect(mask.text("echo: s3cr", true)).toBe("echo: {secret.token}");
  expect(mask.text("echo: s3c", true)).toBe("echo: s3c");
  expect(mask.text("echo: s3cret%2Fva")).toBe("echo: s3cret%2Fva");
});

test("a text without a secret stays the same object, and a partner without secrets has no mask", () => {
  const text = "ok ".repeat(1_000);
  expect(createMask(new Map([["token", "s3cret/value"]]))!.text(text)).toBe(text);
  expect(createMask(new Map())).toBeNull();
});

test("of a long text of beginnings only the end, which is a whole secret, is hidden", () => {
  const mask = createMask(new Map([["token", `${"%".repeat(200)}x`]]))!;
  expect(mask.text(`${"%25".repeat(5_000)}x`)).toBe(`${"%25".repeat(4_800)}{secret.token}`);
});

test("what templates send in the place of a secret is hidden as it is", () => {
  const mask = createMask(new Map([["token", "abcd-efgh-ijkl"]]), [
    ["token", "abcdefghijkl"],
    ["token", "abcd-efgh-ijkl"],
    ["token", "abc"],
  ]);
  expect(mask?.text("got abcdefghijkl, not abc, and abcd-efgh-ijkl")).toBe(
    "got {secret.token}, not abc, and {secret.token}",
  );
});
