/**
 * Ledgers that earlier versions left behind, killed in the middle of their work, start on this version and everything
 * in them is delivered. Each file of `testing/dumps/` is one; scripts/make-ledger-dump.ts makes them.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { type Engine, openEngine } from "./engine.ts";
import { openPg } from "./ledger/pg.ts";
import { openPglite } from "./ledger/pglite.ts";
import type { Sql } from "./ledger/sql.ts";
import { type Clock, systemClock } from "./ports/clock.ts";
import { startHttpPartner } from "./testing/http-partner.ts";
import { createDatabase } from "./testing/postgres-server.ts";

const folder = join(import.meta.dirname, "testing/dumps");
const dumps = readdirSync(folder).filter((name) => name.endsWith(".sql"));
const dumpedPort = "127.0.0.1:45991";
const hourMs = 3_600_000;

/** A clock that runs from another time: what was kept when a dump was made is not too old to keep. */
function runningFrom(startMs: number): Clock {
  const offsetMs = startMs - systemClock.now();
  return { ...systemClock, now: () => systemClock.now() + offsetMs };
}

async function createPartner() {
  const paths: string[] = [];
  const { target, stop } = await startHttpPartner((request, response) => {
    paths.push(request.url ?? "");
    request.resume().on("end", () => response.end());
  });
  onTestFinished(stop);
  return { paths, target };
}

interface Place {
  /** Where the engine finds the ledger. */
  readonly options: { readonly databaseUrl?: string; readonly dataDir: string };
  readonly open: () => Promise<Sql>;
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  async PGlite() {
    const dataDir = mkdtempSync(join(tmpdir(), "postrider-upgrade-"));
    onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
    return { options: { dataDir }, open: () => openPglite({ dataDir }) };
  },
  async PostgreSQL() {
    const url = await createDatabase(inject("postgresUrl")!, `upgrade_${randomUUID().replaceAll("-", "")}`);
    return { options: { databaseUrl: url, dataDir: "" }, open: async () => openPg({ url }) };
  },
};

async function openDump(name: string, place: Place) {
  const partner = await createPartner();
  const text = readFileSync(join(folder, name), "utf8");
  const madeAt = /^-- made_at (\S+)/.exec(text)?.[1] ?? "";
  const sql = await place.open();
  await sql.script(text.replaceAll(dumpedPort, partner.target));
  await sql.close();
  const engine = await openEngine({
    ...place.options,
    masterKeys: [new Uint8Array(32).fill(7)],
    allowTargets: [partner.target],
    clock: runningFrom(Date.parse(madeAt) + hourMs),
  });
  onTestFinished(() => engine.stop(1_000));
  return { ...partner, engine, nowMs: Date.parse(madeAt) + hourMs };
}

async function allDelivered({ operations }: Engine): Promise<number> {
  return vi.waitFor(
    async () => {
      const { finished, pending, drift } = await operations.conservation();
      expect({ states: Object.keys(finished), pending, drift }).toEqual({
        states: ["delivered"],
        pending: 0,
        drift: 0,
      });
      return finished["delivered"] ?? 0;
    },
    { timeout: 25_000, interval: 50 },
  );
}

test("there is a dump of every form that migrations had before they were frozen", () => {
  expect(dumps).toEqual(expect.arrayContaining(["a9954ab.sql", "87f37e3.sql", "85fe4ce.sql", "3004183.sql"]));
});

describe.each(Object.keys(places))("on %s", (placeName) => {
  // Where there is none, the global set-up has printed why.
  const skipped = placeName === "PostgreSQL" && inject("postgresUrl") === null;

  test.skipIf(skipped).each(dumps)("the ledger of %s delivers everything", async (name) => {
    const { engine, paths, nowMs } = await openDump(name, await places[placeName]!());
    const before = await engine.operations.conservation();
    expect(before.finished).toEqual({ delivered: 6, dead: expect.any(Number) });
    expect(before.pending).toBeGreaterThanOrEqual(6);

    await engine.start();
    await engine.operations.setPartnerState("paused", "active", nowMs);
    await engine.operations.createReplay(
      { filter: { partner: "buried" }, ratePerSecond: null, requestedBy: "test" },
      nowMs,
    );
    engine.sweepNow();

    const delivered = await allDelivered(engine);
    expect(delivered).toBe(before.accepted);
    // Six were delivered before the dump was made: none of them came again.
    expect(paths).toHaveLength(delivered - 6);
    expect(new Set(paths)).toEqual(
      new Set(["/down/waiting", "/down/buried", "/paused", ...paths.filter((path) => path === "/good")]),
    );
  });
});
