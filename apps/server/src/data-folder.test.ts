import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSettings } from "./config.ts";
import { ledgerDir, loadKeys } from "./data-folder.ts";
import { lockFolder } from "./folder-lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postrider-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const settings = (env: Record<string, string> = {}) => readSettings({ POSTRIDER_DATA_DIR: folder, ...env });

describe("keys", () => {
  test("are made once, kept for their owner only, and found again", () => {
    const first = loadKeys(settings());
    expect(first.apiKeyMade).toBe(true);
    expect(first.apiKeys.reveal()[0]).toMatch(/^prk_[\w-]{32}$/);
    expect(first.masterKeys.reveal()[0]).toHaveLength(32);
    for (const name of ["api-key", "master-key"])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    const second = loadKeys(settings());
    expect(second.apiKeyMade).toBe(false);
    expect(second.apiKeys.reveal()).toEqual(first.apiKeys.reveal());
    expect(second.masterKeys.reveal()).toEqual(first.masterKeys.reveal());
    expect(readdirSync(folder).sort()).toEqual(["api-key", "master-key"]);
  });

  test("that are given are not kept", () => {
    const keys = loadKeys(
      settings({ POSTRIDER_API_KEY: "prk_0123456789abcdef", POSTRIDER_MASTER_KEY: "ab".repeat(32) }),
    );
    expect([keys.apiKeyMade, keys.keptIn]).toEqual([false, null]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("in memory leave nothing behind", () => {
    const memory = readSettings({ POSTRIDER_DATA_DIR: "memory://" });
    expect(loadKeys(memory)).toMatchObject({ apiKeyMade: true, keptIn: null });
    expect(ledgerDir(memory)).toBe("memory://");
    expect(existsSync("memory:")).toBe(false);
  });

  test("that are damaged are not replaced: a new master key could open nothing", () => {
    writeFileSync(join(folder, "master-key"), "damaged");
    expect(() => loadKeys(settings())).toThrow(
      expect.objectContaining({ code: "invalid_settings", hint: expect.stringContaining("backup") }),
    );
    expect(readFileSync(join(folder, "master-key"), "utf8")).toBe("damaged");
  });
});

describe("the lock of a folder", () => {
  test("refuses a second holder, also in this process, until it is let go", () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(
      expect.objectContaining({
        code: "invalid_settings",
        message: expect.stringContaining(`process ${process.pid}`),
      }),
    );
    unlock();
    lockFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("of another living process holds; of a killed one it is taken over", async () => {
    const script = `import { lockFolder } from ${JSON.stringify(new URL("./folder-lock.ts", import.meta.url).pathname)}; lockFolder(${JSON.stringify(folder)}); console.log("held"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    expect(child.exitCode).toBeNull();
    expect(() => lockFolder(folder)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(`process ${child.pid}`) }),
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    lockFolder(folder)();
  });

  test("with the id of a process that is somebody else's by now is taken over", () => {
    writeFileSync(join(folder, "server.lock"), JSON.stringify({ pid: process.pid, started: "1" }));
    lockFolder(folder)();
    const gone = spawnSync(process.execPath, ["--version"]).pid;
    writeFileSync(join(folder, "server.lock"), JSON.stringify({ pid: gone, started: null }));
    lockFolder(folder)();
    writeFileSync(join(folder, "server.lock"), "");
    lockFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });
});
