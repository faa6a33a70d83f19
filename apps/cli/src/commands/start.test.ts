import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { startSandbox } from "@postrider/sandbox";
import { afterEach, describe, expect, it, vi } from "vitest";
import { anEndpoint, aPartner } from "../testing/documents.ts";
import { type Routes, startFakeApi } from "../testing/fake-api.ts";
import { runCli } from "../testing/run-cli.ts";
import { curlLine } from "./start.ts";

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const server = vi.hoisted(() => ({
  url: "",
  allowTargets: [] as readonly string[],
  stopped: 0,
  fault: null as Error | null,
}));

// The real server is started by the end-to-end test; here its API is a table, to see what `start` asks of it.
vi.mock("@postrider/server", () => ({
  readSettings: (env: Record<string, string | undefined>) => ({
    allowTargets: ["127.0.0.1:9999"],
    sandboxPort: Number(env["POSTRIDER_SANDBOX_PORT"] ?? 0),
    roles: { api: env["POSTRIDER_ROLES"] !== "worker", worker: true },
  }),
  startServer: (settings: { allowTargets: readonly string[] }) => {
    if (server.fault !== null) return Promise.reject(server.fault);
    server.allowTargets = settings.allowTargets;
    return Promise.resolve({
      url: server.url,
      apiKey: { reveal: () => "prk_test" },
      description: { ledger: "PGlite", turns: "in process" },
      stop: () => Promise.resolve(void (server.stopped += 1)),
    });
  },
}));

afterEach(() => {
  server.fault = null;
  server.stopped = 0;
});

/** Starts, and presses Ctrl-C when `shown` is on the screen. */
async function startAndStop(routes: Routes, argv: readonly string[], shown: string) {
  await using api = await startFakeApi(routes);
  server.url = api.url;
  const abort = new AbortController();
  const onStdout = (text: string) => (text.includes(shown) ? abort.abort(new Error("Ctrl-C")) : undefined);
  const result = await runCli(argv, { signal: abort.signal, env: { POSTRIDER_SANDBOX_PORT: "0" }, onStdout });
  return { ...result, calls: api.calls };
}

describe("start --sandbox", () => {
  it("registers the sandbox as a partner, allows its target alone, says how to go on, and stops", async () => {
    const routes = {
      "PUT /v1/partners/sandbox": {
        status: 201,
        body: { ...aPartner({ id: "sandbox" }), signing_secret: secret },
      },
      "PUT /v1/partners/sandbox/endpoints/main": { status: 201, body: anEndpoint() },
    };
    const { code, stdout, calls } = await startAndStop(routes, ["start", "--sandbox"], "Ctrl-C stops.");
    expect(code).toBe(0);
    const document = JSON.parse(calls.at(-1)?.body ?? "");
    expect(document).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/p\/sandbox$/),
      events: ["*"],
    });
    expect(server.allowTargets).toEqual(["127.0.0.1:9999", new URL(document.url).host]);
    expect(stdout).toContain("API key      prk_test");
    expect(stdout).toContain("/_sandbox/requests");
    expect(stdout).toContain(curlLine(server.url, "prk_test"));
    expect(stdout).toContain("Stopped.");
    expect(server.stopped).toBe(1);
  });

  it("on a later start makes a new secret, and keeps what an operator changed", async () => {
    const endpoint = anEndpoint({ partner: "sandbox", url: "http://127.0.0.1:1/p/sandbox", timeout: "3s" });
    const routes = {
      "GET /v1/partners/sandbox": { body: aPartner({ id: "sandbox" }) },
      "POST /v1/partners/sandbox/rotate-secret": {
        body: { signing_secret: secret, public_key: null, keys: [] },
      },
      "GET /v1/partners/sandbox/endpoints/main": { body: endpoint },
      "PUT /v1/partners/sandbox/endpoints/main": { body: endpoint },
    };
    const { calls } = await startAndStop(routes, ["start", "--sandbox"], "Ctrl-C stops.");
    expect(calls.map((call) => call.method)).toEqual(["GET", "POST", "GET", "PUT"]);
    expect(JSON.parse(calls[1]?.body ?? "")).toEqual({ overlap: "1m" });
    const document = JSON.parse(calls.at(-1)?.body ?? "");
    expect(document).toMatchObject({ timeout: "3s", url: expect.stringContaining("/p/sandbox") });
    expect(document.url).not.toBe(endpoint.url);
    expect(document).not.toHaveProperty("version");
  });

  it("says what to do where the sandbox's port is taken", async () => {
    await using other = await startSandbox({ port: 0 });
    const { code, stderr } = await runCli(["start", "--sandbox"], {
      env: { POSTRIDER_SANDBOX_PORT: String(other.port) },
    });
    expect(code).toBe(1);
    expect(stderr).toContain("POSTRIDER_SANDBOX_PORT");
  });

  it("leaves nothing running where the server does not start", async () => {
    server.fault = Object.assign(new Error("POSTRIDER_PROT is not a setting; did you mean POSTRIDER_PORT?"), {
      code: "invalid_settings",
      hint: "The settings are listed in docs/reference/settings.md.",
    });
    const { code, stderr } = await runCli(["start", "--sandbox"], { env: { POSTRIDER_SANDBOX_PORT: "0" } });
    expect(code).toBe(1);
    expect(stderr).toBe(
      "error: POSTRIDER_PROT is not a setting; did you mean POSTRIDER_PORT?\nThe settings are listed in docs/reference/settings.md.\n",
    );
  });

  it("is refused where this process has no API", async () => {
    expect((await runCli(["start", "--sandbox"], { env: { POSTRIDER_ROLES: "worker" } })).code).toBe(2);
  });
});

describe("start", () => {
  it("says so in one line under --json", async () => {
    const { code, stdout } = await startAndStop({}, ["start", "--json"], "api_key");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ url: server.url, api_key: "prk_test", sandbox: null });
  });
});

it("the curl line works as pasted into a shell", async () => {
  await using api = await startFakeApi({ "POST /v1/events": { status: 202, body: { results: [] } } });
  const { stdout } = await promisify(execFile)("sh", ["-c", curlLine(api.url, "prk_test")]);
  expect(JSON.parse(stdout)).toEqual({ results: [] });
  expect(api.calls[0]?.authorization).toBe("Bearer prk_test");
  expect(JSON.parse(api.calls[0]?.body ?? "")).toEqual({
    event_id: expect.stringMatching(/^try-\d+$/),
    type: "conversion.approved",
    schema_version: 1,
    occurred_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    data: { click_id: "c-1", payout: "1.20" },
  });
});
