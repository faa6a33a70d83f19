import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import workerd from "workerd";
import { bundle } from "../test/bundle.ts";
import { runVectors, type SuiteResult } from "../test/vector-suite.ts";
import type { SuiteReport } from "../test/worker.ts";
import { verify } from "./index.ts";
import { verifyWith } from "./verify.ts";

const failed = (results: readonly SuiteResult[]) => results.filter(({ ok }) => !ok);

const credulous = async () => ({ id: "", timestampSeconds: 0, scheme: "v1" as const, secretIndex: 0 });

describe("the shared vectors on Node", () => {
  test("with the runtime's own HMAC", async () => {
    const results = await runVectors(verify);
    expect(failed(results)).toEqual([]);
    expect(results.length).toBeGreaterThan(120);
  });

  test("with WebCrypto alone", async () => {
    expect(failed(await runVectors(verifyWith(undefined)))).toEqual([]);
  });

  test("the suite notices a verifier that accepts everything, and one whose HMAC accepts everything", async () => {
    expect(failed(await runVectors(credulous)).length).toBeGreaterThan(80);
    expect(failed(await runVectors(verifyWith(() => true))).map(({ name }) => name)).toContain(
      "refused: v1: body gone",
    );
  });
});

describe.each([
  { flags: "", about: "plain" },
  { flags: '"nodejs_compat"', about: "with nodejs_compat, and so with node:crypto" },
])("the shared vectors in workerd, $about", ({ flags }) => {
  let folder: string;
  let child: ChildProcess;
  let port: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "receiver-workerd-"));
    await writeFile(join(folder, "worker.js"), await bundle("./test/worker.ts"));
    await writeFile(
      join(folder, "config.capnp"),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = (
    modules = [ (name = "worker", esModule = embed "worker.js") ],
    compatibilityDate = "2026-10-01", compatibilityFlags = [${flags}],
  )) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ],
);`,
    );
    child = spawn(workerd, ["serve", "--control-fd=3", "config.capnp"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    port = await listeningPort(child);
  });

  afterAll(async () => {
    child?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  test("all pass, by either way of computing", async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const report = (await response.json()) as SuiteReport;
    expect(report.agent).toBe("Cloudflare-Workers");
    expect(failed(report.verify)).toEqual([]);
    expect(failed(report.webCrypto)).toEqual([]);
    expect(failed(report.kit)).toEqual([]);
    expect(report.verify.length).toBe((await runVectors(verify)).length);
  });
});

/** The port from workerd's control channel; rejects with what it printed if it ends before. */
async function listeningPort(child: ChildProcess): Promise<number> {
  let printed = "";
  child.stderr?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const ended = once(child, "exit").then(() => {
    throw new Error(`workerd ended: ${printed}`);
  });
  const listening = (async () => {
    let text = "";
    for await (const chunk of child.stdio[3] as Readable) {
      text += String(chunk);
      const port = /"event":"listen".*"port":(\d+)/.exec(text)?.[1];
      if (port !== undefined) return Number(port);
    }
    return new Promise<never>(() => {});
  })();
  const port = await Promise.race([listening, ended]);
  ended.catch(() => {});
  return port;
}
