import { expect, test } from "vitest";
import { startDispatchBench, type SeenRequest } from "../../testing/dispatch-bench.ts";

const body = { sku: "{item.sku!}", n: "{n}" } as const;
const dataOf = (...skus: readonly string[]) => JSON.stringify({ items: skus.map((sku) => ({ sku })) });
const bodies = (seen: readonly SeenRequest[]) => seen.map(({ request }) => String(request.body)).toSorted();
const retry = {
  schedule: ["1s", "1s"],
  client_error_schedule: [],
  jitter: "none",
  expires_after: "1h",
  retry_after_max: "1h",
} as const;
const document = { body, fan_out: "data.items", retry, breaker: null };

test("each item is a delivery with its own request, retries and end", async () => {
  const tries = new Map<string, number>();
  const { ledger, turns, clock, seen } = await startDispatchBench(({ request }) => {
    const text = String(request.body);
    tries.set(text, (tries.get(text) ?? 0) + 1);
    return { status: text.includes('"b"') && tries.get(text)! <= 2 ? 500 : 200 };
  });
  ledger.putPartner(1, {}, [document]);
  const [id] = ledger.enqueue(10, 1, clock.now(), { dataText: dataOf("a", "b", "c") });
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.size === 3, 10_000);
  expect(Object.fromEntries(tries)).toEqual({
    '{"sku":"a","n":1}': 1,
    '{"sku":"b","n":2}': 3,
    '{"sku":"c","n":3}': 1,
  });
  expect(new Set(seen.map((one) => one.id)).size).toBe(3);
  expect(ledger.finished.has(id!)).toBe(true);
  expect(ledger.pending.size).toBe(0);
});

test("many events at once are split and sent whole, each item once, ahead of need and not all at once", async () => {
  const { ledger, turns, clock, seen, mostInFlight } = await startDispatchBench();
  ledger.putPartner(1, {}, [document]);
  for (let n = 0; n < 200; n++)
    ledger.enqueue(10, 1, clock.now(), { dataText: dataOf(`${n}-a`, `${n}-b`, `${n}-c`) });
  let most = 0;
  turns.ring([1]);
  await clock.advanceUntil(() => {
    most = Math.max(most, ledger.pending.size);
    return ledger.finished.size === 600;
  }, 30_000);
  expect(new Set(bodies(seen)).size).toBe(600);
  expect(seen).toHaveLength(600);
  expect(mostInFlight()).toBeLessThanOrEqual(16);
  // All at once would be 600.
  expect(most).toBeLessThan(400);
});

test("no items, too many, or no list: the delivery ends and nothing is sent; whole ones of other endpoints go", async () => {
  const { ledger, turns, clock, seen, attempts } = await startDispatchBench();
  ledger.putPartner(1, {}, [document, { body: { whole: true } }]);
  const many = Array.from({ length: 1_001 }, () => "x");
  for (const dataText of ["{}", dataOf(), dataOf(...many), '{"items":7}'])
    ledger.enqueue(10, 1, clock.now(), { dataText });
  ledger.enqueue(11, 1, clock.now(), { dataText: dataOf("a") });
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.size === 5, 10_000);
  expect(bodies(seen)).toEqual(['{"whole":true}']);
  expect(
    attempts.filter(({ status }) => status === null).map(({ outcome, reason }) => [outcome, reason]),
  ).toEqual([
    ["suppressed", "no_items"],
    ["suppressed", "no_items"],
    ["dead", "too_many_items"],
    ["dead", "invalid_value"],
  ]);
});

test("an item whose endpoint has no fan_out any more is not sent", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench();
  ledger.putPartner(1, {}, [{ body: { whole: true } }]);
  ledger.enqueue(10, 1, clock.now(), { dataText: dataOf("a", "b"), item: { n: 2, of: 2 } });
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.size === 1, 10_000);
  expect(seen).toEqual([]);
  expect([...ledger.finished.values()]).toMatchObject([
    { change: { state: "dead", reason: "invalid_value" } },
  ]);
});

test("a delivery whose time is over ends whole, and one that cannot be split for a fault waits and is sent later", async () => {
  const { ledger, turns, clock, seen, faults } = await startDispatchBench();
  ledger.putPartner(1, {}, [document]);
  const fanOut = ledger.fanOut.bind(ledger);
  let broken = true;
  ledger.fanOut = async (splits) => {
    if (broken) throw new Error("broken");
    return fanOut(splits);
  };
  const dataText = dataOf("a", "b");
  ledger.enqueue(10, 1, clock.now(), { dataText, enqueuedAtMs: clock.now() - 2 * 3_600_000 });
  ledger.enqueue(10, 1, clock.now(), { dataText });
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.size === 1 && faults.length >= 2, 10_000);
  expect([...ledger.finished.values()]).toMatchObject([{ change: { state: "expired" } }]);
  expect(faults[0]).toMatchObject({ where: "fan out" });
  const callsBefore = ledger.calls.claim;
  await clock.advance(1_000);
  // It waits, and is not claimed again and again.
  expect(ledger.calls.claim - callsBefore).toBeLessThan(20);
  broken = false;
  await clock.advanceUntil(() => ledger.finished.size === 3, 60_000);
  expect(bodies(seen)).toEqual(['{"sku":"a","n":1}', '{"sku":"b","n":2}']);
});
