import { expect, test } from "vitest";
import { missingKeyNote } from "../core/missing-key.ts";
import type { PostbackRequest } from "../ports/transport.ts";
import { startDispatchBench } from "../testing/dispatch-bench.ts";
import { memoryKey } from "../testing/memory-ledger.ts";

const schemesOf = ({ headers }: PostbackRequest) => {
  const signatures = new Map(headers).get("webhook-signature") ?? "";
  return signatures.replaceAll(/,\S+/g, "");
};

test("an endpoint whose scheme has no live key gets nothing, is paused with its backlog, and goes on with the key", async () => {
  const { ledger, turns, clock, seen } = await startDispatchBench(() => ({ status: 200 }));
  const v1a = {
    scheme: "v1a",
    secretText: `whsk_${Buffer.alloc(32, 9).toString("base64")}`,
    retiresAtMs: null,
  } as const;
  const documents = [{ signing: ["v1", "v1a"] }, {}] as const;
  ledger.putPartner(1, { keys: [memoryKey] }, documents);
  ledger.enqueue(10, 30, clock.now());
  const [other] = ledger.enqueue(11, 1, clock.now());
  turns.ring([1]);
  await clock.advance(2_000);
  expect(seen.map(({ id }) => id)).toEqual([other]);
  expect(ledger.pending.size).toBe(30);
  expect(ledger.holds).toContainEqual({ endpointNo: 10, untilMs: null, note: missingKeyNote("v1a") });
  for (const { attemptsMade, attemptsBefore } of ledger.pending.values())
    expect(attemptsBefore).toBe(attemptsMade);
  ledger.putPartner(1, { keys: [v1a, memoryKey] }, documents);
  ledger.resume(10);
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.size === 31, 2_000);
  const schemes = seen.filter(({ id }) => id !== other).map(({ request }) => schemesOf(request));
  expect(new Set(schemes)).toEqual(new Set(["v1a v1"]));
});
