import { readFile, rm, writeFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { accepted, startServerDouble } from "../test/server-double.ts";
import { senderErrorCodes } from "./index.ts";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");

test("the table of errors is the table of the code", () => {
  const rows = Object.entries(senderErrorCodes).map(
    ([code, { meaning, remedy }]) => `| \`${code}\` | ${meaning} | ${remedy} |`,
  );
  const table = readme.slice(readme.indexOf("| code |")).trimEnd().split("\n").slice(2);
  expect(table).toEqual(rows);
});

test("the quick start runs as printed", async () => {
  const snippet = /## Quick start\n\n```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  expect(snippet.trim().split("\n").length).toBeLessThanOrEqual(15);
  const server = await startServerDouble(accepted);
  const given = `const serverUrl = ${JSON.stringify(server.url)}, apiKey = "prk_readme";\n`;
  // In the package's folder, so that the imports resolve as they do for its users.
  const file = new URL(`quick-start-${process.pid}.ts`, import.meta.url);
  onTestFinished(async () => {
    await rm(file, { force: true });
    await server[Symbol.asyncDispose]();
  });
  await writeFile(
    file,
    given +
      snippet
        .replace("@postrider/sender", "./index.ts")
        .replace("console.log(result);", "export { result };"),
  );
  const { result } = (await import(/* @vite-ignore */ file.href)) as { result: { event_id: string } };
  expect(result).toEqual({
    event_id: server.received[0]?.events[0]?.event_id,
    status: "accepted",
    deliveries: 1,
  });
  expect(server.received[0]?.events[0]).toMatchObject({
    type: "conversion.approved",
    data: { click_id: "c-1", payout: 12.5 },
  });
});
