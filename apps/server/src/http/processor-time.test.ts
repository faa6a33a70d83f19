/** No body may hold the event loop: measured in processor time, which a busy machine does not change. */
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSettings } from "../config.ts";
import { type RunningServer, startServer } from "../server.ts";
import { testKey } from "../testing/server-over-fake.testsuite.ts";

const mostMs = 50;
const bodyBytes = 5_242_880;

/** Keys that no document knows, each of at least so many letters. */
const keys = (count: number, letters = 0) =>
  Array.from({ length: count }, (_, index) => `"${`k${index}`.padEnd(letters, "x")}":1`).join(",");
const batch = (...events: readonly string[]) => `{"events":[${events.join(",")}]}`;
const times = (count: number, event: () => string) => Array.from({ length: count }, event);
let ids = 0;
/** An event that was not sent before. */
const event = (data: string) => `{"event_id":"e-${(ids += 1)}","type":"a.b","data":{"x":${data}}}`;
const endpoint = (more: object) => JSON.stringify({ url: "https://a.example/", ...more });

const put = "PUT /v1/partners/acme/endpoints/main";
const bodies: readonly (readonly [name: string, call: string, status: number, body: () => string])[] = [
  [
    "1,000 events of 300 unknown keys",
    "POST /v1/events",
    400,
    () => batch(...times(1_000, () => `{"event_id":"a","type":"a.b",${keys(300)}}`)),
  ],
  [
    "1,000 events of 60 keys of 50 letters",
    "POST /v1/events",
    400,
    () => batch(...times(1_000, () => `{"event_id":"a","type":"a.b",${keys(60, 50)}}`)),
  ],
  [
    "20 events of 20,000 unknown keys",
    "POST /v1/events",
    400,
    () => batch(...times(20, () => `{"event_id":"a","type":"a.b",${keys(20_000)}}`)),
  ],
  [
    "one event of unknown keys",
    "POST /v1/events",
    400,
    () => `{"event_id":"a","type":"a.b",${keys(24_000)}}`,
  ],
  ["400,000 keys beside events", "POST /v1/events", 400, () => `{${keys(400_000)},"events":[{}]}`],
  ["brackets", "POST /v1/events", 400, () => "[".repeat(bodyBytes)],
  ["brackets in events", "POST /v1/events", 400, () => `{"events":[${"[".repeat(bodyBytes - 11)}`],
  ["white space", "POST /v1/events", 400, () => " ".repeat(bodyBytes)],
  ["a million events", "POST /v1/events", 400, () => batch("{},".repeat(1_700_000) + "{}")],
  ["one huge text", "POST /v1/events", 400, () => batch(event(`"${"x".repeat(bodyBytes - 100)}"`))],
  [
    "one huge text of escapes",
    "POST /v1/events",
    400,
    () => batch(event(`"${'\\"'.repeat(bodyBytes / 2 - 100)}"`)),
  ],
  ["a million texts", "POST /v1/events", 400, () => batch(event(`[${'"",'.repeat(bodyBytes / 3 - 100)}0]`))],
  [
    "events of deep data",
    "POST /v1/events",
    400,
    () => batch(...times(19, () => event("[".repeat(130_000) + "]".repeat(130_000)))),
  ],
  [
    "events of wide data",
    "POST /v1/events",
    202,
    () => batch(...times(19, () => event(`[${"[],".repeat(86_000)}0]`))),
  ],
  ["huge numbers", "POST /v1/events", 202, () => batch(...times(19, () => event("9".repeat(262_000))))],
  [
    "1,000 good events of 5 kB, for ten endpoints",
    "POST /v1/events",
    202,
    () => batch(...times(1_000, () => event(`"${"é".repeat(2_500)}"`))),
  ],
  ["a partner of unknown keys", "PUT /v1/partners/acme", 413, () => `{"name":"a",${keys(400_000)}}`],
  ["a partner of 20,000 unknown keys", "PUT /v1/partners/acme", 400, () => `{"name":"a",${keys(20_000)}}`],
  ["a partner of 4,900 unknown keys", "PUT /v1/partners/acme", 400, () => `{"name":"a",${keys(4_900, 40)}}`],
  ["an endpoint of unknown keys", put, 413, () => `{"url":"https://a.example/",${keys(400_000)}}`],
  ["250,000 bad macros", put, 413, () => endpoint({ body: { a: "{evnt_id}".repeat(250_000) } })],
  [
    "1,600 bad macros",
    put,
    400,
    () => endpoint({ body: { a: `{${"event_id".padEnd(38, "x")}}`.repeat(1_600) } }),
  ],
  ["4,600 bad filters", put, 400, () => endpoint({ body: { a: "{data.a|uper}".repeat(4_600) } })],
  ["7,000 good macros", put, 201, () => endpoint({ body: { a: "{data.a1}".repeat(7_000) } })],
  ["65,000 braces", put, 400, () => endpoint({ body: { a: "{".repeat(65_001) } })],
  [
    "a body nested 1,500 deep",
    put,
    400,
    () => `{"url":"https://a.example/","body":{"a":${"[".repeat(1_500)}${"]".repeat(1_500)}}}`,
  ],
  [
    "a body nested 100,000 deep",
    put,
    400,
    () => `{"url":"https://a.example/","body":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`,
  ],
  ["long ladders", put, 400, () => endpoint({ retry: { schedule: Array(4_900).fill("9999999d") } })],
  [
    "10,000 delivery ids",
    "POST /v1/replays",
    202,
    () =>
      JSON.stringify({
        filter: { delivery_ids: Array(10_000).fill("01993b1e-0000-7000-8000-000000000000") },
        dry_run: true,
      }),
  ],
  [
    "10,000 wrong delivery ids",
    "POST /v1/replays",
    400,
    () => JSON.stringify({ filter: { delivery_ids: Array(10_000).fill(0) } }),
  ],
];

/** Calls from a thread of its own: what the caller costs is not the server's. */
const callerCode = `const { parentPort } = require("node:worker_threads");
parentPort.on("message", async ({ url, method, body, key }) => {
  try {
    const headers = { authorization: "Bearer " + key, "content-type": "application/json" };
    const answer = await fetch(url, { method, body, headers });
    parentPort.postMessage({ status: answer.status, text: await answer.text() });
  } catch (error) { parentPort.postMessage({ status: 0, text: String(error.cause ?? error) }); }
});`;

let server: RunningServer;
let caller: Worker;
beforeAll(async () => {
  server = await startServer(
    readSettings({
      POSTRIDER_PORT: "0",
      POSTRIDER_DATA_DIR: "memory://",
      POSTRIDER_API_KEY: testKey,
      POSTRIDER_LOG_LEVEL: "silent",
      POSTRIDER_ROLES: "api",
    }),
  );
  caller = new Worker(callerCode, { eval: true });
  await call("PUT /v1/partners/acme", '{"name":"acme"}');
  for (let index = 0; index < 10; index += 1)
    await call(`PUT /v1/partners/acme/endpoints/e${index}`, endpoint({}));
  await call("POST /v1/events", batch(event("1"), event("2")));
});
afterAll(async () => {
  await caller.terminate();
  await server.stop(0);
});

function call(route: string, body: string): Promise<{ status: number; text: string }> {
  const [method, path] = route.split(" ");
  return new Promise((resolve) => {
    caller.once("message", resolve);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    caller.postMessage({ url: `${server.url}${path}`, method, body, key: testKey });
  });
}

/** Runs `work`; resolves with its result and the most processor time (ms) that one iteration of the event loop took. */
async function longestIteration<Result>(
  work: () => Promise<Result>,
): Promise<{ result: Result; longestMs: number }> {
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let longestMs = 0;
  let last = cpuMs();
  let done = false;
  const look = (): void => {
    const now = cpuMs();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    if (!done) setImmediate(look);
  };
  setImmediate(look);
  try {
    const result = await work();
    // The answer may have come before the iteration that made it was over.
    for (let more = 0; more < 2; more += 1) await new Promise((resolve) => setImmediate(resolve));
    return { result, longestMs };
  } finally {
    done = true;
  }
}

describe("one iteration of the event loop costs at most 50 ms of processor time", () => {
  test.each(bodies)("for %s", async (_, route, status, makeBody) => {
    // Made outside of what is measured: 400,000 keys take 40 ms to write. Made again for each look, so that its events are new.
    const look = () => {
      const body = makeBody();
      return new Promise<void>((resolve) => setImmediate(resolve)).then(() =>
        longestIteration(() => call(route, body)),
      );
    };
    const first = await look();
    expect([first.result.status, first.result.text.length < 1_000_000]).toEqual([status, true]);
    // The least of four looks: code that runs for the first time, and what else runs on the processor, only add.
    let { longestMs } = first;
    for (let looks = 1; longestMs >= mostMs && looks < 4; looks += 1)
      longestMs = Math.min(longestMs, (await look()).longestMs);
    expect(longestMs).toBeLessThan(mostMs);
  });

  test("the measure sees what holds the event loop", async () => {
    const { longestMs } = await longestIteration(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      try {
        JSON.parse("[".repeat(bodyBytes));
      } catch {}
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    });
    expect(longestMs).toBeGreaterThan(mostMs);
  });
});
