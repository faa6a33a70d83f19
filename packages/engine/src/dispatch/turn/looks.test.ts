import fc from "fast-check";
import { expect, test } from "vitest";
import { vainLookInMs } from "./looks.ts";

test("looks that find nothing come once within 1.8 s, at the partner's own step", () => {
  expect(vainLookInMs(3, 10_000, 9_990)).toBe(875);
  fc.assert(
    fc.property(fc.nat(20_000), fc.nat(10_000_000), fc.nat(5_000), (partnerNo, nowMs, agoMs) => {
      const inMs = vainLookInMs(partnerNo, nowMs, nowMs - agoMs);
      expect(inMs).toBeGreaterThan(0);
      expect(inMs).toBeLessThanOrEqual(1_800 + 25);
      expect((nowMs + inMs) % 1_800).toBe((partnerNo * 25) % 1_800);
    }),
  );
});

test("looks of many partners are spread over the time", () => {
  const perStep = new Map<number, number>();
  for (let partnerNo = 1; partnerNo <= 300; partnerNo += 1) {
    const inMs = vainLookInMs(partnerNo, 0, -100);
    perStep.set(inMs, (perStep.get(inMs) ?? 0) + 1);
  }
  expect(Math.max(...perStep.values())).toBeLessThanOrEqual(5);
});
