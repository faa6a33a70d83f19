import { expect, test } from "vitest";
import { endpointDefaults } from "../core/documents.ts";
import { missingKeyNote } from "../core/missing-key.ts";
import type { OperatorEvent } from "../core/operator-events.ts";
import type { PostbackRequest } from "../ports/transport.ts";
import { benchStartMs, exchangeOf, startDispatchBench } from "../testing/dispatch-bench.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { memoryKey } from "../testing/memory-ledger.ts";
import { compilePartner } from "./partner.ts";
import { sendTestPostback } from "./test-postback.ts";

const schemesOf = ({ headers }: PostbackRequest) => {
  const signatures = new Map(headers).get("webhook-signature") ?? "";
  return signatures.replaceAll(/,\S+/g, "");
};

test("an endpoint whose scheme has no live key gets nothing, is paused with its backlog, and goes on with the key", async () => {
  const told: OperatorEvent[] = [];
  const { ledger, turns, clock, seen } = await startDispatchBench(() => ({ status: 200 }), {
    operatorEvents: { tell: (event) => void told.push(event), windowMs: 3_600_000 },
  });
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
  expect(new Set(told.map(({ type, data }) => `${type} ${data["cause"]}`))).toEqual(
    new Set(["endpoint.disabled signing_key_missing"]),
  );
  ledger.putPartner(1, { keys: [v1a, memoryKey] }, documents);
  ledger.resume(10);
  turns.ring([1]);
  await clock.advanceUntil(() => ledger.finished.size === 31, 2_000);
  const schemes = seen.filter(({ id }) => id !== other).map(({ request }) => schemesOf(request));
  expect(new Set(schemes)).toEqual(new Set(["v1a v1"]));
});

test.each([
  [["v1", "v1a"], "nothing was sent: signing_key_missing: the endpoint asks for v1a"],
  [["v1"], null],
  [[], null],
] as const)("a test postback signed by %j says the same", async (signing, error) => {
  const settings = { partnerNo: 1, id: "acme", version: 1, ratePerSecond: null, burst: null, maxInFlight: 1 };
  const document = { ...endpointDefaults, url: "https://partner.example/", body: "none", signing } as const;
  const partner = compilePartner(
    { ...settings, keys: [memoryKey], endpoints: [{ endpointNo: 10, id: "main", version: 1, document }] },
    new Set(),
  );
  const sent: PostbackRequest[] = [];
  const answered = await sendTestPostback(partner, partner.endpoints.get(10)!, "id-1", {
    transport: {
      send: async (request) => {
        sent.push(request);
        return exchangeOf(200);
      },
      close: async () => {},
    },
    clock: createManualClock(benchStartMs),
    userAgent: "test",
  });
  expect(sent.map(schemesOf)).toEqual(error === null ? [signing.join(" ")] : []);
  expect(answered.error).toEqual(error === null ? null : expect.stringContaining(error));
});
