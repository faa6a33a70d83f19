import { createHmac } from "node:crypto";
import { parseSecret } from "@postrider/protocol";
import { expect, test } from "vitest";
import { now, nowSeconds, otherSecret, secret } from "./testing/signed.ts";
import { verify } from "./index.ts";
import { verifyWith } from "./verify.ts";

const webCryptoAlone = verifyWith(undefined);

function headersOf(id: string, body: Uint8Array, text: string): Record<string, string> {
  const mac = createHmac("sha256", parseSecret(text).reveal().bytes);
  const signature = mac.update(`${id}.${nowSeconds}.`).update(body).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(nowSeconds),
    "webhook-signature": `v1,${signature}`,
  };
}

// Around 65,536 bytes the HMAC changes from memory that all calls share to memory of its own.
test("many messages of all lengths at once, of two senders: each verifies, and none with a byte changed", async () => {
  const lengths = [
    0,
    1,
    63,
    64,
    65,
    1024,
    65_430,
    ...Array.from({ length: 16 }, (_, n) => 65_446 + n),
    90_000,
  ];
  const messages = lengths.flatMap((length, n) =>
    [secret, otherSecret].map((text) => {
      const body = Uint8Array.from({ length }, (_, index) => (index * 7 + n) % 256);
      return { body, text, headers: headersOf(`msg_${n}`, body, text) };
    }),
  );
  for (const run of [verify, webCryptoAlone]) {
    const verdicts = await Promise.all(
      messages.map(({ body, headers }) => run(body, headers, { secrets: [secret, otherSecret], now })),
    );
    expect(verdicts.map(({ secretIndex }) => secretIndex)).toEqual(
      messages.map(({ text }) => (text === secret ? 0 : 1)),
    );
    const changed = await Promise.all(
      messages.map(({ body, text, headers }, n) => {
        const other =
          body.length === 0
            ? Uint8Array.of(0)
            : body.with(n % body.length, 255 - (body[n % body.length] ?? 0));
        return run(other, headers, { secrets: text, now }).catch(({ code }: { code: string }) => code);
      }),
    );
    expect(new Set(changed)).toEqual(new Set(["signature_mismatch"]));
  }
});

test.each([
  ["an object", {}],
  ["null", null],
  ["a number", 7],
  ["an ArrayBuffer", new ArrayBuffer(4)],
  ["an object that passes for bytes", () => Object.create(Uint8Array.prototype) as unknown],
])("%s is no body, by either way of computing", async (_, given) => {
  const body = typeof given === "function" ? given() : given;
  const headers = headersOf("msg_1", new Uint8Array(), secret);
  for (const run of [verify, webCryptoAlone])
    await expect(run(body as string, headers, { secrets: secret, now })).rejects.toMatchObject({
      code: "body_not_raw",
    });
});
