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
  "  redis://:p%40ss@h:7/2 ",
  "\tREDIS://:p%40ss@h:7/2\n",
  "Redis://:p%40ss@h:7/2/",
  "redis://:p@ss@h:7/2",
])("%j is read, with blanks around it and in capitals", (url) => {
  expect(parseRedisAddress(url)).toMatchObject({
    kind: "single",
    tls: false,
    password: "p@ss",
    hosts: [{ host: "h", port: 7 }],
    database: 2,
  });
});

test.each([
  ["redis://u:%2F%3D%2B+@h", { username: "u", password: "/=++" }],
  ["redis://u:@h", { username: "u", password: null }],
  ["redis://u@h", { username: "u", password: null }],
  ["redis://@h", { username: null, password: null }],
  ["redis://:a:b:c@h", { username: null, password: "a:b:c" }],
  ["redis-sentinel://a,b/main/2", { masterName: "main", database: 2 }],
  ["redis-sentinel://a,b/main/", { masterName: "main", database: 0 }],
  ["redis-cluster://a,b/0", { kind: "cluster", database: 0 }],
  ["REDISS-CLUSTER://a,b/", { kind: "cluster", tls: true }],
] as const)("%s is read", (url, wanted) => {
  expect(parseRedisAddress(url)).toMatchObject(wanted);
});

test.each([
  ["redis://:secret@h:6379/0?family=4", "has a query"],
  ["redis://h:6379?password=secret&tls=true", "has a query"],
  ["redis://h?password=secret", "has a query"],
  ["redis://h:6379?password=sec@ret", "has a query"],
  ["redis://h?password=sec@ret", "has a query"],
  ["rediss://h/0?ssl_cert_reqs=none", "rediss://"],
  ["redis-sentinel://a/main?db=1", "has a query"],
  ["redis://:secret@h/0#x", "has a #"],
  ["redis://:p@ss/w0rd@h", "/ is %2F"],
  ["redis://p@ss/w0rd@h", "/ is %2F"],
  ["redis-cluster://h/1", "has only one: leave it out"],
  ["redis-cluster://h/name", "has only one: leave it out"],
  ["redis-sentinel://a/main/x", "number of a database"],
  ["redis-sentinel://a/", "must name the master"],
  ["redis-sentinel://a//2", "must name the master"],
  ["redis:///0", "must name a host"],
  ["redis://", "must name a host"],
  ["redis://u:secret@/0", "must name a host"],
  ["redis://::1:6379", "in brackets"],
  ["redis://2001:db8::1", "in brackets"],
  ["redis://h:x", "1 to 65535"],
  ["redis://h:0", "1 to 65535"],
  ["redis://h:", "1 to 65535"],
  ["redis://a, b", "blank among its hosts"],
  ["redis-cluster://a,,b", "host:port"],
  ["redis:/h", "must begin with"],
  ["redis:h", "must begin with"],
  ["redis+tls://h", "must begin with"],
  ["h:6379", "must begin with"],
  ["", "must begin with"],
] as const)("%s is refused in words that fit", (url, words) => {
  expect(() => parseRedisAddress(url)).toThrow(
    expect.objectContaining({ code: "invalid_settings", message: expect.stringContaining(words) }),
  );
  expect(() => parseRedisAddress(url)).not.toThrow(/secret/);
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
