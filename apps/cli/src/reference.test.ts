import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { referencePage } from "./reference.ts";

it("docs/reference/cli.md says what the commands say", () => {
  const page = readFileSync(new URL("../../../docs/reference/cli.md", import.meta.url), "utf8");
  expect(page, "write it anew: node apps/cli/scripts/write-reference.ts").toBe(referencePage());
});
