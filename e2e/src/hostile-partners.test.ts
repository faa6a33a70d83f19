/** Partners that answer badly: each exchange ends as a classified attempt, in time, in bounded memory. */
import { type Sandbox, startSandbox } from "@postrider/sandbox";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deliveryIn, eventFor, register } from "./partners.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { until } from "./until.ts";

let sandbox: Sandbox;
let server: ServerProcess;

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
  server = await startServer({
    POSTRIDER_DATA_DIR: "memory://",
    POSTRIDER_ALLOW_TARGETS: new URL(sandbox.url).host,
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await sandbox?.close();
});

const timeoutMs = 500;
const slackMs = 100;
const responseCapBytes = 65_536;

const elsewhere = () => sandbox.partner("elsewhere");
const timedOut = expect.stringMatching(/^timeout: /);
const wasReset = expect.stringMatching(/^reset: /);
const notHttp = expect.stringMatching(/^protocol: /);
const withoutNul = expect.stringMatching(/^[^\0]+$/);
const moved = expect.stringContaining("redirect to http://127.0.0.1:");

test.each([
  ["endless_body", "delivered", { status: 200 }],
  ["slow_body:50ms/10s", "dead", { status: 200, error: timedOut }],
  ["hang", "dead", { status: null, error: timedOut }],
  ["nul_body", "delivered", { status: 200, response_body: withoutNul }],
  ["reset", "dead", { status: null, error: wasReset }],
  ["reset_body", "dead", { status: 200, error: wasReset }],
  ["close", "dead", { status: null, error: wasReset }],
  ["garbage", "dead", { status: null, error: notHttp }],
  ["redirect", "dead", { status: 302, error: moved }],
])("%s ends as a recorded attempt, and gives its slot back in time", async (script, state, attempt) => {
  const id = script.split(":")[0] ?? "";
  const partner = sandbox.partner(id);
  partner.script(script === "redirect" ? `redirect:${elsewhere().url}` : script);
  const endpoint = { url: partner.url, timeout: `${timeoutMs}ms`, retry: { schedule: [] } };
  // One slot alone: the second request can only leave when the first has given it back.
  await register(server, { id, partner: { max_in_flight: 1 }, endpoint });
  await server.ok("POST", "/v1/events", { events: [eventFor(id, `${id}-1`), eventFor(id, `${id}-2`)] });
  const deliveries = [await deliveryIn(state, server, `${id}-1`), await deliveryIn(state, server, `${id}-2`)];
  for (const delivery of deliveries) {
    expect(delivery.attempts).toEqual([expect.objectContaining({ n: 1, ...attempt })]);
    expect(delivery.attempts[0].duration_ms).toBeLessThanOrEqual(timeoutMs + slackMs);
    expect(Buffer.byteLength(delivery.attempts[0].response_body ?? "")).toBeLessThanOrEqual(responseCapBytes);
  }
  const startsMs = deliveries.map(({ attempts }) => Date.parse(attempts[0].at)).sort((a, b) => a - b);
  expect((startsMs[1] ?? 0) - (startsMs[0] ?? 0)).toBeLessThanOrEqual(timeoutMs + slackMs);
  await until(
    "the slot to be free",
    async () => (await server.ok("GET", "/v1/status")).dispatcher.in_flight === 0,
  );
});

test("a redirect is never followed, and its reason says so", async () => {
  const partner = sandbox.partner("moved");
  partner.script(`redirect:${elsewhere().url}`);
  const retry = { schedule: ["10ms", "10ms"], jitter: "none" };
  await register(server, { id: "moved", endpoint: { url: partner.url, retry } });
  await server.ok("POST", "/v1/events", eventFor("moved", "moved-1"));
  expect(await deliveryIn("dead", server, "moved-1")).toMatchObject({
    reason: "redirected",
    attempts_made: 3,
  });
  expect(await elsewhere().requests()).toEqual([]);
});

test("a short redirect to a maintenance page costs two tries, and buries nothing", async () => {
  const partner = sandbox.partner("maintained");
  partner.script(`redirectx2:${elsewhere().url}, ok`);
  const retry = { schedule: ["10ms", "10ms", "10ms"], jitter: "none" };
  await register(server, { id: "maintained", endpoint: { url: partner.url, retry } });
  await server.ok("POST", "/v1/events", eventFor("maintained", "maintained-1"));
  const { attempts } = await deliveryIn("delivered", server, "maintained-1");
  expect(attempts.map(({ status }: { status: number }) => status)).toEqual([302, 302, 200]);
  expect(await elsewhere().requests()).toEqual([]);
});

// Peaks of memory are read from /proc, which Linux alone has.
test.skipIf(process.platform !== "linux")(
  "a hundred endless bodies at once do not fill the memory",
  async () => {
    const partner = sandbox.partner("flood");
    const endpoint = { url: partner.url, timeout: "2s", retry: { schedule: [] } };
    await register(server, { id: "flood", partner: { max_in_flight: 64 }, endpoint });
    const send = async (from: number, count: number) => {
      const events = Array.from({ length: count }, (_, n) => eventFor("flood", `flood-${from + n}`));
      await server.ok("POST", "/v1/events", { events });
      await until("all to end", async () => (await server.ok("GET", "/v1/conservation")).pending === 0);
    };
    // Warm: the ledger and the pool of connections have grown to their size before it counts.
    await send(0, 500);
    const beforeBytes = server.markMemory();
    partner.script("endless_body");
    await send(1_000, 100);
    const grownMb = (server.peakBytes() - beforeBytes) / 1_048_576;
    process.stdout.write(`100 endless bodies: the server's peak grew by ${grownMb.toFixed(1)} MB\n`);
    expect((await partner.requests()).filter(({ behaviour }) => behaviour === "endless_body")).toHaveLength(
      100,
    );
    expect(grownMb).toBeLessThan(100);
  },
);
