import { expect, test } from "vitest";
import type { Circuit } from "../../core/breaker.ts";
import type { Claimed } from "../../ports/ledger.ts";
import { openCircuit as open, refusingCircuit as refusing } from "../dispatch-suite/circuits.ts";
import { type Bench, dayMs, minuteMs, suiteNowMs as now } from "./bench.ts";

/** Circuits, and what operators are told of. */
export function circuitTests(bench: () => Bench): void {
  const circuitNoOf = async (partnerNo: number, endpointNo: number): Promise<number> => {
    const [settings] = await bench().dispatch.settings([partnerNo], now);
    return settings!.endpoints.find((endpoint) => endpoint.endpointNo === endpointNo)!.circuitNo!;
  };
  const save = async (
    { partnerNo, fence }: Claimed,
    endpointNo: number,
    circuit: Circuit | null,
    circuitNo?: number,
  ) => {
    const no = circuitNo ?? (await circuitNoOf(partnerNo, endpointNo));
    return bench().dispatch.saveCircuits([{ partnerNo, fence, endpointNo, circuitNo: no, circuit }]);
  };

  test("it is shown with its endpoint: open until the probe is due, half-open then, ramping after", async () => {
    const { partner, turn, dispatch, operations } = bench();
    const acme = await partner();
    const { endpointNo } = (await dispatch.locate(acme.id, "main"))!;
    const shown = async (nowMs: number) => (await operations.getEndpoint(acme.id, "main", nowMs))?.circuit;
    expect(await shown(now)).toMatchObject({
      state: "closed",
      since: null,
      failing_since: null,
      failures: 0,
    });
    const opened = await turn(acme, now);
    await save(opened, endpointNo, open);
    expect(await shown(now)).toEqual({
      state: "open",
      since: new Date(now - minuteMs).toISOString(),
      failing_since: new Date(now - 2 * minuteMs).toISOString(),
      failures: 12,
      next_probe_at: new Date(now + 8_000).toISOString(),
      in_flight_limit: 1,
      disabled_at: new Date(now - 2 * minuteMs + 5 * dayMs).toISOString(),
      refusing_since: null,
      refusals: 0,
    });
    const before = await operations.circuits(now);
    expect(await shown(now + 9_000)).toMatchObject({ state: "half_open" });
    const after = await operations.circuits(now + 9_000);
    expect([after.open - before.open, after.half_open - before.half_open]).toEqual([-1, 1]);
    await save(opened, endpointNo, {
      ...open,
      state: "closed",
      probeAtMs: null,
      ramp: 3,
      failingSinceMs: null,
      failures: 0,
    });
    expect(await operations.listEndpoints(acme.id, now)).toMatchObject([
      { circuit: { state: "closed", in_flight_limit: 3, failing_since: null, disabled_at: null } },
    ]);
  });

  test("a resume and another URL end it, and what a turn says that does not know of them is void", async () => {
    const { partner, turn, dispatch, operations } = bench();
    const acme = await partner();
    const { endpointNo } = (await dispatch.locate(acme.id, "main"))!;
    const opened = await turn(acme, now);
    const hold = () => dispatch.hold([{ endpointNo, untilMs: now + minuteMs, note: "open" }]);
    const circuitNo = async () => (await dispatch.settings([acme.no], now))[0]!.endpoints[0]!.circuitNo!;
    const first = await circuitNo();
    await save(opened, endpointNo, open);
    await hold();
    const { version } = await turn(acme, now, { fence: opened.fence });
    expect(await operations.resumeEndpoint(acme.id, "main", now)).toMatchObject({
      state: "active",
      held_until: null,
      circuit: { state: "closed" },
    });
    const second = await circuitNo();
    expect(second).toBeGreaterThan(first);
    expect((await turn(acme, now, { fence: opened.fence })).version).toBeGreaterThan(version);
    await save(opened, endpointNo, open, first);
    expect((await operations.getEndpoint(acme.id, "main", now))?.circuit.state).toBe("closed");

    await save(opened, endpointNo, open);
    const document = (await operations.getEndpoint(acme.id, "main", now))!;
    expect(document.circuit.state).toBe("open");
    await operations.putEndpoint(acme.id, "main", { ...document, timeout: "3s" }, now);
    expect((await operations.getEndpoint(acme.id, "main", now))?.circuit.state).toBe("open");
    await operations.putEndpoint(acme.id, "main", { ...document, url: "https://new.example/" }, now);
    expect((await operations.getEndpoint(acme.id, "main", now))?.circuit.state).toBe("closed");
    expect(await circuitNo()).toBeGreaterThan(second);
  });

  test("refusals follow the partner, are shown with endpoint and partner, are counted, and end with a resume", async () => {
    const { partner, turn, dispatch, operations } = bench();
    const acme = await partner(["main", "other"]);
    const { endpointNo } = (await dispatch.locate(acme.id, "main"))!;
    const circuitNo = await circuitNoOf(acme.no, endpointNo);
    const first = await turn(acme, now);
    const before = await operations.circuits(now);
    const few: Circuit = {
      ...refusing,
      refusals: { sinceMs: now, refused: 3, ended: 4, refusing: false, accepted: 0 },
    };
    await save(first, endpointNo, few);
    const shown = async () => (await operations.getEndpoint(acme.id, "main", now))?.circuit;
    expect(await shown()).toMatchObject({ state: "closed", refusing_since: null, refusals: 3 });
    expect(await operations.circuits(now)).toEqual(before);
    const second = await turn(acme, now);
    expect(second.circuits).toEqual([{ endpointNo, circuitNo, circuit: few }]);

    await save(second, endpointNo, refusing);
    expect((await turn(acme, now)).circuits).toEqual([{ endpointNo, circuitNo, circuit: refusing }]);
    expect(await shown()).toMatchObject({
      state: "closed",
      failing_since: null,
      refusing_since: new Date(now - 3 * minuteMs).toISOString(),
      refusals: 1_761,
    });
    expect(await operations.circuits(now)).toEqual({ ...before, refusing: before.refusing + 1 });
    const well = { total: 2, paused: 0, open: 0, refusing: 0, failing: 0 };
    expect((await operations.getPartner(acme.id))?.endpoints).toEqual({ ...well, refusing: 1 });
    await operations.resumeEndpoint(acme.id, "main", now);
    expect(await shown()).toMatchObject({ refusing_since: null, refusals: 0 });
    expect((await operations.getPartner(acme.id))?.endpoints).toEqual(well);
  });

  test("a partner says how many of its endpoints are not well", async () => {
    const { partner, turn, dispatch, operations } = bench();
    const acme = await partner(["main", "other", "third"]);
    const no = async (id: string) => (await dispatch.locate(acme.id, id))!.endpointNo;
    const opened = await turn(acme, now);
    await save(opened, await no("main"), open);
    await save(opened, await no("other"), { ...refusing, failingSinceMs: now, failures: 1 });
    await dispatch.hold([{ endpointNo: await no("third"), untilMs: null, note: "410" }]);
    const expected = { total: 3, paused: 1, open: 1, refusing: 1, failing: 1 };
    const listed = async () =>
      (await operations.listPartners({ limit: 1_000 })).partners.find(({ id }) => id === acme.id)?.endpoints;
    expect(await listed()).toEqual(expected);
    await operations.deleteEndpoint(acme.id, "main", now);
    expect(await listed()).toEqual({ ...expected, total: 2, open: 0 });
    await operations.resumeEndpoint(acme.id, "third", now);
    expect(await listed()).toEqual({ total: 2, paused: 0, open: 0, refusing: 1, failing: 1 });
  });

  test("backlogs that are old are found, whoever holds them back, but not what an operator paused", async () => {
    const { partner, enqueue, dispatch, operations } = bench();
    const [old, held, paused, fresh] = [await partner(), await partner(), await partner(), await partner()];
    for (const one of [old, held, paused]) await enqueue(one, 2, now - 10 * minuteMs);
    await enqueue(fresh, 1, now - minuteMs);
    await dispatch.hold([
      {
        endpointNo: (await dispatch.locate(held.id, "main"))!.endpointNo,
        untilMs: now + minuteMs,
        note: "open",
      },
    ]);
    await operations.setPartnerState(paused.id, "paused", now);
    const found = await dispatch.oldBacklogs(now - 5 * minuteMs);
    const of = (id: string) => found.find((one) => one.partner === id)?.oldestDueMs;
    expect([old, held, paused, fresh].map(({ id }) => of(id))).toEqual([
      now - 10 * minuteMs,
      now - 10 * minuteMs,
      undefined,
      undefined,
    ]);
  });

  test("partners are silent where nothing accepted lately was delivered, if they are to be watched and active", async () => {
    const { partner, enqueue, finishAll, dispatch, operations } = bench();
    const hour = 60 * minuteMs;
    const [spoke, failed, mute, paused, unwatched] = [
      await partner(),
      await partner(),
      await partner(),
      await partner(),
      await partner(),
    ];
    for (const { id } of [spoke, failed, mute, paused]) {
      const before = (await operations.getPartner(id))!;
      expect(before.silent_after).toBeNull();
      const put = await operations.putPartner(id, { ...before, silent_after: "60m" }, now);
      expect(put.partner.silent_after).toBe("1h");
    }
    await operations.setPartnerState(paused.id, "paused", now);
    const later = now + 2 * hour;
    for (const [one, status] of [
      [spoke, 200],
      [failed, 500],
    ] as const) {
      await enqueue(one, 1, later - minuteMs);
      await finishAll(one, later, status);
    }
    const silent = async (nowMs: number) => {
      const found = await dispatch.silentPartners(nowMs);
      return [spoke, failed, mute, paused, unwatched].map(({ id }) =>
        found.some((one) => one.partner === id),
      );
    };
    expect(await silent(later)).toEqual([false, true, true, false, false]);
    expect(await silent(later + 2 * hour)).toEqual([true, true, true, false, false]);
    // Too new to be silent.
    expect(await silent(now + minuteMs)).toEqual([false, false, false, false, false]);
  });
}
