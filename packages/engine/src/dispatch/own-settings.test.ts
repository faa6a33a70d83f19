/** A process that lacks what others have leaves the partners concerned to them, and spends nothing on them. */
import { expect, test } from "vitest";
import { PostriderError } from "../core/errors.ts";
import type { Transport } from "../ports/transport.ts";
import { type DispatchBench, exchangeOf, startDispatchBench } from "../testing/dispatch-bench.ts";
import { createMemoryLedger } from "../testing/memory-ledger.ts";
import type { DispatcherOptions } from "./dispatcher.ts";

/** A bench whose conditions and passed on partners are seen. */
async function start(options: Partial<Pick<DispatcherOptions, "transport" | "allowedTargets">> = {}) {
  const memory = createMemoryLedger();
  const passedOn: number[] = [];
  memory.passOn = async (partnerNos) => void passedOn.push(...partnerNos);
  const conditions = new Map<string, string>();
  const bench = await startDispatchBench(undefined, {
    memory,
    ...options,
    conditions: {
      set: (name, message) =>
        void (message === null ? conditions.delete(name) : conditions.set(name, message)),
    },
  });
  return { ...bench, passedOn, conditions };
}

const spent = ({ ledger, attempts }: DispatchBench) => [ledger.attempts.length, attempts.length];

test("a partner whose master key is missing is left to others, and served here once the key is there", async () => {
  const bench = await start();
  const { ledger, turns, clock, seen, passedOn, conditions, faults } = bench;
  ledger.putPartner(1);
  ledger.putPartner(2);
  const settings = ledger.settings.bind(ledger);
  const error = new PostriderError("secret_unreadable", "No master key given opens this secret.");
  let missing = true;
  ledger.settings = async (...given) =>
    (await settings(...given)).map((one) =>
      missing && one.partnerNo === 1 ? { ...one, keys: [], unreadable: { keyId: "1a2b3c4d", error } } : one,
    );
  ledger.enqueue(10, 3, clock.now());
  ledger.enqueue(20, 3, clock.now());
  turns.ring([1, 2]);
  await clock.advance(3_000);
  expect(seen.length).toBe(3);
  expect(passedOn.length).toBeGreaterThan(0);
  expect(new Set(passedOn)).toEqual(new Set([1]));
  expect(conditions.get("key_missing")).toMatch(
    /lacks the master key .* partner-1 \(key id 1a2b3c4d\).*old,new everywhere, then new,old, then new/,
  );
  const { fence } = ledger.partner(1);
  await clock.advance(3_000);
  // Its turns are not even opened, so that others can have them.
  expect(ledger.partner(1).fence).toBe(fence);
  missing = false;
  await clock.advance(6_000);
  expect([seen.length, conditions.size, faults]).toEqual([6, 0, []]);
  expect(spent(bench)).toEqual([6, 6]);
});

test("a partner that others ask to be served is served here, unless it is left to others here too", async () => {
  const { ledger, clock, seen, dispatcher } = await start();
  ledger.duePartners = async () => [];
  ledger.putPartner(1);
  ledger.enqueue(10, 1, clock.now());
  dispatcher.hear({ partnerNos: [1], holdersOnly: false, passedOn: true });
  await clock.advance(100);
  expect(seen).toHaveLength(1);
});

const http = "http://crm.internal:8080/pb";
test.each([
  ["nobody else allows it", [], "spent"],
  ["another allows it", [["crm.internal:8080"]], "left"],
  ["another allows other targets only", [["elsewhere.internal:80"]], "spent"],
])("a target that is not allowed here, and %s", async (_, others, what) => {
  const bench = await start();
  const { ledger, turns, clock, seen, passedOn, conditions } = bench;
  ledger.othersAllow = async () => others;
  ledger.putPartner(1, {}, [{ url: http }]);
  ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advance(3_000);
  expect(seen).toEqual([]);
  if (what === "left") {
    expect(spent(bench)).toEqual([0, 0]);
    expect(new Set(passedOn)).toEqual(new Set([1]));
    expect(conditions.get("target_not_allowed")).toMatch(/does not name crm.internal:8080.*serves partner-1/);
    // The other one is gone for good: it is refused here, as if nobody had allowed it.
    ledger.othersAllow = async () => [];
    await clock.advance(11_000);
    expect(conditions.size).toBe(0);
  }
  expect(ledger.attempts).toMatchObject([{ error: expect.stringContaining("target_refused") }]);
});

test("of two processes that each allow another target of a partner, neither leaves it to the other", async () => {
  const bench = await start({ allowedTargets: new Set(["a.internal:80"]) });
  const { ledger, turns, clock, seen, passedOn } = bench;
  ledger.othersAllow = async () => [["b.internal:80"]];
  ledger.putPartner(1, {}, [{ url: "http://a.internal/" }, { url: "http://b.internal/" }]);
  ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advance(1_000);
  expect([seen.length, passedOn]).toEqual([1, []]);
});

test("a name that resolves to an address which only another process allows costs no step either", async () => {
  const transport: Transport = {
    send: async () =>
      exchangeOf(null, { failure: { class: "target_refused", message: "crm.example is 10.0.0.1" } }),
    close: async () => {},
  };
  const bench = await start({ transport });
  const { ledger, turns, clock, passedOn, conditions } = bench;
  ledger.othersAllow = async () => [["crm.example:443"]];
  ledger.putPartner(1, {}, [{ url: "https://crm.example/pb" }]);
  ledger.enqueue(10, 4, clock.now());
  turns.ring([1]);
  await clock.advance(3_000);
  expect(spent(bench)).toEqual([0, 0]);
  expect([...ledger.pending.values()].map(({ attemptsMade }) => attemptsMade)).toEqual([0, 0, 0, 0]);
  expect(new Set(passedOn)).toEqual(new Set([1]));
  expect(conditions.get("target_not_allowed")).toContain("crm.example:443");
});
