import { readFile, rm, writeFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { oldestNode } from "../test/runtimes.ts";
import { doctorCauses } from "./index.ts";
import { secret, signed } from "./testing/signed.ts";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");

/** Runs a snippet as printed, with what it takes for granted given before it. */
async function run(heading: string, given: string, exported: string): Promise<Record<string, unknown>> {
  const snippet = new RegExp(`## ${heading}\n\n\`\`\`ts\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1] ?? "";
  expect(snippet).not.toBe("");
  const file = new URL(`readme-${heading}-${process.pid}.ts`, import.meta.url);
  onTestFinished(() => rm(file, { force: true }));
  await writeFile(
    file,
    given +
      snippet
        .replaceAll("@postrider/receiver/memory", "./stores/memory.ts")
        .replaceAll("@postrider/receiver/web", "./adapters/web.ts")
        .replaceAll("@postrider/receiver", "./index.ts") +
      exported,
  );
  return (await import(/* @vite-ignore */ file.href)) as Record<string, unknown>;
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

test("the verify snippet runs as printed", async () => {
  const headers = await signed("{}", { timestampSeconds: nowSeconds() });
  const given = `const secret = ${JSON.stringify(secret)}, rawBody = "{}", headers = ${JSON.stringify(headers)};\n`;
  expect((await run("Verify", given, "export { id };"))["id"]).toBe("msg_1");
});

test("the handle snippet runs as printed", async () => {
  const given = `const secret = ${JSON.stringify(secret)}; export const saved: unknown[] = []; const save = (body: unknown) => void saved.push(body);\n`;
  const { POST, saved } = await run("Handle", given, "");
  const headers = await signed('{"a":1}', { timestampSeconds: nowSeconds() });
  const post = POST as (request: Request) => Promise<Response>;
  for (let repeat = 0; repeat < 2; repeat += 1) {
    const response = await post(
      new Request("https://x.example/", { method: "POST", body: '{"a":1}', headers }),
    );
    expect([response.status, await response.text()]).toEqual([200, "ok"]);
  }
  expect(saved).toEqual([{ a: 1 }]);
});

test("README and manifests promise the same Node, which the suite runs in", async () => {
  for (const manifest of ["../package.json", "../../protocol/package.json"]) {
    const { engines } = JSON.parse(await readFile(new URL(manifest, import.meta.url), "utf8")) as {
      engines: { node: string };
    };
    expect(engines.node).toBe(`>=${oldestNode}`);
  }
  expect(readme).toContain(`Node ≥ ${oldestNode}`);
});

test("the guide's table of causes is the code's", async () => {
  const guide = await readFile(new URL("../../../docs/guide/receiving.md", import.meta.url), "utf8");
  const rows = guide.slice(guide.indexOf("| cause | meaning |")).trimEnd().split("\n").slice(2);
  expect(rows).toEqual(doctorCauses.map(({ cause, meaning }) => `| \`${cause}\` | ${meaning} |`));
});
