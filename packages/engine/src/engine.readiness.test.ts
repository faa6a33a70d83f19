/** What is not ready and what is refused, on real ledgers that lose what accepting needs. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { partnerDefaults } from "./core/documents.ts";
import { openEngine } from "./engine.ts";
import type { EngineOptions } from "./engine-options.ts";
import { openPg } from "./ledger/pg.ts";
import { systemClock } from "./ports/clock.ts";
import { silentTelemetry } from "./ports/telemetry.ts";
import { createDatabase } from "./testing/postgres-server.ts";

async function open(
  options: Pick<EngineOptions, "databaseUrl" | "ceiling" | "clock"> & { dataDir?: string },
) {
  const lines: (string | null)[] = [];
  const engine = await openEngine({
    dataDir: "memory://",
    masterKeys: [new Uint8Array(32).fill(7)],
    allowTargets: [],
    telemetry: { ...silentTelemetry, accepting: (trouble) => void lines.push(trouble && trouble.code) },
    ...options,
  });
  onTestFinished(() => engine.stop(0));
  const accept = () =>
    engine.events.accept([{ event_id: randomUUID(), type: "a.b" }], Date.now()).then(
      () => null,
      (error: { code: string }) => error.code,
    );
  const ready = (reason: RegExp | null) =>
    vi.waitFor(
      async () => {
        const said = await engine.checkReady();
        if (reason === null) expect(said).toBeNull();
        else expect(said).toMatch(reason);
      },
      { timeout: 15_000, interval: 100 },
    );
  return { engine, lines, accept, ready };
}

// Where there is no PostgreSQL, the global set-up has printed why.
describe.skipIf(inject("postgresUrl") === null)("on PostgreSQL", () => {
  const prepared = async () => {
    const name = `ready_${randomUUID().replaceAll("-", "")}`;
    const role = `role_${name}`;
    const url = await createDatabase(inject("postgresUrl")!, name);
    const admin = openPg({ url });
    onTestFinished(() => admin.close());
    await admin.query(`create role ${role} login`);
    await admin.query(`create schema postrider authorization ${role}`);
    const run = async (...statements: string[]) => {
      for (const statement of statements) await admin.query(statement);
    };
    const endSessions = () =>
      run(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${role}'`);
    const opened = await open({ databaseUrl: url.replace("//postgres@", `//${role}@`) });
    return { ...opened, admin, name, role, run, endSessions };
  };

  test("a database that only reads, and comes back", async () => {
    const { name, run, endSessions, ready, accept, lines } = await prepared();
    await ready(null);
    await run(`alter database ${name} set default_transaction_read_only = on`);
    await endSessions();
    await ready(/only reads/);
    expect(await accept()).toBe("ledger_read_only");
    await run(
      "set default_transaction_read_only = off",
      `alter database ${name} set default_transaction_read_only = off`,
    );
    await endSessions();
    await ready(null);
    expect(await accept()).toBeNull();
    expect(lines).toContain("25006");
    expect(lines.at(-1)).toBeNull();
  });

  test.each(["postrider.events", "postrider.pending", "postrider.event_keys"])(
    "the right to %s that was taken away, and given back",
    async (table) => {
      const { role, run, ready, accept } = await prepared();
      await run(`revoke insert on ${table} from ${role}`);
      await ready(/lost a right/);
      if (table !== "postrider.pending") expect(await accept()).toBe("ledger_unavailable");
      await run(`grant insert on ${table} to ${role}`);
      await ready(null);
      expect(await accept()).toBeNull();
    },
  );

  test("a dump that holds the table does not make it unready", async () => {
    const { admin, ready } = await prepared();
    await admin.transaction(async (tx) => {
      await tx.query("lock table postrider.room in access share mode");
      await expect(ready(null)).resolves.toBeUndefined();
    });
  });

  test("a ceiling on its bytes", async () => {
    const url = await createDatabase(inject("postgresUrl")!, `ceiling_${randomUUID().replaceAll("-", "")}`);
    const { engine, ready, accept } = await open({ databaseUrl: url, ceiling: { maxBytes: 1_000_000 } });
    await ready(/more than POSTRIDER_MAX_LEDGER_BYTES/);
    expect(await accept()).toBe("ledger_full");
    expect(engine.room()).toMatchObject({ accepting: false, bytes: expect.any(Number), freeBytes: null });
  });
});

describe("embedded", () => {
  /** Sleeps a hundredth of what is asked. */
  const hurried = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal),
  };

  test("a ceiling on its bytes refuses, and ends when there is room again", async () => {
    const dataDir = join(mkdtempSync(join(tmpdir(), "postrider-ceiling-")), "ledger");
    onTestFinished(() => rmSync(join(dataDir, ".."), { recursive: true, force: true }));
    const { engine, ready, accept, lines } = await open({
      dataDir,
      clock: hurried,
      ceiling: { maxBytes: 150_000_000, minFreeBytes: 1 },
    });
    await ready(null);
    expect(await accept()).toBeNull();
    writeFileSync(join(dataDir, "filler"), Buffer.alloc(150_000_000, 1));
    await ready(/more than POSTRIDER_MAX_LEDGER_BYTES \(150,000,000\)/);
    expect(await accept()).toBe("ledger_full");
    expect(engine.room().bytes).toBeGreaterThan(150_000_000);
    rmSync(join(dataDir, "filler"));
    await ready(null);
    expect(await accept()).toBeNull();
    expect(lines).toEqual([null, null]);
  });

  test("a disk with too little left refuses", async () => {
    const dataDir = join(mkdtempSync(join(tmpdir(), "postrider-free-")), "ledger");
    onTestFinished(() => rmSync(join(dataDir, ".."), { recursive: true, force: true }));
    const { ready, accept } = await open({ dataDir, ceiling: { minFreeBytes: Number.MAX_SAFE_INTEGER } });
    await ready(/less than POSTRIDER_MIN_FREE_BYTES/);
    expect(await accept()).toBe("ledger_full");
  });
});

test.skipIf(inject("postgresUrl") === null)(
  "a start that fails on its keys leaves no connection and no watch behind",
  async () => {
    const databaseUrl = await createDatabase(
      inject("postgresUrl")!,
      `keys_${randomUUID().replaceAll("-", "")}`,
    );
    const given = { databaseUrl, dataDir: "", allowTargets: [] };
    const engine = await openEngine({ ...given, masterKeys: [new Uint8Array(32).fill(7)] });
    await engine.operations.putPartner("acme", { name: "Acme", ...partnerDefaults }, Date.now());
    await engine.stop(0);
    let sleepers = 0;
    const clock: typeof systemClock = {
      ...systemClock,
      sleep: async (ms, signal) => {
        sleepers += 1;
        await systemClock.sleep(ms, signal);
        sleepers -= 1;
      },
    };
    await expect(
      openEngine({
        ...given,
        masterKeys: [new Uint8Array(32).fill(8)],
        ceiling: { maxBytes: 1e12 },
        clock,
      }),
    ).rejects.toMatchObject({ code: "secret_unreadable" });
    expect(sleepers).toBe(0);
    const admin = openPg({ url: inject("postgresUrl")! });
    try {
      await vi.waitFor(async () => {
        const open = await admin.query("select 1 from pg_stat_activity where datname = $1", [
          new URL(databaseUrl).pathname.slice(1),
        ]);
        expect(open).toEqual([]);
      });
    } finally {
      await admin.close();
    }
  },
);
