import { expect, test } from "vitest";
import { endpointDefaults } from "../core/documents.ts";
import { benchStartMs } from "../testing/dispatch-bench.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { createMemoryLedger } from "../testing/memory-ledger.ts";
import { createPartnerCache } from "./partner-cache.ts";

function createBench() {
  const ledger = createMemoryLedger();
  for (let partnerNo = 1; partnerNo <= 20; partnerNo++) ledger.putPartner(partnerNo);
  return { ledger, cache: createPartnerCache(ledger, createManualClock(benchStartMs), new Set()) };
}

test("a partner is read once per version, and many at one moment with one statement", async () => {
  const { ledger, cache } = createBench();
  const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
  const partners = await Promise.all(numbers.map((partnerNo) => cache.get(partnerNo, 1)));
  expect(partners.map((partner) => partner?.partnerNo)).toEqual(numbers);
  expect(ledger.calls.settings).toBe(1);
  expect(await cache.get(7, 1)).toBe(partners[6]);
  expect(ledger.calls.settings).toBe(1);

  ledger.putPartner(7, {}, [{ url: "https://new.example/" }]);
  expect((await cache.get(7, 2))?.endpoints.get(70)?.template?.origin).toBe("https://new.example");
  expect(ledger.calls.settings).toBe(2);
});

test.each([1, 3])("a version that differs from what a claim saw (%i) is read again", async (version) => {
  const { ledger, cache } = createBench();
  ledger.putPartner(1);
  const first = await cache.get(1, 2);
  expect(await cache.get(1, 2)).toBe(first);
  expect(ledger.calls.settings).toBe(1);
  expect(await cache.get(1, version)).not.toBe(first);
  expect(ledger.calls.settings).toBe(2);
});

test("what was read before the server was lost, or began to be, is read again under the same version", async () => {
  const { ledger, cache } = createBench();
  const settings = ledger.settings.bind(ledger);
  const first = await cache.get(1, 1);
  const answer = Promise.withResolvers<void>();
  ledger.settings = async (...given) => {
    const old = await settings(...given);
    await answer.promise;
    return old;
  };
  const begun = cache.get(2, 1);
  cache.forget();
  answer.resolve();
  const second = await begun;
  expect(await cache.get(1, 1)).not.toBe(first);
  expect(await cache.get(2, 1)).not.toBe(second);
});

test("a partner that is gone is null", async () => {
  const { cache } = createBench();
  expect(await cache.get(99, 1)).toBeNull();
});

test("one partner whose settings cannot be read or used fails alone", async () => {
  const { ledger, cache } = createBench();
  const settings = ledger.settings.bind(ledger);
  ledger.putPartner(2, { keys: [{ scheme: "v1a", secretText: "whsk_AAAA", retiresAtMs: null }] });
  ledger.putPartner(3, { keys: [{ scheme: "v1", secretText: "not a secret", retiresAtMs: null }] });
  ledger.settings = async (partnerNos, nowMs) => {
    if (partnerNos.includes(4)) throw new Error("its secret cannot be opened");
    return settings(partnerNos, nowMs);
  };
  const results = await Promise.allSettled([1, 2, 3, 4, 5].map((partnerNo) => cache.get(partnerNo, 1)));
  expect(results.map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "rejected",
    "rejected",
    "fulfilled",
  ]);
});

test("an endpoint whose template, target or durations cannot be used says so, and its neighbours work", async () => {
  const { ledger, cache } = createBench();
  const retry = { ...endpointDefaults.retry, schedule: ["1s", "soon"] };
  ledger.putPartner(1, {}, [
    { url: "https://{data.host}/" },
    { url: "http://10.0.0.1/" },
    {},
    { timeout: "soon" },
    { retry },
    { disable_after: "" },
    { url: "https://t.example/?c=[CLICK_ID]&amp;d=YOUR_ID" },
  ]);
  const endpoints = (await cache.get(1, 1))!.endpoints;
  expect([endpoints.get(10)?.template, endpoints.get(10)?.refusal]).toEqual([null, expect.any(String)]);
  expect(endpoints.get(11)?.refusal).toEqual(expect.any(String));
  expect(endpoints.get(12)?.refusal).toBeNull();
  // What is refused when it is stored now, and was not before, goes on.
  expect(endpoints.get(16)?.refusal).toBeNull();
  for (const endpointNo of [13, 14, 15])
    expect(endpoints.get(endpointNo)?.refusal).toEqual(expect.stringContaining("is not a duration"));
});
