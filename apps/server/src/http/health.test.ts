import { expect, test } from "vitest";
import { createFakeEngine } from "../testing/fake-engine.ts";
import { healthRoutes } from "./routes/health.ts";

const source = {
  startedAtMs: 0,
  stopping: () => false,
  metricsText: async () => "",
  metricsContentType: "text/plain",
  openApi: () => ({}),
};

function answers(worker: boolean, stopping = false) {
  const engine = createFakeEngine();
  const routes = healthRoutes({ ...source, engine, worker, stopping: () => stopping });
  const ask = async (path: string, nowMs: number) => {
    const route = routes.find((one) => one.path === path);
    return route?.handle({ params: null, query: null, body: null, caller: "", nowMs } as never);
  };
  return { engine, ask };
}

test("a dispatcher that was silent for more than 30 s is not alive; one that just started is", async () => {
  const { engine, ask } = answers(true);
  engine.progressMs = 0;
  expect(await ask("/healthz", 30_000)).toMatchObject({ status: 200 });
  expect(await ask("/healthz", 30_001)).toMatchObject({
    status: 503,
    json: { status: "failing", reason: expect.stringContaining("30 s") },
  });
  engine.progressMs = 25_000;
  expect(await ask("/healthz", 55_000)).toMatchObject({ status: 200 });
});

test("a process that does not dispatch is alive", async () => {
  const { engine, ask } = answers(false);
  engine.progressMs = 0;
  expect(await ask("/healthz", 1_000_000)).toMatchObject({ status: 200 });
});

test("a process with a condition is ready and says what it is, in words", async () => {
  const { engine, ask } = answers(false);
  expect(await ask("/readyz", 5_000)).toEqual({ status: 200, json: { status: "ok" } });
  engine.held = [{ name: "clock_off", message: "It is 600 s ahead.", sinceMs: Date.UTC(2026, 0, 31) }];
  expect(await ask("/readyz", 5_000)).toEqual({
    status: 200,
    json: {
      status: "ok",
      degraded: [{ name: "clock_off", message: "It is 600 s ahead.", since: "2026-01-31T00:00:00.000Z" }],
    },
  });
  engine.failWith = new Error("gone");
  expect(await ask("/readyz", 5_000)).toMatchObject({ status: 503 });
});

test("a process is ready while its engine is, says why not, and is not while it stops", async () => {
  const { engine, ask } = answers(true);
  expect(await ask("/readyz", 5_000)).toMatchObject({ status: 200 });
  engine.failWith = new Error("gone");
  expect(await ask("/readyz", 5_000)).toMatchObject({
    status: 503,
    json: { status: "failing", reason: "the ledger cannot be reached" },
  });
  expect(await answers(true, true).ask("/readyz", 0)).toMatchObject({
    status: 503,
    json: { reason: "the process is stopping" },
  });
});
