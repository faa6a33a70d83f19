/**
 * A ledger that forgot: a standby that took over without the last transactions, a backup that was restored behind the
 * same address. Nothing may be sent by settings that the ledger does not hold.
 */
import { randomUUID } from "node:crypto";
import { parseSecret, verify } from "@postrider/protocol";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { endpointDefaults, partnerDefaults } from "./core/documents.ts";
import { openEngine } from "./engine.ts";
import { openPg } from "./ledger/pg.ts";
import { startHttpPartner } from "./testing/http-partner.ts";
import { createDatabase } from "./testing/postgres-server.ts";

const postgresUrl = inject("postgresUrl");
const until = (fact: () => Promise<void> | void) => vi.waitFor(fact, { timeout: 8_000, interval: 10 });

interface Received {
  readonly path: string;
  readonly event: string;
  readonly atMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function startPartner() {
  const received: Received[] = [];
  const { target, stop } = await startHttpPartner((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { id: event } = JSON.parse(body) as { id: string };
      const headers = request.headers as Record<string, string>;
      received.push({ path: request.url ?? "", event, atMs: Date.now(), headers, body });
      response.end("ok");
    });
  });
  onTestFinished(stop);
  return { received, target };
}

/** An engine on a database of its own, with a partner `acme` whose endpoint `main` is at `/one`. */
async function start() {
  const { received, target } = await startPartner();
  const name = `failover_${randomUUID().replaceAll("-", "")}`;
  const databaseUrl = await createDatabase(postgresUrl!, name);
  const engine = await openEngine({
    databaseUrl,
    dataDir: "",
    masterKeys: [new Uint8Array(32).fill(7)],
    allowTargets: [target],
  });
  onTestFinished(() => engine.stop(0));
  const { operations } = engine;
  const put = (partner: string, endpoint: string, path: string) =>
    operations.putEndpoint(
      partner,
      endpoint,
      { ...endpointDefaults, body: "envelope", url: `http://${target}${path}`, events: ["*"] },
      Date.now(),
    );
  const putPartner = (id: string, changes = {}) =>
    operations.putPartner(id, { name: id, ...partnerDefaults, ...changes }, Date.now());
  const { signingSecret } = await putPartner("acme");
  await put("acme", "main", "/one");
  await engine.start();
  let events = 0;
  /** Accepts an event; resolves to its id. */
  const send = async (partner = "acme") => {
    const event_id = `event-${++events}`;
    // While connections are lost the answer is a 503: sent again, as an application does.
    await until(async () => {
      const { partnerNos } = await engine.events.accept([{ event_id, type: "a.b", partner }], Date.now());
      engine.ring(partnerNos);
    });
    return event_id;
  };
  const pathsOf = (event: string) =>
    received
      .filter((one) => one.event === event)
      .map(({ path }) => path)
      .sort();
  /** Sends an event and waits for where it came. */
  const sent = async (paths: readonly string[], partner = "acme") => {
    const event = await send(partner);
    await until(() => expect(pathsOf(event)).toEqual(paths));
    // Another one is the fact that says that nothing more came of the first.
    const last = await send(partner);
    await until(() => expect(pathsOf(last)).toEqual(paths));
    expect(pathsOf(event)).toEqual(paths);
    return received.filter((one) => one.event === event);
  };
  return {
    engine,
    name,
    databaseUrl,
    received,
    put,
    putPartner,
    send,
    sent,
    pathsOf,
    secret: signingSecret!,
  };
}

type Bench = Awaited<ReturnType<typeof start>>;

const settingsTables = [
  "partners",
  "endpoints",
  "endpoint_versions",
  "partner_secrets",
  "subscriptions",
  "signing_keys",
  "partner_runtime",
  "circuits",
];
const sequences = new Set([
  "partners_partner_no_seq",
  "endpoints_endpoint_no_seq",
  "signing_keys_key_no_seq",
]);

/** Keeps the settings of now, and puts them back as a server does that never got what came after. */
async function keepSettings({ databaseUrl }: Bench) {
  const admin = openPg({ url: databaseUrl, maxConnections: 1 });
  onTestFinished(() => admin.close());
  await admin.query("create schema kept");
  for (const table of settingsTables)
    await admin.query(`create table kept.${table} as table postrider.${table}`);
  const numbers = await admin.query<{ name: string; last: string | null }>(
    "select sequencename as name, last_value::text as last from pg_sequences where schemaname = 'postrider'",
  );
  return async (connectionsCut: boolean) => {
    await admin.script(`begin; set local session_replication_role = replica;
      ${settingsTables.map((table) => `delete from postrider.${table};`).join("\n")}
      ${settingsTables.map((table) => `insert into postrider.${table} overriding system value table kept.${table};`).join("\n")}
      ${numbers
        .filter(({ name, last }) => sequences.has(name) && last !== null)
        .map(({ name, last }) => `select setval('postrider.${name}', ${last}, true);`)
        .join("\n")}
      commit;`);
    if (connectionsCut)
      await admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );
  };
}

const verifies = (secret: string, { headers, body }: Received): Promise<boolean> =>
  verify(body, headers, { secrets: [parseSecret(secret)], now: new Date() }).then(
    () => true,
    () => false,
  );

/** After connections were lost each of the pool fails once. */
const reconnected = ({ engine }: Bench) =>
  until(async () => void (await Promise.all(Array.from({ length: 12 }, () => engine.operations.ping()))));

interface Case {
  readonly what: string;
  /** Brings the settings that stay. Default: those of the start. */
  readonly before?: (bench: Bench) => Promise<unknown>;
  /** The change that is forgotten, and its use. */
  readonly change: (bench: Bench) => Promise<unknown>;
  /** What must hold then. */
  readonly after: (bench: Bench) => Promise<unknown>;
}

const pause = ({ engine }: Bench) => engine.operations.setPartnerState("acme", "paused", Date.now());
const resume = ({ engine }: Bench) => engine.operations.setPartnerState("acme", "active", Date.now());

const cases: readonly Case[] = [
  {
    what: "an address",
    async change({ put, sent }) {
      await put("acme", "main", "/two");
      await sent(["/two"]);
    },
    async after({ put, sent }) {
      await sent(["/one"]);
      await put("acme", "main", "/three");
      await sent(["/three"]);
    },
  },
  {
    what: "a key",
    async change({ engine, sent }) {
      await engine.operations.rotateSecret("acme", { overlapMs: 0, scheme: "v1" }, Date.now());
      await sent(["/one"]);
    },
    async after({ engine, sent, secret }) {
      const [first] = await sent(["/one"]);
      expect(await verifies(secret, first!)).toBe(true);
      const next = await engine.operations.rotateSecret("acme", { overlapMs: 0, scheme: "v1" }, Date.now());
      const [second] = await sent(["/one"]);
      expect([await verifies(secret, second!), await verifies(next!.signingSecret!, second!)]).toEqual([
        false,
        true,
      ]);
    },
  },
  {
    what: "a secret",
    async before({ engine, put }) {
      await engine.operations.putSecret("acme", "token", "first-token", Date.now());
      await put("acme", "main", "/{secret.token}");
    },
    async change({ engine, sent }) {
      await engine.operations.putSecret("acme", "token", "second-token", Date.now());
      await sent(["/second-token"]);
    },
    async after({ engine, sent }) {
      await sent(["/first-token"]);
      await engine.operations.putSecret("acme", "token", "third-token", Date.now());
      await sent(["/third-token"]);
    },
  },
  {
    what: "a pause",
    change: pause,
    after: ({ sent }) => sent(["/one"]),
  },
  {
    what: "the end of a pause",
    before: pause,
    async change(bench) {
      await resume(bench);
      await bench.sent(["/one"]);
    },
    async after(bench) {
      const event = await bench.send();
      // Its claim says so: the partner of another event is served after it.
      await bench.putPartner("other");
      await bench.put("other", "main", "/other");
      await bench.sent(["/other"], "other");
      expect(bench.pathsOf(event)).toEqual([]);
      await resume(bench);
      bench.engine.sweepNow();
      await until(() => expect(bench.pathsOf(event)).toEqual(["/one"]));
    },
  },
  {
    what: "a higher rate",
    before: ({ putPartner }) => putPartner("acme", { rate_per_second: 5, burst: 1 }),
    async change({ putPartner, sent }) {
      await putPartner("acme", { rate_per_second: 1_000, burst: 100 });
      await sent(["/one"]);
    },
    async after({ send, received, pathsOf }) {
      const ids = await Promise.all([send(), send(), send(), send()]);
      await until(() => expect(ids.flatMap(pathsOf)).toHaveLength(4));
      const times = received.filter(({ event }) => ids.includes(event)).map(({ atMs }) => atMs);
      // Four at 5 a second take 600 ms.
      expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(400);
    },
  },
  {
    what: "a new endpoint",
    async change({ put, sent }) {
      await put("acme", "second", "/second");
      await sent(["/one", "/second"]);
    },
    async after({ put, sent }) {
      await sent(["/one"]);
      // Made again, under the same number.
      await put("acme", "other", "/other");
      await sent(["/one", "/other"]);
    },
  },
  {
    what: "the end of an endpoint",
    before: ({ put }) => put("acme", "second", "/second"),
    async change({ engine, sent }) {
      await engine.operations.deleteEndpoint("acme", "second", Date.now());
      await sent(["/one"]);
    },
    after: ({ sent }) => sent(["/one", "/second"]),
  },
  {
    what: "a partner, made again under the same number",
    async change({ put, putPartner, sent }) {
      await putPartner("lost");
      await put("lost", "main", "/lost");
      await sent(["/lost"], "lost");
    },
    async after({ put, putPartner, sent }) {
      const { signingSecret } = await putPartner("next");
      await put("next", "main", "/next");
      const [first] = await sent(["/next"], "next");
      expect(await verifies(signingSecret!, first!)).toBe(true);
    },
  },
  {
    what: "the end of a partner",
    async change({ engine }) {
      await engine.operations.deletePartner("acme", Date.now());
    },
    after: ({ sent }) => sent(["/one"]),
  },
];

// Where there is no PostgreSQL, the global set-up has printed why.
describe.skipIf(postgresUrl === null)("a ledger that forgot", () => {
  for (const connectionsCut of [true, false])
    test.each(cases)(
      `$what${connectionsCut ? "" : ", and no connection was lost"}`,
      async ({ before, change, after }) => {
        const bench = await start();
        await before?.(bench);
        await bench.send();
        const forget = await keepSettings(bench);
        await change(bench);
        await forget(connectionsCut);
        await reconnected(bench);
        await after(bench);
        expect(bench.received.length).toBeGreaterThan(0);
      },
    );

  test("a backup restored behind the same address: what was accepted and changed after it is gone, and nothing is sent by it", async () => {
    const bench = await start();
    const { name, engine, put, sent, received } = bench;
    const admin = openPg({ url: postgresUrl!, maxConnections: 1 });
    onTestFinished(() => admin.close());
    const database = (statement: string) => admin.query(statement.replaceAll("$", name));
    const disconnect = (which: string) =>
      admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${which}'`);
    await sent(["/one"]);
    await bench.putPartner("slow");
    // The backup. A template may have no connections, and the engine opens new ones.
    await database("alter database $ allow_connections false");
    await until(async () => {
      await disconnect(name);
      await database("create database $_backup template $");
    });
    await database("alter database $ allow_connections true");
    await database("alter database $_backup allow_connections true");
    await reconnected(bench);
    await put("acme", "main", "/two");
    await sent(["/two"]);
    // It waits when the backup comes: the ledger that is restored does not have it.
    await engine.operations.setPartnerState("acme", "paused", Date.now());
    const lost = await bench.send();
    await database("alter database $ allow_connections false");
    await until(async () => {
      await disconnect(name);
      await database("alter database $ rename to $_lost");
    });
    await database("alter database $_backup rename to $");
    await reconnected(bench);
    await until(() => put("acme", "second", "/second").then(() => {}));
    await sent(["/one", "/second"]);
    await put("acme", "main", "/three");
    await sent(["/second", "/three"]);
    expect(received.filter(({ event }) => event === lost)).toEqual([]);
  });
});
