import { readFileSync } from "node:fs";
import { errorCodes, operatorEventTypes } from "@postrider/engine";
import { expect, test } from "vitest";
import { settings } from "./config.ts";
import { createMetrics, metricTable } from "./metrics.ts";
import { referencePages } from "./reference-pages.ts";
import { createFakeEngine } from "./testing/fake-engine.ts";

const onDisk = (name: string) =>
  readFileSync(new URL(`../../../docs/reference/${name}`, import.meta.url), "utf8");

test.each(Object.keys(referencePages))(
  "docs/reference/%s is what the code says (else run scripts/write-reference.ts)",
  (name) => {
    expect(onDisk(name)).toBe(referencePages[name]?.());
  },
);

test("every setting, error and metric has its row", () => {
  for (const name of Object.keys(settings)) expect(onDisk("settings.md")).toContain(`| \`${name}\` |`);
  for (const code of Object.keys(errorCodes)) expect(onDisk("errors.md")).toContain(`| \`${code}\` |`);
  for (const name of Object.keys(metricTable)) expect(onDisk("metrics.md")).toContain(`| \`${name}\` |`);
  for (const type of Object.keys(operatorEventTypes))
    expect(onDisk("operator-events.md")).toContain(`| \`${type}\` |`);
});

test("the metrics served are those of the table, with a unit in each name", async () => {
  const metrics = createMetrics("0.0.0", () => 0);
  metrics.watch(createFakeEngine());
  const served = [...(await metrics.text()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(
    ([, name, kind]) => `${name} ${kind}`,
  );
  expect(new Set(served)).toEqual(
    new Set(Object.entries(metricTable).map(([name, { kind }]) => `${name} ${kind}`)),
  );
  for (const line of served) {
    expect(line).toMatch(
      /_total counter$|_(seconds|size) histogram$|_(seconds|info|requests|attempts|active|reach|waiting|deliveries|processes|endpoints|bytes|accepting|condition) gauge$/,
    );
  }
});
