/** Every wrong DATABASE_URL ends the start in one sentence; every right one starts. Against real servers. */
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openEngine } from "./engine.ts";
import { openPg } from "./ledger/pg.ts";
import { type PostgresServer, startPostgres } from "./testing/postgres-server.ts";

const fixture = (name: string) => `${import.meta.dirname}/transport/fixtures/${name}.pem`;
const pem = (...names: string[]) => names.map((name) => readFileSync(fixture(name), "utf8")).join("\n");

const hba = `
local   all all                     trust
host    all pwuser   all            scram-sha-256
hostssl all tlsuser  all            trust
hostnossl all plainuser all         trust
host    all postgres,nocreate,limited,notowner,nologin,ghost all trust
`;
const password = "hunter2-secret";

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function open(databaseUrl: string) {
  const masterKeys = [new Uint8Array(32).fill(7)];
  return openEngine({ databaseUrl, dataDir: "", masterKeys, allowTargets: [] });
}

async function refusal(url: string) {
  const error = await open(url).then(
    async (engine) => {
      await engine.stop(0);
      throw new Error(`it started on ${url}`);
    },
    (error: Error & { code?: string; hint?: string }) => error,
  );
  return error;
}

// Where there is no PostgreSQL, the global set-up has printed why.
describe.skipIf(inject("postgresUrl") === null)("DATABASE_URL", () => {
  let plain: PostgresServer;
  let withTls: PostgresServer;
  let standIns: Readonly<Record<"http" | "silent" | "closing", Server>>;
  const ports: Record<string, number> = {};
  const psql = async (server: PostgresServer, sql: string, database = "postgres") => {
    const opened = openPg({ url: server.url.replace("/postgres?", `/${database}?`) });
    try {
      for (const statement of sql.split(";\n")) await opened.query(statement);
    } finally {
      await opened.close();
    }
  };

  beforeAll(async () => {
    ports["plain"] = await freePort();
    ports["tls"] = await freePort();
    ports["none"] = await freePort();
    const common = {
      listen_addresses: "127.0.0.1",
      fsync: "off",
      max_connections: "30",
      shared_buffers: "16MB",
    };
    plain = await startPostgres({ ...common, port: String(ports["plain"]) }, { "pg_hba.conf": hba });
    withTls = await startPostgres(
      {
        ...common,
        port: String(ports["tls"]),
        ssl: "on",
        ssl_cert_file: "server.pem",
        ssl_key_file: "key.pem",
      },
      { "pg_hba.conf": hba, "server.pem": pem("good", "intermediate"), "key.pem": pem("key") },
    );
    standIns = {
      http: createHttpServer((_request, response) => void response.end("hello")),
      silent: createServer(() => {}),
      closing: createServer((socket) => void socket.end()),
    };
    for (const [name, server] of Object.entries(standIns)) ports[name] = await listening(server);
    const roles = `create role pwuser login password '${password}';
create role nocreate login;
create role notowner login;
create role limited login connection limit 0;
create role tlsuser login;
create role plainuser login;
create role nohba login;
create role nologin`;
    for (const server of [plain, withTls]) {
      await psql(server, `${roles};\ncreate database fresh`);
    }
    const encodings = ["LATIN1", "SQL_ASCII", "EUC_JP", "WIN1251", "KOI8R"];
    for (const encoding of encodings)
      await psql(
        plain,
        `create database ${encoding.toLowerCase()} template template0 encoding '${encoding}' locale 'C'`,
      );
    await psql(
      plain,
      `create database reads;
alter database reads set default_transaction_read_only = on;
create database beforehand;
create database foreign_schema`,
    );
    await psql(plain, "create schema postrider authorization nocreate", "beforehand");
    await psql(plain, "create schema postrider", "foreign_schema");
  });
  afterAll(async () => {
    for (const server of Object.values(standIns ?? {})) server.close();
    await plain?.stop();
    await withTls?.stop();
  });

  const filled = (url: string) =>
    url
      .replace(/PORT_(\w+?)\b/g, (_, name: string) => String(ports[name.toLowerCase()]))
      .replaceAll("FIXTURE_", fixture("").replace(".pem", ""));

  type Refused = [what: string, url: string, code: string, words: RegExp, remedy: RegExp];
  const unreachable = "database_unreachable";
  const unsuitable = "database_unsuitable";
  test.each<Refused>([
    [
      "no database",
      "postgres://postgres@127.0.0.1:PORT_PLAIN/nope",
      unreachable,
      /no database nope/,
      /create database nope/,
    ],
    [
      "an odd name",
      "postgres://postgres@127.0.0.1:PORT_PLAIN/No%20pe",
      unreachable,
      /database No pe /,
      /"No pe"/,
    ],
    [
      "no role",
      "postgres://ghost@127.0.0.1:PORT_PLAIN/fresh",
      unreachable,
      /role ghost may not log in/,
      /create the role/,
    ],
    [
      "no login",
      "postgres://nologin@127.0.0.1:PORT_PLAIN/fresh",
      unreachable,
      /role nologin may not/,
      /with login/,
    ],
    [
      "a wrong password",
      "postgres://pwuser:wrong-hunter@127.0.0.1:PORT_PLAIN/fresh",
      unreachable,
      /password for the database fresh .*role pwuser/,
      /percent-encoded/,
    ],
    [
      "no password",
      "postgres://pwuser@127.0.0.1:PORT_PLAIN/fresh",
      unreachable,
      /asks for a password/,
      /PGPASSWORD/,
    ],
    ["no pg_hba line", "postgres://nohba@127.0.0.1:PORT_PLAIN/fresh", unreachable, /pg_hba/, /pg_hba\.conf/],
    [
      "TLS demanded",
      "postgres://tlsuser@127.0.0.1:PORT_TLS/fresh?sslmode=disable",
      unreachable,
      /without TLS/,
      /sslmode=require/,
    ],
    [
      "TLS not offered",
      "postgres://postgres@127.0.0.1:PORT_PLAIN/fresh?sslmode=require",
      unreachable,
      /no TLS, which sslmode=require/,
      /sslmode=prefer/,
    ],
    [
      "an unknown authority",
      "postgres://postgres@localhost:PORT_TLS/fresh?sslmode=verify-full",
      unreachable,
      /not trusted/,
      /sslrootcert/,
    ],
    [
      "an unknown authority for the name alone",
      "postgres://postgres@localhost:PORT_TLS/fresh?sslmode=verify-ca&sslrootcert=FIXTURE_self-signed.pem",
      unreachable,
      /not trusted/,
      /sslrootcert/,
    ],
    [
      "another name",
      "postgres://postgres@127.0.0.1:PORT_TLS/fresh?sslmode=verify-full&sslrootcert=FIXTURE_root.pem",
      unreachable,
      /for another name/,
      /verify-ca/,
    ],
    [
      "a file that is not there",
      "postgres://postgres@127.0.0.1:PORT_TLS/fresh?sslrootcert=/nope/ca.pem",
      "invalid_settings",
      /\/nope\/ca\.pem.*sslrootcert.*ENOENT/,
      /PEM/,
    ],
    [
      "no connection left",
      "postgres://limited@127.0.0.1:PORT_PLAIN/fresh",
      unreachable,
      /No connection is free/,
      /POSTRIDER_DATABASE_CONNECTIONS/,
    ],
    [
      "no right to create",
      "postgres://nocreate@127.0.0.1:PORT_PLAIN/fresh",
      unsuitable,
      /postrider does not exist .*nocreate.*may not create/,
      /create schema postrider authorization nocreate/,
    ],
    [
      "a schema of others",
      "postgres://notowner@127.0.0.1:PORT_PLAIN/foreign_schema",
      unsuitable,
      /postrider exists .*may not create in it/,
      /grant create, usage/,
    ],
    ["only reading", "postgres://postgres@127.0.0.1:PORT_PLAIN/reads", unsuitable, /only reads/, /primary/],
    [
      "LATIN1",
      "postgres://postgres@127.0.0.1:PORT_PLAIN/latin1",
      unsuitable,
      /LATIN1.*UTF8/,
      /encoding 'UTF8'/,
    ],
    ["SQL_ASCII", "postgres://postgres@127.0.0.1:PORT_PLAIN/sql_ascii", unsuitable, /SQL_ASCII/, /UTF8/],
    ["EUC_JP", "postgres://postgres@127.0.0.1:PORT_PLAIN/euc_jp", unsuitable, /EUC_JP/, /UTF8/],
    ["WIN1251", "postgres://postgres@127.0.0.1:PORT_PLAIN/win1251", unsuitable, /WIN1251/, /UTF8/],
    ["KOI8R", "postgres://postgres@127.0.0.1:PORT_PLAIN/koi8r", unsuitable, /KOI8R/, /UTF8/],
    [
      "nobody there",
      "postgres://u@127.0.0.1:PORT_NONE/d",
      unreachable,
      /Nothing listens at 127\.0\.0\.1/,
      /listen_addresses/,
    ],
    [
      "nobody on several",
      "postgres://u@127.0.0.1:PORT_NONE,localhost:PORT_NONE/d",
      unreachable,
      /127\.0\.0\.1:\d+, localhost:\d+/,
      /listen_addresses/,
    ],
    [
      "no such host",
      "postgres://u@no-such-host.invalid/d",
      unreachable,
      /host no-such-host\.invalid cannot be found/,
      /name service/,
    ],
    [
      "no such socket",
      "postgres://u@/d?host=/nowhere",
      unreachable,
      /no socket \/nowhere\/\.s\.PGSQL\.5432/,
      /unix_socket_directories/,
    ],
    [
      "HTTP",
      "postgres://u@127.0.0.1:PORT_HTTP/d?connect_timeout=1",
      unreachable,
      /No answer as PostgreSQL|was closed/,
      /Is it PostgreSQL/,
    ],
    [
      "silence",
      "postgres://u@127.0.0.1:PORT_SILENT/d?connect_timeout=1",
      unreachable,
      /No answer as PostgreSQL/,
      /firewall/,
    ],
    [
      "hanging up",
      "postgres://u@127.0.0.1:PORT_CLOSING/d",
      unreachable,
      /was closed before/,
      /Is it PostgreSQL/,
    ],
    [
      "an own setting that is wrong",
      "postgres://postgres@127.0.0.1:PORT_PLAIN/fresh?options=-c%20nope%3D1",
      unsuitable,
      /nope/,
      /log/,
    ],
  ])("%s is said in one sentence", async (_what, url, code, words, remedy) => {
    const error = await refusal(filled(url));
    expect([error.code, error.message, error.hint]).toEqual([
      code,
      expect.stringMatching(words),
      expect.stringMatching(remedy),
    ]);
    expect(error.message).toMatch(/^[A-Z].*[^.?]\.$/);
    expect(`${error.message}${error.hint}`).not.toMatch(/hunter|\n/);
  });

  const starts = async (url: string) => {
    const engine = await open(filled(url));
    await engine.stop(0);
  };

  test("a schema made beforehand is enough, without the right to create others", async () => {
    const url = "postgres://nocreate@127.0.0.1:PORT_PLAIN/beforehand";
    await expect(starts(url)).resolves.toBeUndefined();
    await expect(starts(url)).resolves.toBeUndefined();
  });

  test.each([
    "postgres://postgres@127.0.0.1:PORT_NONE,127.0.0.1:PORT_PLAIN/fresh",
    "postgres://postgres@no-such-host.invalid,127.0.0.1:PORT_PLAIN/fresh?port=PORT_PLAIN",
    "postgres://postgres@127.0.0.1:PORT_NONE,127.0.0.1:PORT_TLS/fresh?sslmode=require",
  ])("%s starts on the host that answers", async (url) => {
    await expect(starts(url)).resolves.toBeUndefined();
  });
});
