import { expect, test } from "vitest";
import type { Circuit } from "../../core/breaker.ts";
import type { Claimed } from "../../ports/ledger.ts";
import { claimOf, type DispatchSubject, minuteMs, suiteNowMs as now, type TestPartner } from "./subject.ts";

/** A circuit that opened a minute ago. */
export const openCircuit: Circuit = {
  state: "open",
  openedAtMs: now - minuteMs,
  sinceMs: now - minuteMs,
  failingSinceMs: now - 2 * minuteMs,
  failures: 12,
  waitMs: 10_000,
  probeAtMs: now + 8_000.5,
  ramp: null,
  mark: 0,
  refusals: null,
};

/** The circuit of an endpoint that has refused every request for three minutes. */
export const refusingCircuit: Circuit = {
  ...openCircuit,
  state: "closed",
  openedAtMs: null,
  failingSinceMs: null,
  failures: 0,
  waitMs: 0,
  probeAtMs: null,
  refusals: { sinceMs: now - 3 * minuteMs, refused: 1_761, ended: 1_762, refusing: true, accepted: 2 },
};

/** Circuits go from turn to turn. */
export function circuitTests(subject: () => DispatchSubject): void {
  const mainOf = async (of: TestPartner) => {
    const [settings] = await subject().ledger.settings([of.no], now);
    const { endpointNo, circuitNo = 0 } = settings!.endpoints.find(({ id }) => id === "main")!;
    return { endpointNo, circuitNo };
  };
  const save = (
    { partnerNo, fence }: Claimed,
    main: { readonly endpointNo: number; readonly circuitNo: number },
    circuit: Circuit | null,
  ) => subject().ledger.saveCircuits([{ partnerNo, fence, ...main, circuit }]);

  test("a circuit is there for the turn that opens next, and gone when the endpoint is well", async () => {
    const acme = await subject().makePartner(["main", "other"]);
    const main = await mainOf(acme);
    const first = await claimOf(subject(), acme, now);
    expect(first.circuits).toBeNull();
    await save(first, main, openCircuit);
    await save(first, main, { ...openCircuit, failures: 13 });
    const second = await claimOf(subject(), acme, now);
    expect(second.circuits).toEqual([{ ...main, circuit: { ...openCircuit, failures: 13 } }]);
    expect((await claimOf(subject(), acme, now, { fence: second.fence })).circuits).toBeNull();
    await save(first, main, null); // its turn was passed
    const third = await claimOf(subject(), acme, now);
    expect(third.circuits).toHaveLength(1);
    await save(third, main, null);
    expect((await claimOf(subject(), acme, now)).circuits).toBeNull();
  });

  test("every field of a circuit comes back as it was saved, refusals too", async () => {
    const acme = await subject().makePartner();
    const main = await mainOf(acme);
    let turn = await claimOf(subject(), acme, now);
    const ramping: Circuit = { ...openCircuit, state: "closed", probeAtMs: null, ramp: 3, mark: 70 };
    const few = { sinceMs: now, refused: 3, ended: 4, refusing: false, accepted: 0 };
    for (const circuit of [ramping, refusingCircuit, { ...refusingCircuit, refusals: few }]) {
      await save(turn, main, circuit);
      turn = await claimOf(subject(), acme, now);
      expect(turn.circuits).toEqual([{ ...main, circuit }]);
    }
  });

  test("a resume ends it under a new number and version, and what a turn says that does not know of it is void", async () => {
    const acme = await subject().makePartner();
    const before = await mainOf(acme);
    const opened = await claimOf(subject(), acme, now);
    await save(opened, before, openCircuit);
    await subject().ledger.hold([{ endpointNo: before.endpointNo, untilMs: now + minuteMs, note: "open" }]);
    const { version } = await claimOf(subject(), acme, now, { fence: opened.fence });
    await subject().resumeEndpoint(acme, "main");
    const after = await mainOf(acme);
    expect(after.circuitNo).toBeGreaterThan(before.circuitNo);
    expect((await claimOf(subject(), acme, now, { fence: opened.fence })).version).toBeGreaterThan(version);
    await save(opened, before, openCircuit);
    const next = await claimOf(subject(), acme, now);
    expect(next.circuits).toBeNull();
    await save(next, after, openCircuit);
    expect((await claimOf(subject(), acme, now)).circuits).toEqual([{ ...after, circuit: openCircuit }]);
  });
}
