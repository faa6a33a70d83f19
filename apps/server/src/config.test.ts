import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { PostriderError } from "@postrider/engine";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { readSettings } from "./config.ts";

const refused = (env: Record<string, string>): PostriderError => {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof PostriderError) return error;
  }
  throw new Error("the settings were taken");
};

describe("settings", () => {
  test("have the documented defaults, and an empty value is unset", () => {
    expect(readSettings({ POSTRIDER_PORT: "", PATH: "/bin" })).toEqual({
      databaseUrl: null,
      adoptLedger: null,
      database: { maxConnections: 10, statementTimeoutMs: 60_000, tls: {} },
      maxLedgerBytes: null,
      minFreeBytes: null,
      ignored: [],
      warnings: [],
      redisUrl: null,
      redisPrefix: "{postrider}",
      host: "127.0.0.1",
      port: 4400,
      apiKeys: null,
      masterKeys: null,
      dataDir: "./.postrider",
      roles: { api: true, worker: true },
      allowTargets: [],
      sandboxPort: 4500,
      logLevel: "info",
      maxInFlight: 256,
      operator: { partner: null, windowMs: 3_600_000, backlogOldAfterMs: 300_000 },
      retentionDays: 35,
      deadRetentionDays: 90,
      shutdownGraceMs: 15_000,
      maxBodyBytes: 5_242_880,
      maxBodiesBytes: 268_435_456,
      allowedHosts: [],
      caBundle: null,
      egressProxy: null,
    });
  });

  test("are read", () => {
    const read = readSettings({
      POSTRIDER_ROLES: "worker",
      POSTRIDER_ALLOW_TARGETS: "127.0.0.1:4500, [::1]:80",
      POSTRIDER_SHUTDOWN_GRACE: "1.5s",
      POSTRIDER_API_KEY: "prk_0123456789abcdef, prk_fedcba9876543210",
      POSTRIDER_MASTER_KEY: `${"ab".repeat(32)},${Buffer.alloc(32, 7).toString("base64")}`,
      DATABASE_URL: "postgresql://u:p@localhost/d",
    });
    expect(read).toMatchObject({
      roles: { api: false, worker: true },
      allowTargets: ["127.0.0.1:4500", "[::1]:80"],
      shutdownGraceMs: 1_500,
    });
    expect(read.apiKeys?.reveal()).toEqual(["prk_0123456789abcdef", "prk_fedcba9876543210"]);
    expect(read.masterKeys?.reveal().map((key) => Buffer.from(key).toString("hex"))).toEqual([
      "ab".repeat(32),
      "07".repeat(32),
    ]);
    expect(read.databaseUrl?.reveal()).toBe("postgresql://u:p@localhost/d");
  });

  test.each([
    ["POSTRIDER_PROT", "4401", "did you mean POSTRIDER_PORT?"],
    ["POSTRIDER_ALLOWED_TARGETS", "a:1", "did you mean POSTRIDER_ALLOW_TARGETS?"],
    ["POSTRIDER_XYZ", "1", "is not a setting"],
    ["POSTRIDER_DEAD_RETENTION_DAYS", "34", "POSTRIDER_RETENTION_DAYS, which is 35"],
    ["POSTRIDER_PORT", "70000", "0 to 65535"],
    ["POSTRIDER_PORT", "1e3", "whole number"],
    ["POSTRIDER_ROLES", "api,cook", "api, worker"],
    ["POSTRIDER_ROLES", ",", "api, worker"],
    ["POSTRIDER_ALLOW_TARGETS", "127.0.0.1", "host:port"],
    ["POSTRIDER_SHUTDOWN_GRACE", "15", "duration"],
    ["POSTRIDER_LOG_LEVEL", "loud", "debug"],
    ["REDIS_URL", "http://localhost", "must begin with one of redis://"],
    ["REDIS_URL", "redis://localhost", "needs DATABASE_URL"],
    ["POSTRIDER_REDIS_PREFIX", "postrider", "a name in braces"],
    ["DATABASE_URL", "mysql://localhost", "postgresql://"],
    ["DATABASE_URL", "postgres://h/d?sslmode=yes", "must have an sslmode of disable"],
    ["DATABASE_URL", "postgres://h/d?sslmod=require", "the nearest is sslmode"],
    ["POSTRIDER_DATABASE_CONNECTIONS", "1", "2 to 1000"],
    ["POSTRIDER_DATABASE_STATEMENT_TIMEOUT", "60", "duration"],
    ["POSTRIDER_API_KEY", "short", "16 to 200"],
    ["POSTRIDER_MASTER_KEY", "c2hvcnQ=", "32 bytes"],
  ])("%s=%s is refused with its remedy", (name, value, words) => {
    const error = refused({ [name]: value });
    expect(error.code).toBe("invalid_settings");
    expect(error.message).toContain(name);
    expect(error.message).toContain(words);
    expect(error.message).toMatch(/[^.?]\.$|\?$/);
  });

  test("a CA bundle is read at start: its certificates, and nothing else of the file", () => {
    const root = fileURLToPath(
      new URL("../../../packages/engine/src/transport/fixtures/root.pem", import.meta.url),
    );
    const folder = mkdtempSync(join(tmpdir(), "postrider-config-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "bundle.pem");
    const pem = readFileSync(root, "utf8").trim();
    writeFileSync(path, `# our roots\n${pem}\n\n${pem}\n`);
    expect(readSettings({ POSTRIDER_CA_BUNDLE: path }).caBundle).toBe(`${pem}\n${pem}`);
    writeFileSync(path, "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n");
    for (const [value, words] of [
      [path, "holds a certificate that cannot be read"],
      [join(folder, "missing.pem"), "cannot be read (ENOENT)"],
      [folder, "cannot be read (EISDIR)"],
      ["/dev/null", "must be a PEM file with at least one certificate"],
    ] as const)
      expect(refused({ POSTRIDER_CA_BUNDLE: value }).message).toContain(`POSTRIDER_CA_BUNDLE ${words}`);
  });

  test.each(["proxy.internal:3128", "socks5://proxy:1080", "http://proxy:3128/path", "http://proxy/?x=1"])(
    "%s is no egress proxy",
    (value) => expect(refused({ POSTRIDER_EGRESS_PROXY: value }).message).toContain("http://user:password@"),
  );

  test.each(["http://user:100%@proxy:3128", "http://us%er:p@proxy:3128"])(
    "%s must have its credentials percent-encoded",
    (value) => expect(refused({ POSTRIDER_EGRESS_PROXY: value }).message).toContain("percent-encoded"),
  );

  test("what was not delivered is kept 90 days, or as long as what was", () => {
    const days = (env: Record<string, string>) => readSettings(env).deadRetentionDays;
    expect(days({ POSTRIDER_RETENTION_DAYS: "10" })).toBe(90);
    expect(days({ POSTRIDER_RETENTION_DAYS: "365" })).toBe(365);
    expect(days({ POSTRIDER_RETENTION_DAYS: "10", POSTRIDER_DEAD_RETENTION_DAYS: "10" })).toBe(10);
  });

  test("are refused all at once", () => {
    expect(
      refused({ POSTRIDER_PORT: "x", POSTRIDER_PROT: "1", POSTRIDER_LOG_LEVEL: "y" }).issues?.map(
        ({ path }) => path,
      ),
    ).toEqual(["POSTRIDER_PROT", "POSTRIDER_PORT", "POSTRIDER_LOG_LEVEL"]);
  });
});

describe("secrets", () => {
  const secrets = {
    DATABASE_URL: "postgresql://u:hunter2@localhost/d",
    POSTRIDER_API_KEY: "prk_hunter2hunter2hunter2",
    POSTRIDER_MASTER_KEY: "cd".repeat(32),
    POSTRIDER_EGRESS_PROXY: "http://u:hunter2@proxy.internal:3128",
  };

  test("do not print", () => {
    const read = readSettings(secrets);
    const printed = [
      inspect(read, { depth: 9, showHidden: true }),
      JSON.stringify(read),
      `${String(read.databaseUrl)}${String(read.apiKeys)}${String(read.masterKeys)}`,
    ].join("\n");
    expect(printed).toContain("[secret]");
    expect(printed).not.toMatch(/hunter2|cdcd|205/);
  });

  test("are not in the error about them", () => {
    const error = refused({
      DATABASE_URL: "mysql://u:hunter2@localhost",
      POSTRIDER_API_KEY: "hunter2 x",
      POSTRIDER_MASTER_KEY: "hunter2",
      POSTRIDER_EGRESS_PROXY: "ftp://u:hunter2@proxy",
    });
    expect(`${error.message}${error.hint}${JSON.stringify(error)}${inspect(error)}`).not.toContain("hunter2");
  });

  const hostile = fc.string({ unit: fc.constantFrom(...Array.from("/?#@:&=%+[],\\ .-a0é")), maxLength: 6 });

  test.each([
    ["DATABASE_URL", "postgresql://u:{}@127.0.0.1:5432/shop"],
    ["REDIS_URL", "redis://u:{}@127.0.0.1:6379/0"],
    ["POSTRIDER_EGRESS_PROXY", "http://u:{}@proxy.internal:3128"],
  ])("a password of %s is never shown, whatever is in it, nor in the wrong place", (name, form) => {
    fc.assert(
      fc.property(hostile, hostile, fc.constantFrom("", "_FILE"), (before, after, suffix) => {
        const value = form.replace("{}", () => `${before}hunter2${after}`);
        const env = { DATABASE_URL: "postgresql://h/d", [`${name}${suffix}`]: value };
        const shown = (() => {
          try {
            const read = readSettings(suffix === "" ? env : { [`${name}${suffix}`]: value });
            return `${inspect(read, { depth: 9, showHidden: true })}${JSON.stringify(read)}`;
          } catch (error) {
            return `${String(error)}${JSON.stringify(error)}${inspect(error)}`;
          }
        })();
        expect(shown).not.toContain("hunter2");
      }),
      { seed: 9, numRuns: 500 },
    );
  });

  test.each(["u:se/cret@p:1", "u:1?cret@p", "u:1#cret@p", "u:1\\cret@p", "u:100%@p:1"])(
    "the egress proxy http://%s is asked to have its password percent-encoded",
    (rest) => {
      const { message } = refused({ POSTRIDER_EGRESS_PROXY: `http://${rest}` });
      expect(message).toMatch(/POSTRIDER_EGRESS_PROXY must have .* percent-encoded: .*% is %25\.$/);
      expect(message).not.toContain("such as http://");
    },
  );
});
