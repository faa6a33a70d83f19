import fc from "fast-check";
import { expect, test } from "vitest";
import { PostriderError } from "../core/errors.ts";
import { parseRedisAddress } from "./redis-address.ts";

const plain = { tls: false, username: null, password: null, database: 0, masterName: null };

test.each([
  ["redis://localhost", { ...plain, kind: "single", hosts: [{ host: "localhost", port: 6379 }] }],
  [
    "rediss://us%3Aer:p%40ss@[::1]:7000/3",
    {
      ...plain,
      kind: "single",
      tls: true,
      username: "us:er",
      password: "p@ss",
      hosts: [{ host: "::1", port: 7000 }],
      database: 3,
    },
  ],
  [
    "redis-sentinel://:secret@a:26379,b/mymaster",
    {
      ...plain,
      kind: "sentinel",
      password: "secret",
      hosts: [
        { host: "a", port: 26_379 },
        { host: "b", port: 26_379 },
      ],
      masterName: "mymaster",
    },
  ],
  [
    "rediss-cluster://a:1,b:2",
    {
      ...plain,
      kind: "cluster",
      tls: true,
      hosts: [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
      ],
    },
  ],
])("%s", (url, address) => {
  expect(parseRedisAddress(url)).toEqual(address);
});

test.each([
  ["localhost:6379", "must begin with"],
  ["http://localhost", "must begin with"],
  ["redis://a,b", "several hosts"],
  ["redis-sentinel://a,b", "must name the master"],
  ["redis://a/name", "number of a database"],
  ["redis://a:99999", "host:port"],
  ["redis://%zz@a", "percent-encoded"],
  ["redis-sentinel://a/%zz", "percent-encoded"],
  ["redis://:se/cret@h", "/ is %2F"],
  ["redis-sentinel://u:12/cret@h", "/ is %2F"],
])("%s is refused", (url, message) => {
  expect(() => parseRedisAddress(url)).toThrow(message);
});

test("whatever is given, it reads it or says what is wrong, and never repeats a password", () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 4 }), (text, password) => {
      try {
        parseRedisAddress(`redis://:${password}s3cret@${text}`);
      } catch (error) {
        expect(error).toBeInstanceOf(PostriderError);
        expect((error as Error).message).not.toContain("s3cret");
      }
    }),
  );
});

test("an @, a ? and a # in a password are read as they are", () => {
  expect(parseRedisAddress("redis://:p@s?s#w@h:1/2")).toMatchObject({ password: "p@s?s#w", database: 2 });
});

const hostile = fc.string({ unit: fc.constantFrom(...Array.from("/?#@:&=%+[],\\ .-a0é")), maxLength: 6 });

test.each([
  "redis://u:{}@h:1/0",
  "rediss://:{}@[::1]",
  "redis-sentinel://u:1/{}@h/m",
  "redis-cluster://:{}@a,b",
  "redis://a/b:{}@h",
])("in %s the password is read whole or refused, and never shown", (form) => {
  fc.assert(
    fc.property(hostile, hostile, (before, after) => {
      try {
        const { password, ...others } = parseRedisAddress(
          form.replace("{}", () => `${before}hunter2${after}`),
        );
        expect(JSON.stringify(others)).not.toContain("hunter2");
        expect(password ?? "").toContain("hunter2");
      } catch (error) {
        expect(error).toMatchObject({ code: "invalid_settings" });
        expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
      }
    }),
    { seed: 9, numRuns: 2_000 },
  );
});
