import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRedisAddress } from "./redis-address.ts";
import { redisFault, type RedisFaultContext, RedisTrouble } from "./redis-fault.ts";

const context = (
  url = "redis://h:6379",
  during: RedisFaultContext["during"] = "opening",
): RedisFaultContext => ({ address: parseRedisAddress(url), prefix: "{postrider}", during });
const words = (message: string, url?: string) =>
  redisFault(new Error(message), context(url ?? "redis://h:6379"));
const coded = (code: string, url?: string) =>
  redisFault(Object.assign(new Error("the driver's prose"), { code }), context(url));

const hello =
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time";
const script = " script: caeeee01384f6b04384c56d69c27aa65287fb306, on @user_script:1.";
const script6 =
  "ERR Error running script (call to f_caeeee01384f6b04384c56d69c27aa65287fb306): @user_script:1: @user_script: 1: -";

/** As Redis 6.2.5, 7.0.15 and Valkey 9.1 said it. */
const replies: readonly (readonly [message: string, wanted: string, url?: string])[] = [
  [hello, "REDIS_URL has no password and Redis wants one: write redis://user:password@host."],
  [hello, "REDIS_URL has a user and no password", "redis://app@h"],
  ["NOAUTH Authentication required.", "REDIS_URL has no password and Redis wants one"],
  [
    "WRONGPASS invalid username-password pair or user is disabled.",
    "does not take the user and password",
    "redis://:x@h",
  ],
  [
    "WRONGPASS invalid username-password pair or user is disabled.",
    "redis://:password@host if it was meant",
    "redis://x@h",
  ],
  ["ERR invalid password", "does not take the user and password of REDIS_URL", "redis://:x@h"],
  [
    "NOPERM this user has no permissions to run the 'info' command",
    "The default user of Redis may not run INFO: give it +info",
  ],
  [
    "NOPERM this user has no permissions to run the 'evalsha' command or its subcommand",
    "may not run EVALSHA: give it +evalsha",
  ],
  [
    "NOPERM User app has no permissions to run the 'bzpopmin' command",
    "The user app of Redis may not run BZPOPMIN",
    "redis://app:x@h",
  ],
  [
    "NOPERM User app has no permissions to run the 'script|load' command",
    "may not run SCRIPT LOAD: give it +script|load",
    "redis://app:x@h",
  ],
  [
    `ERR The user executing the script can't run this command or subcommand${script}`,
    "may not run a command that Postrider's scripts use",
  ],
  [
    "ERR ACL failure in script: User app has no permissions to run the 'xadd' command script: on @user_script:1.",
    "may not run XADD: give it +xadd",
  ],
  [
    "NOPERM this user has no permissions to access one of the keys used as arguments",
    "give it ~{postrider}:*",
  ],
  ["NOPERM No permissions to access a key", "give it ~{postrider}:*"],
  [
    `ERR The user executing the script can't access at least one of the keys mentioned in the command arguments${script}`,
    "give it ~{postrider}:*",
  ],
  [
    "ERR ACL failure in script: No permissions to access a key script: on @user_script:1.",
    "give it ~{postrider}:*",
  ],
  [
    "NOPERM this user has no permissions to access one of the channels used as arguments",
    "give it &{postrider}:*",
  ],
  ["NOPERM No permissions to access a channel", "give it &{postrider}:*"],
  ["ERR DB index is out of range", "Redis has no database 99", "redis://h/99"],
  ["ERR invalid DB index", "Redis has no database 99", "redis://h/99"],
  ["ERR SELECT is not allowed in cluster mode", "Redis has no database 1", "redis://h/1"],
  ["READONLY You can't write against a read only replica.", "h:6379 is a replica, which takes no writes"],
  [`READONLY You can't write against a read only replica.${script}`, "REDIS_URL must lead to the master"],
  [`${script6}READONLY You can't write against a read only replica.`, "REDIS_URL must lead to the master"],
  [
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "a replica that lost its master",
  ],
  ["OOM command not allowed when used memory > 'maxmemory'.", "The memory of Redis is full"],
  [`${script6}OOM command not allowed when used memory > 'maxmemory'.`, "The memory of Redis is full"],
  [
    "MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk. Commands that may modify",
    "cannot write its data to disk",
  ],
  ["NOREPLICAS Not enough good replicas to write.", "too few replicas"],
  ["LOADING Redis is loading the dataset in memory", "still loads its data"],
  ["BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", "SCRIPT KILL"],
  ["ERR max number of clients reached", "raise its maxclients"],
  ["DENIED Redis is running in protected mode because protected mode is enabled", "is in protected mode"],
  [
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "a POSTRIDER_REDIS_PREFIX of its own",
  ],
  ["ERR This instance has cluster support disabled", "write redis://", "redis-cluster://h"],
  ["MOVED 3999 10.0.0.7:6381", "write redis-cluster://"],
  ["CROSSSLOT Keys in request don't hash to the same slot", "in one slot"],
  ["CLUSTERDOWN Hash slot not served", "down or not complete"],
  [
    "ERR unknown command 'evalsha', with args beginning with: 'b' 'secret' ",
    "does not know the command EVALSHA",
  ],
  [
    "ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`, `secret`, ",
    "does not know the command HELLO",
  ],
  [
    "ERR Unknown Redis command called from script script: aca16c5a8cd895, on @user_script:1.",
    "a command that Postrider's scripts use",
  ],
  ["Command timed out", "Redis at h:6379 does not answer"],
  ["Socket timeout. Expecting data, but didn't receive any in 5500ms.", "Redis at h:6379 does not answer"],
  [
    "Connection is closed.",
    "ended the connection without an answer: if the port speaks TLS, write rediss://",
  ],
  [
    "All sentinels are unreachable and retry is disabled. Last error: connect ECONNREFUSED 1.2.3.4:1",
    "No sentinel at a:26379,b:26379 answers",
    "redis-sentinel://a,b/m",
  ],
  [
    `All sentinels are unreachable and retry is disabled. Last error: ${hello}`,
    "A sentinel at a:26379 wants a password",
    "redis-sentinel://:x@a/m",
  ],
  [
    "All sentinels are unreachable and retry is disabled.",
    "know no master named main",
    "redis-sentinel://a/main",
  ],
  [
    "All sentinels are unreachable and retry is disabled. Last error: ERR No such master with that name",
    "know no master named main",
    "redis-sentinel://a/main",
  ],
  ["None of startup nodes is available", "ended the connection", "redis-cluster://h"],
  ["NEWKIND of refusal with secret", "Redis refuses what Postrider asks (NEWKIND)"],
  ["something else with secret", "Redis refuses what Postrider asks (no reason given)"],
];

describe("why Redis cannot be used", () => {
  test.each(replies.map(([message, wanted, url]) => ({ message, wanted, url })))(
    "$message",
    ({ message, wanted, url }) => {
      const said = words(message, url);
      expect(said).toContain(wanted);
      expect(said).not.toContain("secret");
      expect(said).toMatch(/\.$/);
    },
  );

  test.each([
    ["ECONNREFUSED", "Nothing listens at h:6379", undefined],
    ["ENOTFOUND", "No name server knows the host in REDIS_URL (h:6379)", undefined],
    ["EAI_AGAIN", "No name server knows the host", undefined],
    ["ETIMEDOUT", "cannot be reached", undefined],
    ["ETIMEDOUT", "does not answer in TLS: if the port has none, write redis://", "rediss://h"],
    ["EHOSTUNREACH", "[2001:db8::1]:6379 cannot be reached", "redis://[2001:db8::1]"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "speaks TLS (rediss://) to a port without it", "rediss://h"],
    ["ERR_SSL_PACKET_LENGTH_TOO_LONG", "speaks TLS (rediss://) to a port without it", "rediss://h"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)", "rediss://h"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "NODE_EXTRA_CA_CERTS", "rediss://h"],
    ["CERT_HAS_EXPIRED", "is not trusted (CERT_HAS_EXPIRED)", "rediss://h"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "a host name that is in the certificate", "rediss://h"],
    ["ECONNRESET", "if the port speaks TLS, write rediss://", undefined],
  ])("the code %s: %s", (code, wanted, url) => {
    expect(coded(code, url)).toContain(wanted);
  });

  test("a server that is silent is said to be so, with the time that was waited", () => {
    expect(redisFault(new RedisTrouble("silent", 1_500), context())).toContain("within 1.5 s");
  });

  test("a connection that ends in use was lost, and nothing of the URL is doubted", () => {
    for (const error of [
      new RedisTrouble("closed"),
      Object.assign(new Error("read"), { code: "ECONNRESET" }),
    ])
      expect(redisFault(error, context("redis://h", "use"))).toBe(
        "The connection to Redis at h:6379 was lost. It is opened again.",
      );
  });

  test("of a cluster the fault of its last node counts", () => {
    const error = Object.assign(new Error("Failed to refresh slots cache."), {
      lastNodeError: new Error("NOAUTH Authentication required."),
    });
    expect(redisFault(error, context("redis-cluster://h"))).toContain("REDIS_URL has no password");
  });

  test("whatever it is, there are words, and nothing that was sent is repeated", () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (thing, text) => {
        expect(redisFault(thing, context())).toMatch(/\.$/);
        expect(redisFault(new Error(`${text} hunter2`), context("redis://:hunter2@h"))).not.toContain(
          "hunter2",
        );
      }),
    );
  });
});
