import { beforeEach, describe, expect, test } from "vitest";
import { type Bench, serverOverFake } from "../../testing/server-over-fake.testsuite.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await serverOverFake();
});

const call = (...given: Parameters<Bench["call"]>) => bench.call(...given);
const codeOf = async (...given: Parameters<Bench["call"]>) => {
  const { status, json } = await call(...given);
  return [status, json.error.code];
};

describe("cancellations", () => {
  test("by filter, or counted only; what was behind them is looked for at once", async () => {
    const { status, json } = await call("POST", "/v1/cancellations", { filter: { partner: "acme" } });
    expect([status, json]).toMatchObject([200, { matched: 2, cancelled: 2, groups: [{ state: "pending" }] }]);
    expect(bench.engine.asked).toContainEqual([
      "cancelDeliveries",
      { partner: "acme" },
      { dryRun: false },
      expect.any(Number),
    ]);
    expect(bench.engine.sweeps).toBe(1);
    const dry = await call("POST", "/v1/cancellations", { filter: { partner: "acme" }, dry_run: true });
    expect([dry.status, dry.json.matched, dry.json.cancelled, bench.engine.sweeps]).toEqual([200, 2, 0, 1]);
  });

  test("of an event; one that is not known is a 404", async () => {
    expect((await call("DELETE", "/v1/events/conv-1")).json).toMatchObject({ matched: 2, cancelled: 2 });
    expect(bench.engine.asked).toContainEqual([
      "cancelDeliveries",
      { event_id: "conv-1" },
      { dryRun: false },
      expect.any(Number),
    ]);
    expect(await codeOf("DELETE", "/v1/events/none")).toEqual([404, "not_found"]);
  });

  test.each([
    ["no filter", {}, "filter"],
    ["everything", { filter: {} }, "filter"],
    ["everything that is pending", { filter: { state: "pending" } }, "filter"],
    ["ended ones", { filter: { partner: "acme", state: "dead" } }, "filter.state"],
    ["those with a reason", { filter: { partner: "acme", reason: "rejected" } }, "filter.reason"],
  ])("of %s are refused, and the place named", async (_, body, path) => {
    const { status, json } = await call("POST", "/v1/cancellations", body);
    expect([status, json.error.code, json.error.issues[0].path]).toEqual([400, "invalid_request", path]);
    expect(bench.engine.asked).toEqual([]);
  });
});
