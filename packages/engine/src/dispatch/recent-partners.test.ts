import { expect, it } from "vitest";
import { RecentPartners } from "./recent-partners.ts";

it("counts only others, and only for a second", () => {
  const recentPartners = new RecentPartners();
  recentPartners.add(1, 0);
  recentPartners.add(1, 900);
  expect(recentPartners.hasOthers(1, 900)).toBe(false);
  expect(recentPartners.hasOthers(2, 900)).toBe(true);

  recentPartners.add(2, 1_000);
  expect(recentPartners.hasOthers(1, 1_999)).toBe(true);
  expect(recentPartners.hasOthers(1, 2_000)).toBe(false);
  expect(recentPartners.hasOthers(2, 1_899)).toBe(true);
  expect(recentPartners.hasOthers(2, 1_900)).toBe(false);
});

it("still knows of the other after much came for one partner", () => {
  const recentPartners = new RecentPartners();
  recentPartners.add(2, 0);
  for (let atMs = 10; atMs < 900; atMs += 10) recentPartners.add(1, atMs);
  expect(recentPartners.hasOthers(1, 900)).toBe(true);
  expect(recentPartners.hasOthers(1, 1_000)).toBe(false);
});
