import { expect, test } from "vitest";
import type { Receipt } from "./sink-process.ts";
import { createUnrecorded } from "./unrecorded.ts";

/** A sink and a ledger that know what they are told. */
function records() {
  const receipts: Receipt[] = [];
  const attempts = new Map<string, number>();
  const unrecorded = createUnrecorded(
    { receipts, sync: async () => {} },
    { attemptsOf: async (ids) => new Map(ids.map((id) => [id, attempts.get(id) ?? 0])) },
  );
  const arrive = (deliveryId: string, port = 1, status = 200) =>
    void receipts.push({
      atMs: receipts.length,
      deliveryId,
      eventId: deliveryId,
      partner: "p",
      status,
      port,
    });
  const record = (deliveryId: string) => void attempts.set(deliveryId, (attempts.get(deliveryId) ?? 0) + 1);
  return { unrecorded, arrive, record };
}

test("finds what arrived and is not recorded, once", async () => {
  const { unrecorded, arrive, record } = records();
  arrive("a");
  arrive("b");
  record("a");
  expect(await unrecorded.find(null)).toEqual(["b"]);
  expect(await unrecorded.find(null)).toEqual([]);
});

test("finds a delivery again when it is unrecorded once more", async () => {
  const { unrecorded, arrive, record } = records();
  arrive("a");
  expect(await unrecorded.find(null)).toEqual(["a"]);
  // Sent again after the fault and recorded: the first time stays unknown for good.
  arrive("a");
  record("a");
  expect(await unrecorded.find(null)).toEqual([]);
  arrive("a");
  expect(await unrecorded.find(null)).toEqual(["a"]);
});

test("leaves to other processes what came over their connections, until it is their turn to fail", async () => {
  const { unrecorded, arrive } = records();
  arrive("mine", 1);
  arrive("theirs", 2);
  expect(await unrecorded.find(new Set([1]))).toEqual(["mine"]);
  expect(await unrecorded.find(new Set([2]))).toEqual(["theirs"]);
});

test("does not count what is never answered", async () => {
  const { unrecorded, arrive } = records();
  arrive("hanging", 1, 0);
  expect(await unrecorded.find(null)).toEqual([]);
});
