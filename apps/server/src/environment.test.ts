import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PostriderError } from "@postrider/engine";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSettings, settings } from "./config.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postrider-env-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const refused = (env: Record<string, string>): PostriderError => {
  try {
    readSettings(env);
  } catch (error) {
    return error as PostriderError;
  }
  throw new Error("the settings were taken");
};

const databaseUrl = "postgresql://u:hunter2@db/d";
const secrets = {
  DATABASE_URL: [databaseUrl, databaseUrl],
  REDIS_URL: ["redis://:hunter2@r", "redis://:hunter2@r"],
  POSTRIDER_API_KEY: ["prk_hunter2hunter2hunter2", ["prk_hunter2hunter2hunter2"]],
  POSTRIDER_MASTER_KEY: ["ab".repeat(32), [new Uint8Array(32).fill(0xab)]],
  POSTRIDER_EGRESS_PROXY: ["http://user:hunter2@p:3128", "http://user:hunter2@p:3128"],
} as const;

describe("a secret in a file", () => {
  test("can be every setting that is marked as a secret", () => {
    const marked = Object.entries(settings).flatMap(([name, entry]) => ("secret" in entry ? [name] : []));
    expect(marked.toSorted()).toEqual(Object.keys(secrets).toSorted());
    for (const [name, entry] of Object.entries(settings))
      expect([name, entry.meaning.includes("Secret.")]).toEqual([name, "secret" in entry]);
  });

  test.each(["", "\n", "\r\n", "\n\n"])("is read without the %j at its end", (end) => {
    const env = Object.fromEntries(
      Object.entries(secrets).map(([name, [text]]) => [`${name}_FILE`, file(name, `${text}${end}`)]),
    );
    const { databaseUrl, redisUrl, apiKeys, masterKeys, egressProxy } = readSettings(env);
    const read = [databaseUrl, redisUrl, apiKeys, masterKeys, egressProxy].map((sealed) => sealed?.reveal());
    expect(read.map((value) => JSON.stringify(value))).toEqual(
      Object.values(secrets).map(([, value]) =>
        JSON.stringify(
          Array.isArray(value) && value[0] instanceof Uint8Array ? [Buffer.from(value[0])] : value,
        ),
      ),
    );
  });

  test.each(Object.keys(secrets))("%s given twice is refused", (name) => {
    const [text] = secrets[name as keyof typeof secrets];
    const { message } = refused({ [name]: text, [`${name}_FILE`]: file("secret", text) });
    expect(message).toContain(`${name} and ${name}_FILE are both set`);
    expect(message).not.toContain("hunter2");
  });

  test.each(Object.keys(secrets))("%s in no file, a folder or an empty file is refused in words", (name) => {
    mkdirSync(join(folder, "folder"));
    const say = (path: string) => refused({ [`${name}_FILE`]: path }).message;
    expect(say(join(folder, "nope"))).toBe(
      `${name}_FILE names ${folder}/nope, which cannot be read (ENOENT).`,
    );
    expect(say(join(folder, "folder"))).toContain("cannot be read (EISDIR)");
    expect(say(file("empty", "\n"))).toContain("which is empty");
  });

  test("that is wrong is not shown", () => {
    const { message } = refused({ POSTRIDER_MASTER_KEY_FILE: file("key", "hunter2") });
    expect(message).toContain("POSTRIDER_MASTER_KEY must be 32 bytes");
    expect(message).not.toContain("hunter2");
  });

  test("is for secrets alone", () => {
    expect(refused({ POSTRIDER_PORT_FILE: file("port", "1") }).message).toContain("is not a setting");
  });
});

describe("Kubernetes", () => {
  const linksOf = (service: string) => ({
    [`${service}_SERVICE_HOST`]: "10.0.0.1",
    [`${service}_SERVICE_PORT`]: "4400",
    [`${service}_SERVICE_PORT_HTTP`]: "4400",
    [`${service}_SERVICE_PORT_HTTP_METRICS`]: "4401",
    [`${service}_PORT`]: "tcp://10.0.0.1:4400",
    [`${service}_PORT_4400_TCP`]: "tcp://10.0.0.1:4400",
    [`${service}_PORT_4400_TCP_PROTO`]: "tcp",
    [`${service}_PORT_4400_TCP_PORT`]: "4400",
    [`${service}_PORT_4400_TCP_ADDR`]: "10.0.0.1",
    [`${service}_PORT_53_UDP`]: "udp://10.0.0.1:53",
    [`${service}_PORT_9_SCTP_ADDR`]: "10.0.0.1",
  });

  test.each(["POSTRIDER", "POSTRIDER_API", "POSTRIDER_SANDBOX", "POSTRIDER_2"])(
    "links of a service %s are not read",
    (service) => {
      const links = linksOf(service);
      const read = readSettings(links);
      expect(read).toMatchObject({ port: 4400, sandboxPort: 4500 });
      expect([...read.ignored].sort()).toEqual(Object.keys(links).sort());
    },
  );

  test.each(["POSTRIDER_SERVICE_HOSTS", "POSTRIDER_PORTS", "POSTRIDER_PORT_4400", "POSTRIDER_TCP_ADDR"])(
    "%s is no link",
    (name) => {
      expect(refused({ [name]: "x" }).message).toContain(`${name} is not a setting`);
    },
  );

  test("a real port counts", () => {
    expect(readSettings({ POSTRIDER_PORT: "4401" })).toMatchObject({ port: 4401, ignored: [] });
    expect(refused({ POSTRIDER_PORT: "http://10.0.0.1:1" }).message).toContain("whole number");
  });
});

describe("a database that was meant", () => {
  test.each([
    ["POSTGRES_URL", "x"],
    ["POSTGRESQL_URI", "x"],
    ["DB_URL", "jdbc:postgresql://h/d"],
    ["DATABASE_URI", "postgres://h/d"],
    ["DATABSE_URL", "postgres://h/d"],
    ["database_url", "postgresql://h/d"],
    ["POSTGRES_URL_FILE", "/run/secrets/db"],
    ["PGURL", "x"],
  ])("under %s stops the start, unless the embedded ledger is asked for", (name, value) => {
    const { message } = refused({ [name]: value });
    expect(message).toContain(`${name} is set and DATABASE_URL is not`);
    expect(readSettings({ [name]: value, POSTRIDER_LEDGER: "embedded" }).databaseUrl).toBeNull();
    expect(readSettings({ [name]: value, DATABASE_URL: databaseUrl }).warnings).toEqual([]);
  });

  test.each([
    ["PGHOST", "db"],
    ["SHOP_DB", "postgres://h/d"],
    ["TEST_DATABASE_URL", "postgres://h/d"],
  ])("perhaps under %s is a warning", (name, value) => {
    expect(readSettings({ [name]: value }).warnings).toEqual([expect.stringContaining(name)]);
    expect(readSettings({ [name]: value, POSTRIDER_LEDGER: "embedded" }).warnings).toEqual([]);
  });

  test.each([
    ["BASE_URL", "https://h"],
    ["DATABASE_NAME", "d"],
    ["DATABASE_PORT", "tcp://10.0.0.1:5432"],
  ])("%s says nothing about it", (name, value) => {
    expect(readSettings({ [name]: value }).warnings).toEqual([]);
  });

  test.each([
    [{ POSTRIDER_LEDGER: "postgresql" }, "DATABASE_URL is not set"],
    [{ POSTRIDER_LEDGER: "embedded", DATABASE_URL: databaseUrl }, "keep one"],
    [{ POSTRIDER_LEDGER: "sqlite" }, "auto, embedded or postgresql"],
    [{ DATABASE_URL: databaseUrl, POSTRIDER_MIN_FREE_BYTES: "99999999" }, "for an embedded ledger"],
    [{ POSTRIDER_DATABASE_SSLKEY: "/k" }, "need each other"],
  ])("%j is refused", (env, words) => {
    expect(refused(env).message).toContain(words);
  });
});
