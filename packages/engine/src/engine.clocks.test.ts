/** Processes whose machines have different clocks, on one ledger: its clock is everybody's. */
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { endpointDefaults, type PartnerDocument, partnerDefaults } from "./core/documents.ts";
import { type Engine, openEngine } from "./engine.ts";
import type { EngineOptions } from "./engine-options.ts";
import { openPg } from "./ledger/pg.ts";
import { type Clock, systemClock } from "./ports/clock.ts";
import type { AcceptEvent } from "./ports/event-door.ts";
import type { ConditionEvent } from "./ports/telemetry.ts";
import { startHttpPartner } from "./testing/http-partner.ts";
import { createDatabase } from "./testing/postgres-server.ts";

const postgresUrl = inject("postgresUrl");
const until = (fact: () => Promise<void> | void) => vi.waitFor(fact, { timeout: 20_000, interval: 10 });
const [minuteMs, dayMs] = [60_000, 86_400_000];

/** The clock of a machine that is wrong, and that somebody sets. */
function wrongBy(offsetMs: number): Clock & { set(toMs: number): void } {
  let aheadMs = offsetMs;
  const localNow = () => systemClock.localNow() + aheadMs;
  return { ...systemClock, now: localNow, localNow, set: (toMs) => void (aheadMs = toMs) };
}

/** Notes when each request came, by its `webhook-id`, and how far its `webhook-timestamp` was off. */
async function createPartner() {
  const seen: {
    readonly id: string;
    readonly atMs: number;
    readonly offMs: number;
    readonly path: string;
  }[] = [];
  const { target, stop } = await startHttpPartner((request, response) => {
    const atMs = Date.now();
    seen.push({
      id: String(request.headers["webhook-id"]),
      atMs,
      offMs: atMs - Number(request.headers["webhook-timestamp"]) * 1_000,
      path: request.url ?? "",
    });
    request.resume();
    response.end("ok");
  });
  onTestFinished(stop);
  return { seen, target };
}

let engines: Engine[] = [];
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.stop(1_000)));
  engines = [];
});

/** A ledger of its own, and engines on it. */
async function createFleet() {
  const { seen, target } = await createPartner();
  const url = await createDatabase(postgresUrl!, `clocks_${randomUUID().replaceAll("-", "")}`);
  const told: ConditionEvent[] = [];
  const open = async (localClock: Clock, more: Partial<EngineOptions> = {}) => {
    const engine = await openEngine({
      databaseUrl: url,
      dataDir: "",
      masterKeys: [new Uint8Array(32).fill(7)],
      allowTargets: [target],
      localClock,
      telemetry: { attempt() {}, turn() {}, fault() {}, condition: (event) => void told.push(event) },
      ...more,
    });
    engines.push(engine);
    return engine;
  };
  const addPartner = async (engine: Engine, id: string, document: Partial<PartnerDocument> = {}) => {
    await engine.operations.putPartner(id, { name: id, ...partnerDefaults, ...document }, engine.now());
    const endpoint = { ...endpointDefaults, body: "envelope" as const, url: `http://${target}/${id}` };
    await engine.operations.putEndpoint(id, "main", endpoint, engine.now());
  };
  const accept = async (engine: Engine, events: readonly AcceptEvent[]) => {
    const { partnerNos } = await engine.events.accept(events);
    engine.ring(partnerNos);
  };
  const allDelivered = (engine: Engine, count: number) =>
    until(async () => {
      const { finished, pending } = await engine.operations.conservation();
      expect({ finished, pending }).toEqual({ finished: { delivered: count }, pending: 0 });
    });
  const sql = openPg({ url });
  onTestFinished(() => sql.close());
  return { url, seen, told, open, addPartner, accept, allDelivered, sql };
}

const event = (id: string, more: Partial<AcceptEvent> = {}): AcceptEvent => ({
  event_id: id,
  type: "a.b",
  partner: "acme",
  ...more,
});

describe.skipIf(postgresUrl === null)("on one ledger", () => {
  const wrong = [-10 * minuteMs, -10_000, 10 * minuteMs, dayMs];
  const cases = wrong.flatMap((offMs) => [
    { who: "the worker", offMs, api: 0, worker: offMs },
    { who: "the API", offMs, api: offMs, worker: 0 },
  ]);

  test.each(cases)(
    "$who is $offMs ms off: nothing is early, late or expired, and signatures are fresh",
    async ({ api, worker }) => {
      const { seen, open, addPartner, accept, allDelivered, sql } = await createFleet();
      const accepts = await open(wrongBy(api));
      const dispatches = await open(wrongBy(worker));
      await addPartner(accepts, "acme");
      await dispatches.start();
      const acceptedAtMs = Date.now();
      const notBeforeMs = acceptedAtMs + 1_500;
      await accept(accepts, [
        event("now"),
        event("expires", { expires_after: "5s" }),
        event("later", { not_before: new Date(notBeforeMs).toISOString(), expires_after: "5s" }),
      ]);
      await until(() => expect(seen).toHaveLength(2));
      expect(Date.now()).toBeLessThan(notBeforeMs);
      await allDelivered(accepts, 3);
      const later = seen[2]!;
      // Clocks of one machine: what is left is what a quick round trip cannot tell.
      expect(later.atMs).toBeGreaterThanOrEqual(notBeforeMs - 20);
      expect(later.atMs).toBeLessThan(notBeforeMs + 1_500);
      for (const { offMs } of seen) expect(Math.abs(offMs)).toBeLessThan(2_000);
      const rows = await sql.query<{ off: number }>(
        `select max(abs(extract(epoch from e.accepted_at - clock_timestamp())))::float8 as off from postrider.events e
       union all select max(abs(extract(epoch from f.finished_at - clock_timestamp())))::float8 from postrider.finished f
       union all select max(abs(extract(epoch from a.at - clock_timestamp())))::float8 from postrider.attempts a`,
      );
      for (const { off } of rows) expect(off).toBeLessThan(30);
    },
  );

  test("clocks that are set while processes run change nothing", async () => {
    const { seen, open, addPartner, accept, allDelivered } = await createFleet();
    const clocks = [wrongBy(0), wrongBy(0)];
    const accepts = await open(clocks[0]!);
    const dispatches = await open(clocks[1]!);
    await addPartner(accepts, "acme");
    await dispatches.start();
    const steps = [3_600_000, 0, -3_600_000, dayMs, -dayMs, 0];
    for (const [n, toMs] of steps.entries()) {
      for (const clock of clocks) clock.set(n % 2 === 0 ? toMs : -toMs);
      await accept(accepts, [event(`first-${n}`, { expires_after: "5s" }), event(`second-${n}`)]);
      await until(() => expect(seen).toHaveLength(2 * (n + 1)));
    }
    await allDelivered(accepts, 12);
    for (const { offMs } of seen) expect(Math.abs(offMs)).toBeLessThan(2_000);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(12);
  });

  test("four processes with four clocks hold a partner's rate and deliver everything once", async () => {
    const { seen, open, addPartner, accept, allDelivered } = await createFleet();
    const clocks = [-10 * minuteMs, 0, 10 * minuteMs, dayMs].map(wrongBy);
    const four = await Promise.all(clocks.map((clock) => open(clock)));
    const [one] = four as [Engine];
    const limited = [0, 1, 2, 3];
    for (const n of limited) await addPartner(one, `slow-${n}`, { rate_per_second: 20, burst: 1 });
    await addPartner(one, "acme");
    for (const engine of four) await engine.start();
    for (const [n, engine] of four.entries()) {
      const events = Array.from({ length: 20 }, (_, k) => [
        event(`acme-${n}-${k}`),
        ...limited.map((p) => event(`slow-${n}-${k}-${p}`, { partner: `slow-${p}` })),
      ]).flat();
      await accept(engine, events);
    }
    clocks[1]!.set(-3_600_000);
    await allDelivered(one, 400);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(400);
    expect(seen).toHaveLength(400);
    for (const n of limited) {
      const times = seen.filter(({ path }) => path === `/slow-${n}`).map(({ atMs }) => atMs);
      // 80 at 20 a second, the first at once: the limit held if they took so long. A turn that was lost costs permits, never adds any.
      expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(79 * 50 - 150);
    }
  });

  test("a limiter, a retry and a hold that a clock left a day ahead come back by themselves, and what was asked for stays", async () => {
    const { seen, open, addPartner, accept, sql } = await createFleet();
    const engine = await open(systemClock);
    for (const id of ["limited", "retried", "held"])
      await addPartner(engine, id, { rate_per_second: 5, burst: 1 });
    const to = (partner: string, more: Partial<AcceptEvent> = {}) =>
      event(`${partner}-${randomUUID()}`, { partner, ...more });
    const asked = new Date(Date.now() + 2 * dayMs).toISOString();
    await accept(engine, [
      to("limited"),
      to("limited"),
      to("retried"),
      to("held"),
      to("limited", { not_before: asked }),
    ]);
    // As a process of an earlier version left them that was a day ahead.
    const day = "interval '1 day'";
    await sql.query(
      "update postrider.partner_runtime set limiter_cursor_ms = extract(epoch from clock_timestamp()) * 1000 + 86400000",
    );
    await sql.query(
      `insert into postrider.attempts (delivery, n, status, endpoint_version, at, duration_ms)
       select q.id, 1, 503, 1, clock_timestamp() + ${day}, 5 from postrider.pending q join postrider.partners p using (partner_no) where p.id = 'retried'`,
    );
    await sql.query(
      `update postrider.pending q set attempts_made = 1, lane = 1, due_at = clock_timestamp() + ${day} + interval '300 ms'
         from postrider.partners p where p.partner_no = q.partner_no and p.id = 'retried'`,
    );
    await sql.query(
      `update postrider.endpoints e set held_until = clock_timestamp() + 2 * ${day}
         from postrider.partners p where p.partner_no = e.partner_no and p.id = 'held'`,
    );
    await engine.start();
    await until(() =>
      expect(seen.map(({ path }) => path).sort()).toEqual(["/held", "/limited", "/limited", "/retried"]),
    );
    const [first, second] = seen.filter(({ path }) => path === "/limited");
    expect(second!.atMs - first!.atMs).toBeGreaterThan(150);
    expect((await engine.operations.conservation()).pending).toBe(1);
    const cursors = await sql.query<{ ms: number }>(
      "select max(limiter_cursor_ms) - extract(epoch from clock_timestamp())::float8 * 1000 as ms from postrider.partner_runtime",
    );
    expect(cursors[0]!.ms).toBeLessThan(5_000);
  });

  test("every process is listed with its clock and what is not as it should be, the one that only accepts too, until it stops", async () => {
    const { told, open } = await createFleet();
    const roles = (...list: string[]) => ({ process: { version: "1.2.3", roles: list } });
    const api = await open(wrongBy(10 * minuteMs), roles("api"));
    const worker = await open(wrongBy(0), roles("worker"));
    await worker.start();
    await until(async () => {
      const processes = await worker.processes();
      expect(processes).toMatchObject([
        { roles: ["api"], version: "1.2.3", dispatches: false, self: false },
        { roles: ["worker"], version: "1.2.3", dispatches: true, self: true, conditions: [] },
      ]);
      expect(processes[0]!.skewMs).toBeGreaterThan(599_000);
      expect(processes[0]!.skewMs).toBeLessThan(601_000);
      expect(Math.abs(processes[1]!.skewMs ?? 10_000)).toBeLessThan(1_000);
      expect(processes[0]!.conditions).toMatchObject([
        { name: "clock_off", message: expect.stringContaining("600 s ahead of the ledger's") },
      ]);
    });
    expect(told).toMatchObject([{ name: "clock_off", phase: "begins" }]);
    expect(api.conditions()).toHaveLength(1);
    expect(worker.conditions()).toEqual([]);
    // Only those that dispatch are counted, and one of them is the first.
    expect(worker.progress().alive).toBe(1);
    expect(Math.abs(api.clockSkewMs()! - 600_000)).toBeLessThan(1_000);
    engines = [worker];
    await api.stop(0);
    expect(await worker.processes()).toMatchObject([{ roles: ["worker"] }]);
  });
});

test("an embedded ledger has the clock of its machine, and its one process is listed", async () => {
  const clock = wrongBy(dayMs);
  const engine = await openEngine({
    dataDir: "memory://",
    masterKeys: [new Uint8Array(32).fill(7)],
    allowTargets: [],
    localClock: clock,
    process: { version: "1.2.3", roles: ["api", "worker"] },
  });
  engines.push(engine);
  expect(Math.abs(engine.now() - Date.now() - dayMs)).toBeLessThan(1_000);
  clock.set(0);
  expect(Math.abs(engine.now() - Date.now())).toBeLessThan(1_000);
  expect([engine.clockSkewMs(), engine.conditions()]).toEqual([null, []]);
  expect(await engine.processes()).toMatchObject([
    { self: true, dispatches: false, version: "1.2.3", roles: ["api", "worker"], skewMs: null },
  ]);
});
