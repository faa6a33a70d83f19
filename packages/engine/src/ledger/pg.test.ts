/** How a connection is made: hosts, TLS, time-outs. Against real servers. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type PostgresServer, startPostgres } from "../testing/postgres-server.ts";
import { openPg } from "./pg.ts";
import { isConnectionFault } from "./sql.ts";

const fixture = (name: string) => `${import.meta.dirname}/../transport/fixtures/${name}.pem`;
const pem = (...names: string[]) => names.map((name) => readFileSync(fixture(name), "utf8")).join("\n");

const hba = `
local   all all                     trust
hostssl all tlsuser  all            trust
hostnossl all plainuser all         trust
host    all postgres all            trust
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Where there is no PostgreSQL, the global set-up has printed why.
describe.skipIf(inject("postgresUrl") === null)("connections", () => {
  let plain: PostgresServer;
  let withTls: PostgresServer;
  const ports: Record<string, number> = {};
  const psql = async (server: PostgresServer, sql: string) => {
    const opened = openPg({ url: server.url });
    try {
      for (const statement of sql.split(";\n")) await opened.query(statement);
    } finally {
      await opened.close();
    }
  };

  beforeAll(async () => {
    ports["plain"] = await freePort();
    ports["tls"] = await freePort();
    const common = {
      listen_addresses: "127.0.0.1",
      fsync: "off",
      max_connections: "30",
      shared_buffers: "16MB",
    };
    plain = await startPostgres({ ...common, port: String(ports["plain"]) }, { "pg_hba.conf": hba });
    const tls = { ssl: "on", ssl_cert_file: "server.pem", ssl_key_file: "key.pem" };
    withTls = await startPostgres(
      { ...common, port: String(ports["tls"]), ...tls },
      { "pg_hba.conf": hba, "server.pem": pem("good", "intermediate"), "key.pem": pem("key") },
    );
    for (const server of [plain, withTls])
      await psql(server, "create role tlsuser login;\ncreate role plainuser login;\ncreate database fresh");
  });
  afterAll(async () => {
    await plain?.stop();
    await withTls?.stop();
  });

  const filled = (url: string) =>
    url
      .replace(/PORT_(\w+?)\b/g, (_, name: string) => String(ports[name.toLowerCase()]))
      .replaceAll("FIXTURE_", fixture("").replace(".pem", ""));

  test("of several hosts the one that can be written to is used, after a change too", async () => {
    const url = filled("postgres://postgres@127.0.0.1:PORT_PLAIN,127.0.0.1:PORT_TLS/fresh");
    const onlyReads = (server: PostgresServer, value: "on" | "off") =>
      psql(server, `alter database fresh set default_transaction_read_only = ${value}`);
    await onlyReads(plain, "on");
    const sql = openPg({ url });
    const where = async () =>
      Number((await sql.query<{ port: string }>("select current_setting('port') as port"))[0]?.port);
    expect(await where()).toBe(ports["tls"]);
    await onlyReads(plain, "off");
    await withTls.restart("fast");
    await onlyReads(withTls, "on");
    // The first to ask learns that its connection is gone.
    await where().catch(() => {});
    expect(await where()).toBe(ports["plain"]);
    await onlyReads(withTls, "off");
    await sql.close();
  });

  const encrypted = async (url: string) => {
    const sql = openPg({ url: filled(url) });
    try {
      const [row] = await sql.query<{ ssl: boolean }>(
        "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
      );
      return row?.ssl;
    } finally {
      await sql.close();
    }
  };
  const root = "sslrootcert=FIXTURE_root.pem";
  test.each([
    ["postgres", "PLAIN", "", false],
    ["postgres", "PLAIN", "sslmode=disable", false],
    ["postgres", "PLAIN", "sslmode=allow", false],
    ["postgres", "PLAIN", "sslmode=prefer", false],
    ["postgres", "TLS", "", true],
    ["postgres", "TLS", "sslmode=disable", false],
    ["postgres", "TLS", "sslmode=allow", false],
    ["postgres", "TLS", "sslmode=prefer", true],
    ["postgres", "TLS", "sslmode=require", true],
    ["postgres", "TLS", `sslmode=require&${root}`, true],
    ["postgres", "TLS", `sslmode=verify-ca&${root}`, true],
    ["tlsuser", "TLS", "sslmode=allow", true],
    ["tlsuser", "TLS", "sslmode=prefer", true],
    ["plainuser", "TLS", "sslmode=prefer", false],
    ["plainuser", "TLS", "sslmode=allow", false],
  ])("%s on the %s server with %j: encrypted %s", async (user, server, query, wanted) => {
    expect(await encrypted(`postgres://${user}@127.0.0.1:PORT_${server}/fresh?${query}`)).toBe(wanted);
  });

  test("verify-full takes the name in the certificate, and a unix socket has no TLS", async () => {
    expect(await encrypted(`postgres://postgres@localhost:PORT_TLS/fresh?sslmode=verify-full&${root}`)).toBe(
      true,
    );
    expect(await encrypted(withTls.url.replace("/postgres?", "/fresh?sslmode=require&"))).toBe(false);
  });

  test("files of TLS may be given beside the URL", async () => {
    const url = filled("postgres://postgres@localhost:PORT_TLS/fresh?sslmode=verify-full");
    const sql = openPg({ url, tls: { rootCert: fixture("root") } });
    expect(await sql.query("select 1 as one")).toEqual([{ one: 1 }]);
    await sql.close();
  });

  test("a statement ends after the time given, which is no parameter of the login", async () => {
    const sql = openPg({
      url: filled("postgres://postgres@127.0.0.1:PORT_PLAIN/fresh"),
      statementTimeoutMs: 50,
    });
    await expect(sql.query("select pg_sleep(5)")).rejects.toMatchObject({ code: "57014" });
    await sql.close();
  });

  test("no mode of TLS writes a warning", () => {
    const script = `import { openPg } from ${JSON.stringify(`${import.meta.dirname}/pg.ts`)};
      for (const mode of ["prefer", "require", "verify-ca"]) { const sql = openPg({ url: "postgres://u@127.0.0.1:1/d?sslmode=" + mode }); await sql.query("select 1").catch(() => {}); await sql.close(); }`;
    const output = execFileSync(
      "sh",
      ["-c", '"$0" --input-type=module --eval "$1" 2>&1', process.execPath, script],
      {
        encoding: "utf8",
      },
    );
    expect(output).toBe("");
  });
});

test.each([
  ["The server does not support SSL connections", true],
  ["There was an error establishing an SSL connection", true],
  ["Connection terminated unexpectedly", true],
  ['no pg_hba.conf entry for host "::1", user "app", database "d", SSL off', false],
  ["relation does not exist", false],
])("%j says that the ledger cannot be reached: %j", (message, expected) => {
  expect(isConnectionFault(new Error(message))).toBe(expected);
});
