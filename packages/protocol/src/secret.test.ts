import { inspect } from "node:util";
import { expect, test } from "vitest";
import { isProtocolError, parseSecret, secretFromBytes, sign, verify } from "./index.ts";

const texts = [
  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==",
  "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
];

test.each(texts)("prints as [secret] by every road: %s", (text) => {
  const secret = parseSecret(text);
  const hidden = text.slice(text.indexOf("_") + 1, -4);
  const prints = [
    "".concat(secret as unknown as string),
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: [secret] }, { depth: 9, showHidden: true, getters: true }),
    inspect(secret, { customInspect: false, showHidden: true }),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify(Object.getOwnPropertyDescriptors(secret)),
  ];
  expect(prints.slice(0, 4)).toEqual(["[secret]", "[secret]", '{"secret":"[secret]"}', "[secret]"]);
  for (const print of prints) expect(print).not.toContain(hidden);
  expect(Reflect.ownKeys(secret)).toEqual(["kind"]);
  // Control: the deliberate road does show it.
  expect(inspect(secret.reveal())).toContain(hidden);
});

test("reveal gives copies: neither the input nor the output can change the secret", () => {
  const secret = parseSecret(texts[0] ?? "");
  secret.reveal().bytes.fill(0);
  expect(secret.reveal().text).toBe(texts[0]);
  const bytes = new Uint8Array(32).fill(1);
  const made = secretFromBytes("whsec", bytes);
  bytes.fill(0);
  expect([...made.reveal().bytes]).toEqual(Array.from({ length: 32 }, () => 1));
});

test("errors hold no secret, no signature and no body", async () => {
  const [text = ""] = texts;
  const secrets = [parseSecret(text)];
  const body = "body-of-the-partner";
  const signed = await sign(body, { id: "msg_1", timestampSeconds: 1, secrets });
  const signature = signed["webhook-signature"].slice(3);
  const forged = { ...signed, "webhook-signature": `v1,${"A".repeat(43)}=` };
  const errors = await Promise.all([
    verify(body, forged, { secrets, now: new Date(1000) }).catch((error: unknown) => error),
    verify(`${body}!`, signed, { secrets, now: new Date(1000) }).catch((error: unknown) => error),
    verify(body, { ...signed, "webhook-signature": signature }, { secrets, now: new Date(1000) }).catch(
      (error: unknown) => error,
    ),
    Promise.resolve(`${text}\n`)
      .then(parseSecret)
      .catch((error: unknown) => error),
    Promise.resolve(text.slice(6))
      .then(parseSecret)
      .catch((error: unknown) => error),
  ]);
  for (const error of errors) {
    expect(isProtocolError(error)).toBe(true);
    const shown = inspect(error, { depth: 9, showHidden: true }).split("\n    at ")[0];
    for (const hidden of [text.slice(6), signature, body]) expect(shown).not.toContain(hidden);
  }
});
