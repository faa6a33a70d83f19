import { expect, test } from "vitest";
import { fuzz } from "../test/fuzz.ts";

test("20,000 random header sets and bodies: no crash, no accept without a valid signature", async () => {
  const { accepted, refused } = await fuzz(20_000, 1);
  // The mix reaches the depth of the verifier: some pass, and many different checks refuse.
  expect(accepted).toBeGreaterThan(1000);
  expect(refused["signature_mismatch"]).toBeGreaterThan(1000);
  expect(Object.keys(refused).length).toBeGreaterThan(10);
});
