import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundle } from "../test/bundle.ts";

const manifest = async (path: string) =>
  JSON.parse(await readFile(new URL(path, import.meta.url), "utf8")) as Record<string, object | undefined>;

const entry = (source: string) => bundle("given.ts", source);

test("verify and all it pulls in stay under 10 kB minified, and import nothing", async () => {
  const code = await entry('export { verify } from "./src/index.ts";');
  process.stdout.write(`verify: ${code.length} B minified, ${gzipSync(code).length} B gzipped\n`);
  expect(code.length).toBeLessThan(10_000);
  expect(code).not.toMatch(/\bimport\b|\brequire\b/);
});

test("verify, jwks, handle, the memory store and the web adapter stay under 20 kB", async () => {
  const code = await entry(
    'export { verify, jwks, handle } from "./src/index.ts"; export * from "./src/stores/memory.ts"; export * from "./src/adapters/web.ts";',
  );
  process.stdout.write(`all of a receiver: ${code.length} B minified, ${gzipSync(code).length} B gzipped\n`);
  expect(code.length).toBeLessThan(20_000);
  expect(code).not.toMatch(/\bimport\b|\brequire\b/);
});

test("there is one runtime dependency, the protocol, which has none", async () => {
  const own = await manifest("../package.json");
  expect(Object.keys(own["dependencies"] ?? {})).toEqual(["@postrider/protocol"]);
  expect(own["peerDependencies"] ?? own["optionalDependencies"]).toBeUndefined();
  const protocol = await manifest("../../protocol/package.json");
  expect(
    protocol["dependencies"] ?? protocol["peerDependencies"] ?? protocol["optionalDependencies"],
  ).toBeUndefined();
});
