import { readFileSync } from "node:fs";
import { importTemplate } from "@postrider/engine";
import { expect, test } from "vitest";

const page = readFileSync(new URL("../../../../docs/guide/importing-templates.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(
  (match) =>
    JSON.parse(match[1]!) as {
      readonly from: string;
      readonly to: string;
      readonly guessed?: readonly string[];
      readonly left?: readonly string[];
    },
);

test.each(examples)("the guide's example $from", ({ from, to, guessed = [], left = [] }) => {
  const imported = importTemplate(from);
  expect({
    url: imported.url,
    guessed: imported.guessed.map(({ name }) => name),
    left: imported.left.map(({ name }) => name),
    issues: imported.issues,
  }).toEqual({ url: to, guessed, left, issues: [] });
});

test("the guide has examples", () => {
  expect(examples.length).toBeGreaterThan(3);
});
