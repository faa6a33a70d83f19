import { beforeEach, describe, expect, test } from "vitest";
import { type Bench, serverOverFake } from "../../testing/server-over-fake.testsuite.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await serverOverFake();
});

const call = (...given: Parameters<Bench["call"]>) => bench.call(...given);

describe("retries", () => {
  test("are sent now by filter, and the partners rung; or counted only", async () => {
    const filter = { partner: "acme", type: "conversion.*" };
    const { status, json } = await call("POST", "/v1/retries", { filter });
    expect([status, json]).toMatchObject([200, { matched: 2, retried: 2, groups: [{}], skipped: [{}] }]);
    expect(json.due_waiting).toEqual([{ cause: "endpoint_paused", count: 1 }]);
    expect(bench.engine.asked).toContainEqual(["retryNow", filter, { dryRun: false }, expect.any(Number)]);
    expect(bench.engine.rung).toEqual([7]);
    const dry = await call("POST", "/v1/retries", { filter, dry_run: true });
    expect([dry.json.matched, dry.json.retried, bench.engine.rung]).toEqual([2, 0, [7]]);
  });

  test.each(["/v1/retries", "/v1/cancellations", "/v1/replays"])(
    "%s takes as many ids as its filter may hold, and no more",
    async (path) => {
      const ids = (count: number) => Array(count).fill("01993b1e-0000-7000-8000-000000000000");
      const of = (count: number) => call("POST", path, { filter: { delivery_ids: ids(count) } });
      expect((await of(10_000)).status).toBeLessThan(300);
      const { status, json } = await of(10_001);
      expect([status, json.error.issues[0].path]).toEqual([400, "filter.delivery_ids"]);
    },
  );

  test.each([
    ["everything", { filter: {} }, "filter"],
    ["ended ones", { filter: { partner: "acme", state: "dead" } }, "filter.state"],
    ["a time of ending", { filter: { partner: "acme", time: "finished" } }, "filter.time"],
  ])("of %s are refused, and the place named", async (_, body, path) => {
    const { status, json } = await call("POST", "/v1/retries", body);
    expect([status, json.error.code, json.error.issues[0].path]).toEqual([400, "invalid_request", path]);
    expect(bench.engine.asked).toEqual([]);
  });
});
