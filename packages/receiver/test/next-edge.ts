/**
 * Builds a Next.js application with a route on its edge runtime that receives by the kit, starts it and sends to it.
 * Installs Next from npm (a minute in all), so it is no part of the suite: `node packages/receiver/test/next-edge.ts [version]`.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSecret, sign } from "@postrider/protocol";
import { bundle } from "./bundle.ts";

const [version = "15.5.29"] = process.argv.slice(2);
const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const route = `import { handle, memoryStore, webHandler } from "../../kit.mjs";
export const runtime = "edge";
const options = { secrets: "${secret}", store: memoryStore(), onError() {}, handler: () => null };
export const POST = webHandler(handle(options));
`;
const layout = "export default ({ children }) => <html><body>{children}</body></html>;\n";
const kit = `export { handle } from "./src/index.ts";
export { memoryStore } from "./src/stores/memory.ts";
export { webHandler } from "./src/adapters/web.ts";`;

const folder = mkdtempSync(join(tmpdir(), "next-edge-"));
try {
  mkdirSync(join(folder, "app", "postbacks"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "version": "1.0.0" }');
  writeFileSync(join(folder, "kit.mjs"), await bundle("given.ts", kit));
  writeFileSync(join(folder, "app", "layout.js"), layout);
  writeFileSync(join(folder, "app", "postbacks", "route.js"), route);
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: folder, env, stdio: ["ignore", "inherit", "inherit"] });
  run("npm", "install", "--no-audit", "--no-fund", `next@${version}`, "react@19", "react-dom@19");
  const next = join(folder, "node_modules", ".bin", "next");
  run(next, "build");

  const server = spawn(next, ["start", "-H", "127.0.0.1", "-p", "0"], { cwd: folder, env });
  try {
    const statuses = await sendTo(await address(server.stdout));
    process.stdout.write(`signed, repeated, unsigned: ${statuses.join(", ")}\n`);
    if (statuses.join() !== "200,200,400") process.exitCode = 1;
  } finally {
    server.kill();
    await once(server, "exit");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Next prints where it listens. */
async function address(output: NodeJS.ReadableStream): Promise<string> {
  let printed = "";
  for await (const chunk of output) {
    printed += String(chunk);
    const found = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(printed);
    if (found) return found[0];
  }
  throw new Error(`Next did not start:\n${printed}`);
}

async function sendTo(url: string): Promise<number[]> {
  const body = '{"id":"evt_1"}';
  // oxlint-disable-next-line no-restricted-properties -- the route checks by the clock
  const timestampSeconds = Math.floor(Date.now() / 1_000);
  const headers = await sign(body, { id: "msg_1", timestampSeconds, secrets: [parseSecret(secret)] });
  const statuses: number[] = [];
  for (const sent of [headers, headers, {}]) {
    const response = await fetch(`${url}/postbacks`, { method: "POST", body, headers: sent });
    statuses.push(response.status);
  }
  return statuses;
}
