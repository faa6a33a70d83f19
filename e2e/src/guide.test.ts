/** The guide "Connect a partner", line by line, on a server with the sandbox. */
import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { serverNode } from "./server-process.ts";

const main = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));
const page = readFileSync(new URL("../../docs/guide/connecting-a-partner.md", import.meta.url), "utf8");

/** Commands, and what of their output the page shows; `…` stands for any text. */
const steps = [...page.matchAll(/^```sh\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm)].map(
  ([, commands = "", shown]) => ({ commands, shown }),
);

interface Ready {
  readonly url: string;
  readonly sandbox: { readonly url: string };
}

async function startInstallation(env: NodeJS.ProcessEnv): Promise<Ready> {
  const child = spawn(serverNode, [main, "start", "--sandbox", "--json"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  return new Promise((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      if (line.includes('"api_key"')) resolve(JSON.parse(line) as Ready);
    });
    void exited.then(() => reject(new Error("start ended")));
  });
}

test("each command of the guide does what the page says", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "postrider-guide-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const env = {
    ...process.env,
    POSTRIDER_DATA_DIR: join(folder, "data"),
    POSTRIDER_PORT: "0",
    POSTRIDER_SANDBOX_PORT: "0",
    POSTRIDER_LOG_LEVEL: "warn",
    PATH: `${folder}:${process.env["PATH"]}`,
  };
  const { url, sandbox } = await startInstallation(env);
  writeFileSync(join(folder, "postrider"), `#!/bin/sh\nexec '${serverNode}' '${main}' "$@"\n`);
  chmodSync(join(folder, "postrider"), 0o755);
  const here = (text: string) => text.replaceAll("127.0.0.1:4500", new URL(sandbox.url).host);

  /** What the commands print. A secret that is asked for comes from standard input. */
  const run = (commands: string) =>
    new Promise<string>((resolve) => {
      const options = { cwd: folder, env: { ...env, POSTRIDER_URL: url } };
      const child = execFile("sh", ["-c", here(commands)], options, (_, stdout, stderr) =>
        resolve(stdout + stderr),
      );
      child.stdin?.end("test-token-of-tune\n");
    });

  expect(steps.filter(({ shown }) => shown !== undefined).length).toBeGreaterThanOrEqual(8);
  for (const { commands, shown = "" } of steps) {
    const expected = new RegExp(
      here(shown)
        .trim()
        .split(/\s*…\s*/)
        .map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/\s+/g, "\\s+"))
        .join("[\\s\\S]*"),
    );
    // An explanation may be asked for before the delivery has ended.
    if (commands.startsWith("postrider explain"))
      await expect.poll(() => run(commands), { timeout: 20_000, message: commands }).toMatch(expected);
    else expect(await run(commands), commands).toMatch(expected);
  }
});
