import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeliveryView } from "@postrider/engine";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));

interface Ready {
  readonly url: string;
  readonly api_key: string;
  readonly sandbox: { readonly url: string; readonly requests: string };
}

/** `postrider start --sandbox` as a process of its own, on free ports and a new data folder. */
async function startProcess(dataDir: string) {
  const env = {
    ...process.env,
    POSTRIDER_DATA_DIR: dataDir,
    POSTRIDER_PORT: "0",
    POSTRIDER_SANDBOX_PORT: "0",
  };
  const child = spawn(process.execPath, [main, "start", "--sandbox", "--json"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const ready = await new Promise<Ready>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      if (line.includes('"api_key"')) resolve(JSON.parse(line));
    });
    void exited.then((code) => reject(new Error(`start ended with ${code}`)));
  });
  return { ready, child, exited };
}

describe("the command against a real server and the sandbox", () => {
  let dataDir: string;
  let running: Awaited<ReturnType<typeof startProcess>>;

  /** Runs a command of its own process; the API key comes from the data folder. */
  async function postrider(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = { ...process.env, POSTRIDER_DATA_DIR: dataDir, POSTRIDER_URL: running.ready.url };
    try {
      return { code: 0, ...(await promisify(execFile)(process.execPath, [main, ...argv], { env })) };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }

  /** Asks until the event's only delivery is in `state`. */
  async function deliveryIn(state: string, eventId: string): Promise<DeliveryView> {
    for (;;) {
      const { stdout } = await postrider("deliveries", "--event-id", eventId, "--json");
      const found = (JSON.parse(stdout) as { deliveries: DeliveryView[] }).deliveries[0];
      if (found?.state === state) return found;
    }
  }

  async function script(behaviours: string): Promise<void> {
    const response = await fetch(`${running.ready.sandbox.url}/_sandbox/partners/sandbox`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ behaviours }),
    });
    expect({ ok: response.ok, said: await response.text() }).toMatchObject({ ok: true });
  }

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "postrider-e2e-"));
    running = await startProcess(dataDir);
  });

  afterAll(async () => {
    running?.child.kill("SIGTERM");
    await running?.exited;
    await rm(dataDir, { recursive: true, force: true });
  });

  it("delivers an event to the sandbox, which verifies it", async () => {
    const sent = await postrider("send", "order.paid", "--event-id", "order-1", "--data", '{"total":7}');
    expect(sent).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("order-1 is accepted, with 1 delivery."),
    });
    await deliveryIn("delivered", "order-1");
    const { requests } = (await (await fetch(running.ready.sandbox.requests)).json()) as {
      requests: { verification: { verdict: string } }[];
    };
    expect(requests).toHaveLength(1);
    expect(requests[0]?.verification).toEqual({ verdict: "verified" });
    expect((await postrider("explain", "order-1")).stdout).toContain("sandbox/main is delivered.");
  });

  it("buries a refused event, explains it, and replays it once the partner is repaired", async () => {
    await postrider("endpoints", "put", "sandbox", "main", "--schedule", "50ms", "--jitter", "none");
    await script("500");
    await postrider("send", "order.paid", "--event-id", "order-2");
    const dead = await deliveryIn("dead", "order-2");
    expect((await postrider("dead-letters")).stdout).toContain("retries_exhausted");
    const explained = await postrider("explain", "order-2");
    expect(explained.stdout).toContain("sandbox/main is dead. Every retry");
    expect(explained.stdout).toMatch(/ {2}1\. .*answered 500[^]* {2}2\. .*answered 500/);
    await script("ok");
    expect(await postrider("dead-letters", "replay", "--partner", "sandbox")).toMatchObject({ code: 2 });
    const replayed = await postrider("dead-letters", "replay", "--partner", "sandbox", "--yes");
    expect(replayed).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("is done: 1 delivery put back"),
    });
    expect((await deliveryIn("delivered", "order-2")).id).toBe(dead.id);
    expect((await postrider("dead-letters")).stdout).toContain("No dead letters.");
  });

  it("finds all well at the end, and ends with 0 at SIGTERM; a second start finds its data and key", async () => {
    const doctor = await postrider("doctor");
    expect(doctor).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("2 accepted = 2 terminal + 0 pending"),
    });
    running.child.kill("SIGTERM");
    expect(await running.exited).toBe(0);
    const key = running.ready.api_key;
    running = await startProcess(dataDir);
    expect(running.ready.api_key).toBe(key);
    await postrider("send", "order.paid", "--event-id", "order-3");
    await deliveryIn("delivered", "order-3");
  });
});
