/** Servers and poolers that let a connection in and then give no answer: nothing waits for them without end. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import pg from "pg";
import { beforeAll, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { createDatabase } from "../testing/postgres-server.ts";
import { startPgbouncer } from "../testing/pgbouncer-server.ts";
import { parseDatabaseUrl } from "./database-url.ts";
import { createConnector } from "./pg-connector.ts";
import { openPgReads } from "./pg-reads.ts";
import { watchSessions } from "./pg-sessions.ts";
import { createTargets } from "./pg-targets.ts";
import { openPg, type PgOptions } from "./pg.ts";

/** As in production it is 3 s and 2.5 s. */
const proofs = { everyMs: 300, withinMs: 250 };
const soon = { timeout: 10_000, interval: 20 };

const opened = (url: string, more: Partial<PgOptions> = {}) => {
  const sql = openPg({ url, proofs, ...more });
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= sql.close());
  onTestFinished(close);
  return { ...sql, close };
};

describe.skipIf(inject("postgresUrl") === null)("a server that falls silent after the login", () => {
  const server = inject("postgresUrl")!;
  let database: string;
  let url: string;
  beforeAll(async () => {
    database = `limits_${randomUUID().replaceAll("-", "")}`;
    url = await createDatabase(server, database);
  });

  /** Passes everything on until a client has sent what `after` matches; from then on that connection is silent, and never closed. */
  const through = async (after: RegExp) => {
    const { hostname, port, searchParams } = new URL(server);
    const host = searchParams.get("host") ?? hostname;
    const to = host.startsWith("/")
      ? { path: `${host}/.s.PGSQL.${port || "5432"}` }
      : { host, port: Number(port || 5432) };
    const sockets: Socket[] = [];
    // What is half closed stays so: a side that is gone sends no FIN.
    const proxy = createServer({ allowHalfOpen: true }, (client) => {
      const up = connect(to);
      sockets.push(client, up);
      client.on("data", (chunk: Buffer) => {
        if (after.test(chunk.toString("latin1"))) {
          client.pause();
          for (const socket of [client, up]) socket.removeAllListeners("data").removeAllListeners("end");
        } else up.write(chunk);
      });
      up.on("data", (chunk: Buffer) => client.write(chunk));
      client.on("end", () => up.end());
      up.on("end", () => client.end());
      for (const socket of [client, up]) socket.on("error", () => {});
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });
    return `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  };
  const urlOf = (places: string) =>
    `postgres://${new URL(server).username}@${places}/${database}?sslmode=disable&connect_timeout=1`;
  const prepares = /pg_backend_pid\(\) as pid, set_config/;

  test.each([
    ["a statement", true, (sql: ReturnType<typeof opened>) => sql.query("select 1")],
    ["a read", true, (sql: ReturnType<typeof opened>) => sql.reads.query("select 1")],
    [
      "a transaction",
      true,
      (sql: ReturnType<typeof opened>) => sql.transaction((tx) => tx.query("select 1")),
    ],
    ["a script", false, (sql: ReturnType<typeof opened>) => sql.script("select 1")],
  ])("%s ends as a lost connection does (told: %s), and the pool can be closed", async (_what, told, ask) => {
    const sql = opened(urlOf(await through(prepares)), { maxConnections: 1 });
    const lost = vi.fn<() => void>();
    sql.onLost(lost);
    await expect(ask(sql)).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(lost.mock.calls.length > 0).toBe(told);
    const last = ask(sql).catch((error: unknown) => error);
    await sql.close();
    expect(await last).toBeInstanceOf(Error);
  });

  test("of several hosts the next one is used, for statements and for the session that listens", async () => {
    const sql = opened(urlOf(`${await through(/transaction_read_only/)},${await through(/never/)}`));
    const stop = await sql.listen("limits", () => {});
    expect(await sql.query("select 1 as one")).toEqual([{ one: 1 }]);
    await stop();
  });

  test.each([
    ["the check of the server", /server_version_num/, (sql: ReturnType<typeof opened>) => sql.check()],
    ["listening", /listen "limits"/, (sql: ReturnType<typeof opened>) => sql.listen("limits", () => {})],
    [
      "the first proof of it",
      /pg_listening_channels/,
      (sql: ReturnType<typeof opened>) => sql.listen("limits", () => {}),
    ],
  ])("%s fails in words that name the place", async (_what, after, start) => {
    const place = await through(after);
    await expect(start(opened(urlOf(place)))).rejects.toMatchObject({
      code: "database_unreachable",
      message: expect.stringContaining(place),
    });
  });

  test("a session that listens and is silent does not hold up the stop", async () => {
    // The end of a session is a message of its own: nobody answers it.
    const sql = opened(urlOf(await through(/^X/)), {
      proofs: { everyMs: 60_000, withinMs: 60_000 },
    });
    const stop = await sql.listen("limits", () => {});
    await expect(stop()).resolves.toBeUndefined();
  });

  test("a statement that takes long is waited for if the role may not see the state of its own sessions", async () => {
    const [owner, login] = [`owner_${randomUUID().slice(0, 8)}`, `login_${randomUUID().slice(0, 8)}`];
    const admin = opened(server);
    await admin.script(
      `create role ${owner}; create role ${login} login noinherit in role ${owner}; alter role ${login} set role = ${owner}`,
    );
    const as = new URL(url);
    as.username = login;
    const sql = opened(as.href);
    const sees = await Promise.all([
      sql.query<{ pid: number }>("select pg_backend_pid() as pid from pg_sleep(0.2)"),
      sql.query("select 1 from pg_sleep(0.2)"),
    ]);
    const pid = sees[0][0]!.pid;
    expect(await sql.query("select state from pg_stat_activity where pid = $1", [pid])).toEqual([
      { state: null },
    ]);
    expect(await sql.query("select pg_sleep(2.5), 1 as done")).toMatchObject([{ done: 1 }]);
    await sql.close();
    await admin.script(`drop role ${login}; drop role ${owner}`);
  });

  test("an order to stop a read that comes too late is not given", async () => {
    const address = parseDatabaseUrl(url);
    const { username } = new URL(url);
    const settings = { user: username, database, connectionTimeoutMillis: 5_000 };
    const connector = createConnector(settings, createTargets(address));
    const late = Promise.withResolvers<pg.Client>();
    const order = { query: vi.fn<() => void>(), end: vi.fn<() => Promise<void>>(async () => {}) };
    const reads = openPgReads({
      connector: { ...connector, open: () => late.promise },
      sessions: watchSessions(connector, { everyMs: 60_000, withinMs: 60_000 }),
      statementTimeoutMs: 60_000,
      nameOf: () => "read",
      failed: () => {},
    });
    const leaves = new AbortController();
    const read = reads
      .query("select pg_sleep(9)", [], { signal: leaves.signal })
      .catch((error: Error) => error.message);
    const sql = opened(url);
    const sleeping = () =>
      sql.query("select 1 from pg_stat_activity where query = 'select pg_sleep(9)' and datname = $1", [
        database,
      ]);
    await vi.waitFor(async () => expect(await sleeping()).toHaveLength(1), soon);
    leaves.abort(new Error("went away"));
    expect(await read).toBe("went away");
    // The pool is closed as soon as the connection of the read was given up.
    await reads.close();
    late.resolve(order as never);
    await vi.waitFor(() => expect(order.end).toHaveBeenCalled());
    expect(order.query).not.toHaveBeenCalled();
  });
});

test("the connection that looks for slow statements is ended if the last of them ends meanwhile", async () => {
  const login = Promise.withResolvers<pg.Client>();
  const asked = Promise.withResolvers<void>();
  const asker = { query: async () => ({ rows: [] }), end: vi.fn<() => Promise<void>>(async () => {}) };
  const connector = {
    open: () => {
      asked.resolve();
      return login.promise;
    },
  };
  const sessions = watchSessions(connector as never, { everyMs: 30, withinMs: 60_000 });
  const client = {} as pg.ClientBase;
  sessions.begin(client);
  await asked.promise;
  sessions.end(client);
  login.resolve(asker as never);
  await vi.waitFor(() => expect(asker.end).toHaveBeenCalledTimes(1), soon);
  await sessions.stop();
});

describe.skipIf(inject("postgresUrl") === null || !inject("pgbouncer"))(
  "PgBouncer without a free connection",
  () => {
    const pooled = async (connections: number) => {
      const name = `full_${randomUUID().replaceAll("-", "")}`;
      await createDatabase(inject("postgresUrl")!, name);
      const pooler = await startPgbouncer(inject("postgresUrl")!, {
        pool_mode: "session",
        default_pool_size: String(connections),
      });
      onTestFinished(() => pooler.stop());
      return pooler.urlOf(name);
    };
    /** Takes the only connection. */
    const hold = async (url: string) => {
      const holder = new pg.Client({ connectionString: url });
      holder.on("error", () => {});
      await holder.connect();
      await holder.query("select 1");
      onTestFinished(() => holder.end().catch(() => {}));
      return holder;
    };

    test("statements and reads end within the time of a connect, and work when one is free", async () => {
      const url = await pooled(1);
      const holder = await hold(url);
      const sql = opened(`${url}?connect_timeout=1`);
      await expect(sql.query("select 1")).rejects.toMatchObject({ code: "ETIMEDOUT" });
      await expect(sql.reads.query("select 1")).rejects.toMatchObject({ code: "ETIMEDOUT" });
      await holder.end();
      expect(await sql.query("select 1 as one")).toEqual([{ one: 1 }]);
    });

    test("statements that only take long are not cut, although nobody can ask for them", async () => {
      const sql = opened(await pooled(1), { maxConnections: 1 });
      expect(await sql.query("select pg_sleep(4), 1 as done")).toMatchObject([{ done: 1 }]);
    });

    test("the session that listens waits for one longer than for a proof", async () => {
      const url = await pooled(1);
      const holder = await hold(url);
      const held = holder.query("select pg_sleep(1)").then(() => holder.end());
      const stop = await opened(url).listen("limits", () => {});
      await expect(stop()).resolves.toBeUndefined();
      await held;
    });
  },
);
