import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDatabaseUrl, sslModes } from "./database-url.ts";

const localhost = { host: "localhost", port: 5432 };

describe("a database URL", () => {
  test.each<[string, object]>([
    ["postgres://", { hosts: [localhost], sslMode: "prefer", tls: {} }],
    ["postgresql://db/shop", { hosts: [{ host: "db", port: 5432 }], database: "shop" }],
    [
      "postgres://app:p%40ss@db:6000/shop",
      { user: "app", password: "p@ss", hosts: [{ host: "db", port: 6000 }] },
    ],
    ["postgres://app:p@ss@db/shop", { user: "app", password: "p@ss", hosts: [{ host: "db", port: 5432 }] }],
    ["postgres://app:a+b@db/d+e?user=other", { user: "other", password: "a+b", database: "d+e" }],
    [
      "postgres://db-1:5433,db-2,[2001:db8::1]:5434/shop?target_session_attrs=read-write",
      {
        hosts: [
          { host: "db-1", port: 5433 },
          { host: "db-2", port: 5432 },
          { host: "2001:db8::1", port: 5434 },
        ],
      },
    ],
    ["postgres://app@/shop?host=/run/postgresql", { hosts: [{ host: "/run/postgresql", port: 5432 }] }],
    [
      "postgres:///shop?host=/a,/b&port=1,2",
      {
        hosts: [
          { host: "/a", port: 1 },
          { host: "/b", port: 2 },
        ],
      },
    ],
    ["postgres://x@localhost:77/shop?host=%2Frun%2Fpg", { hosts: [{ host: "/run/pg", port: 77 }] }],
    ["postgres://%2Frun%2Fpg:77/shop", { hosts: [{ host: "/run/pg", port: 77 }] }],
    ["  POSTGRES://app@db/shop\n", { user: "app", hosts: [{ host: "db", port: 5432 }], database: "shop" }],
    ["PostgreSQL://h/Shop?sslmode=require", { database: "Shop", sslMode: "require" }],
    ["postgres://h/?dbname=shop&connect_timeout=9", { database: "shop", connectTimeoutMs: 9_000 }],
    ["postgres://h/d?options=-c%20search_path%3Dx", { options: "-c search_path=x" }],
    [
      "postgres://h/d?application_name=p&sslnegotiation=direct",
      { applicationName: "p", sslNegotiation: "direct" },
    ],
    ["postgres://h/d?channel_binding=require&keepalives=1&gssencmode=disable", { sslMode: "prefer" }],
    [
      "postgres://h/d?sslmode=verify-ca&sslrootcert=/c.pem&sslcert=/k.crt&sslkey=/k.key",
      { sslMode: "verify-ca", tls: { rootCert: "/c.pem", cert: "/k.crt", key: "/k.key" } },
    ],
    ["postgres://h/d?sslrootcert=system", { sslMode: "verify-full" }],
    ["postgres://h/d?ssl=true", { sslMode: "verify-full" }],
    ["postgres://h/d?sslmode=no-verify", { sslMode: "require" }],
    ...sslModes.map((mode): [string, object] => [`postgres://h/d?sslmode=${mode}`, { sslMode: mode }]),
  ])("%s is read", (url, wanted) => {
    expect(parseDatabaseUrl(url)).toMatchObject(wanted);
  });

  test.each([
    ["mysql://h/d", "postgresql://user:password@host:5432/database"],
    ["postgres:h/d", "postgresql://"],
    ["jdbc:postgresql://h/d", "postgresql://user:password@host:5432/database"],
    ["postgresql+asyncpg://h/d", "postgresql://user:password@host:5432/database"],
    ["host=db user=app", "postgresql://user:password@host:5432/database"],
    ["postgres://h/d#x", "has a #"],
    ["postgres://h/d?application_name=a#b", "write %23"],
    ["postgres://h/d?sslmode=on", "disable, allow, prefer, require, verify-ca, verify-full"],
    ["postgres://h/d?sslmod=require", "the nearest is sslmode"],
    ["postgres://h/d?sslrootcert=system&sslmode=require", "verify-full"],
    ["postgres://h/d?target_session_attrs=standby", "read-write"],
    ["postgres://h/d?connect_timeout=5s", "whole seconds"],
    ["postgres://h:0/d", "1 to 65535"],
    ["postgres://h:99999/d", "1 to 65535"],
    ["postgres://h:x/d", "host:port"],
    ["postgres://2001:db8::1/d", "brackets"],
    ["postgres:///d?host=a,b,c&port=1,2", "3 hosts and 2 ports"],
    ["postgres://u:100%@h/d", "%25"],
  ])("%s is refused in words", (url, words) => {
    expect(() => parseDatabaseUrl(url)).toThrow(
      expect.objectContaining({ code: "invalid_settings", message: expect.stringContaining(words) }),
    );
  });

  const part = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text.isWellFormed());

  test("gives back whatever was percent-encoded into it", () => {
    fc.assert(
      fc.property(part, part, part, (user, password, database) => {
        const url = `postgres://${[user, password].map(encodeURIComponent).join(":")}@h/${encodeURIComponent(database)}`;
        expect(parseDatabaseUrl(url)).toMatchObject({ user, password, database });
      }),
      { seed: 9 },
    );
  });

  test.each([
    "postgres://app:12?hunter2@db/shop",
    "postgres://app:12?3&hunter2=1@db/shop",
    "postgres://app:12/hunter2@db/shop",
    "postgres://app:7#hunter2@db/shop",
  ])("whose password is not percent-encoded never shows it (%#)", (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(
      expect.objectContaining({
        code: "invalid_settings",
        message: expect.not.stringContaining("hunter2"),
      }),
    );
  });

  test.each([
    "postgresql://postrider:se?cret@127.0.0.1:5432/postrider",
    "postgresql://postrider:top@secret/hunter2@127.0.0.1:5432/postrider",
    "postgresql://postrider:se/cret@127.0.0.1/postrider",
    "postgresql://postrider:se#cret@127.0.0.1/postrider",
    "postgresql://:12?user=x@127.0.0.1",
  ])("%s is asked to have its password percent-encoded", (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(
      /percent-encoded: \/ is %2F, \? is %3F, # is %23, @ is %40\.$/,
    );
  });

  test("an @ in a parameter is no trouble while nothing before it can be a password", () => {
    expect(parseDatabaseUrl("postgres://h/d?user=app@server&password=p@ss")).toMatchObject({
      user: "app@server",
      password: "p@ss",
      database: "d",
    });
  });

  const hostile = fc.string({ unit: fc.constantFrom(...Array.from("/?#@:&=%+[],\\ .-a0é")), maxLength: 6 });
  const hostilePassword = fc.tuple(hostile, hostile).map((around) => around.join("hunter2"));

  test.each<[string, (password: string) => string]>([
    ["behind a user", (password) => `postgresql://app:${password}@db:5432/shop?sslmode=disable`],
    ["without a user", (password) => `postgres://:${password}@[::1]`],
    ["that looks like a port", (password) => `postgres://app:12${password}@db`],
    ["that looks like a host", (password) => `postgres://app:x?host=${password}@db/shop`],
    ["that looks like a database", (password) => `postgres://app:1/${password}@db:5432/shop`],
    ["behind a user with a slash", (password) => `postgres://a/p:${password}@db:5432/shop`],
    ["as a parameter", (password) => `postgres://db/shop?password=${password}`],
  ])("a password %s is read whole or refused, and never shown", (_where, urlOf) => {
    fc.assert(
      fc.property(hostilePassword, (text) => {
        try {
          const { password, ...others } = parseDatabaseUrl(urlOf(text));
          expect(JSON.stringify(others)).not.toContain("hunter2");
          expect(password ?? "").not.toBe("");
        } catch (error) {
          expect(error).toMatchObject({ code: "invalid_settings" });
          expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
        }
      }),
      { seed: 9, numRuns: 2_000 },
    );
  });

  test("that is refused never shows its password", () => {
    const wrong = fc.constantFrom("", "?sslmode=hunter", "?nothing=1", "?port=x", "?connect_timeout=x");
    fc.assert(
      fc.property(wrong, fc.string({ maxLength: 8 }), (query, noise) => {
        try {
          parseDatabaseUrl(`postgres://u:hunter2secret@${noise}:x/d${query}`);
        } catch (error) {
          expect(JSON.stringify(error) + String(error)).not.toContain("hunter2secret");
          expect(String(error)).toMatch(/\.$/);
        }
      }),
      { seed: 9 },
    );
  });
});
