import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../../apps/server/src/main.ts", import.meta.url));

/** The server as a process of its own, on a free port and a temporary folder that goes when it is disposed. */
export interface DemoServer extends AsyncDisposable {
  readonly url: string;
  readonly apiKey: string;
  /** Where its ledger is. */
  readonly folder: string;
}

/**
 * Starts a server that may call `target` (`host:port`).
 *
 * @throws Error with what it printed, where it ends instead
 */
export async function startDemoServer(target: string): Promise<DemoServer> {
  const folder = mkdtempSync(join(tmpdir(), "postrider-demo-"));
  const apiKey = `prk_${randomBytes(24).toString("base64url")}`;
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env["PATH"],
      POSTRIDER_DATA_DIR: folder,
      POSTRIDER_PORT: "0",
      POSTRIDER_API_KEY: apiKey,
      POSTRIDER_ALLOW_TARGETS: target,
      POSTRIDER_LOG_LEVEL: "warn",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  // Where this process ends early, by Ctrl-C say: nothing it made stays behind.
  const abandon = () => {
    child.kill("SIGKILL");
    removeFolder();
  };
  process.once("exit", abandon);
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    process.off("exit", abandon);
    removeFolder();
  };
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let output = "";
      let ready = false;
      child.stdout.on("data", (chunk: Buffer) => {
        // Once it is ready it only says what goes wrong.
        if (ready) return void process.stderr.write(chunk);
        output += chunk.toString();
        const found = /is ready on (http:\S+)/.exec(output)?.[1];
        ready = found !== undefined;
        if (found !== undefined) resolve(found);
      });
      void exited.then(() => reject(new Error(`The server ended before it was ready.\n${output}`)));
    });
    return { url, apiKey, folder, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
