import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hmacOf } from "./hmac.ts";

const prefix = fc.string({ unit: fc.constantFrom("a", "b", "z", "0", "9", ".", "-", "_"), maxLength: 300 });
const key = fc.uint8Array({ minLength: 24, maxLength: 64 });

test("it is node's HMAC for any key, prefix and text, lone surrogates included", () => {
  const text = fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  });
  fc.assert(
    fc.property(key, prefix, text, (secret, before, body) => {
      const expected = createHmac("sha256", secret).update(before).update(body).digest("base64");
      expect(hmacOf(secret)(before, body)).toBe(expected);
    }),
  );
});

test.each([21_000, 21_800, 21_824, 21_830, 65_471, 65_472, 65_536, 300_000])(
  "bodies around the size of the memory that is used again: %i units",
  (length) => {
    const secret = Buffer.alloc(32, 7);
    for (const unit of ["a", "é", "\u20ac"]) {
      const body = unit.repeat(length);
      const expected = createHmac("sha256", secret).update("msg_1.1.").update(body).digest("base64");
      expect(hmacOf(secret)("msg_1.1.", body)).toBe(expected);
    }
  },
);

test("two keys do not mix", () => {
  const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map(hmacOf);
  const first = one!("a.", "body");
  expect(other!("a.", "body")).not.toBe(first);
  expect(one!("a.", "body")).toBe(first);
});
