import { expect, it } from "vitest";
import { Company } from "./company.ts";

it("counts only others, and only for a second", () => {
  const company = new Company();
  company.came(1, 0);
  company.came(1, 900);
  expect(company.around(1, 900)).toBe(false);
  expect(company.around(2, 900)).toBe(true);

  company.came(2, 1_000);
  expect(company.around(1, 1_999)).toBe(true);
  expect(company.around(1, 2_000)).toBe(false);
  expect(company.around(2, 1_899)).toBe(true);
  expect(company.around(2, 1_900)).toBe(false);
});

it("still knows of the other after much came for one partner", () => {
  const company = new Company();
  company.came(2, 0);
  for (let atMs = 10; atMs < 900; atMs += 10) company.came(1, atMs);
  expect(company.around(1, 900)).toBe(true);
  expect(company.around(1, 1_000)).toBe(false);
});
