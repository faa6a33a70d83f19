import { expect, test } from "vitest";
import { createSigner } from "./signer.ts";

const hmac = (fill: number) => `whsec_${Buffer.alloc(24, fill).toString("base64")}`;
const seed = (fill: number) => `whsk_${Buffer.alloc(32, fill).toString("base64")}`;

test.each([
  ["v1", hmac],
  ["v1a", seed],
] as const)(
  "a %s secret that is stored several times signs once, until its last key retires",
  (scheme, of) => {
    const key = (fill: number, retiresAtMs: number | null) => ({ scheme, secretText: of(fill), retiresAtMs });
    const signer = createSigner([
      ...Array.from({ length: 16 }, () => key(1, 5)),
      key(2, null),
      key(1, 9),
      key(2, 3),
      key(3, 7),
    ]);
    const signatures = (nowMs: number) => signer.sign("msg_1", 1, "{}", [scheme], nowMs)?.split(" ") ?? [];
    expect([0, 6, 8, 9].map((nowMs) => new Set(signatures(nowMs)).size)).toEqual([3, 3, 2, 1]);
    expect([0, 6, 8, 9].map((nowMs) => signatures(nowMs).length)).toEqual([3, 3, 2, 1]);
  },
);
