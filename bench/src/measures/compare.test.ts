import { afterAll, beforeAll, expect, test } from "vitest";
import { compareSizes, loadAdapter, measureCompare } from "./compare.ts";
import { type SinkProcess, startSink } from "../processes/sink-process.ts";
import type { Result } from "../figures/result.ts";

const tiny = {
  ...compareSizes,
  receivers: [1, 3],
  events: 300,
  ceilingRequests: 500,
  perSecond: 50,
  durationMs: 400,
  deadBacklog: 20,
  healthy: 5,
};

let sink: SinkProcess;

beforeAll(async () => {
  sink = await startSink();
});

afterAll(() => sink.stop());

test("the worked example drives a Postrider through every case", { timeout: 120_000 }, async () => {
  const adapter = await loadAdapter(new URL("../../adapters/postrider.ts", import.meta.url).pathname);
  const results: Result[] = [];
  for await (const result of measureCompare(sink, adapter, tiny)) results.push(result);
  expect(results.map(({ case: name }) => name)).toEqual([
    "Postrider, throughput, 1 receiver",
    "Postrider, throughput, 3 receivers",
    "Postrider, latency, 50/s",
    "Postrider, isolation, 5 healthy receivers beside one that hangs with 20 waiting",
  ]);
  // Of so few events there is no p99 of the quiet ones.
  for (const { figures } of results)
    for (const [name, value] of Object.entries(figures))
      if (name !== "quietP99Ms") expect(value, name).not.toBeNaN();
  expect(results[0]!.figures).toMatchObject({ events: 300, receivedTwice: 0 });
  expect(results[2]!.figures.events).toBe(20);
});

test("a sender that delivers nothing is found out, and torn down", async () => {
  let torn = false;
  const adapter = {
    name: "nothing",
    registerEndpoint: async () => {},
    publish: () => Promise.reject(new Error("refused")),
    teardown: async () => void (torn = true),
  };
  await expect(measureCompare(sink, adapter, tiny).next()).rejects.toThrow("refused");
  expect(torn).toBe(true);
});

test("a file without an adapter is refused", async () => {
  const path = new URL("../load/payload.ts", import.meta.url).pathname;
  await expect(loadAdapter(path)).rejects.toThrow("SenderAdapter");
});
