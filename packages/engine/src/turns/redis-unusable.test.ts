/** Real servers that refuse, in every way that was thought of: turns go on in this process, in words, and come back. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, inject, onTestFinished, test } from "vitest";
import { systemClock } from "../ports/clock.ts";
import { type Conditions, silentConditions } from "../ports/conditions.ts";
import { silentTelemetry } from "../ports/telemetry.ts";
import type { Turns } from "../ports/turns.ts";
import { type RedisServer, startRedis } from "../testing/redis-server.ts";
import { describeTurns } from "../testing/turns-suite.ts";
import { createBullmqTurns } from "./bullmq.ts";
import { parseRedisAddress } from "./redis-address.ts";
import { createRedisClient } from "./redis-client.ts";

const redisUrl = inject("redisUrl");

const until = async (fact: () => boolean, withinMs = 15_000) => {
  const lastMs = performance.now() + withinMs;
  while (!fact()) {
    if (performance.now() > lastMs) throw new Error(`It did not come about within ${withinMs} ms.`);
    await systemClock.sleep(5);
  }
};

/** One command with the rights of a URL's user. */
async function asUser(url: string, ...command: readonly [string, ...string[]]): Promise<void> {
  const client = createRedisClient(parseRedisAddress(url), "messages");
  client.on("error", () => {});
  await client.connect();
  await client.call(...command);
  client.disconnect();
}

let servers: RedisServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  servers = [];
});
async function startServer(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const server = await startRedis(settings);
  servers.push(server);
  return server;
}

/** A process whose turns end at once. */
function openTurns(url: string, { starts = true, ledgerId = "0" } = {}) {
  const said: (string | null)[] = [];
  const begun: number[] = [];
  const conditions: Conditions = { ...silentConditions, set: (_, message) => said.push(message) };
  const turns = createBullmqTurns({
    redisUrl: url,
    ledgerId,
    clock: systemClock,
    telemetry: silentTelemetry,
    conditions,
  });
  onTestFinished(() => turns.stop(100));
  if (starts)
    void turns.start(async ({ partnerNo }) => {
      begun.push(partnerNo);
      return { nextDueAtMs: null };
    });
  return { turns, said, begun };
}

const of = (server: RedisServer, who: string, path = "") => server.url.replace("//", `//${who}@`) + path;
/** A user of the test with these rules. */
const user = (rules: string) => async (server: RedisServer) => {
  await server.call("ACL", "SETUSER", "app", "reset", "on", ">pw", ...rules.split(" "));
  return of(server, "app:pw");
};
const allowAll = async (server: RedisServer) => {
  await server.call("ACL", "SETUSER", "app", "allkeys", "allchannels", "allcommands");
};

interface Case {
  readonly name: string;
  readonly words: string | RegExp;
  /** Has the server refuse, and says the URL to use. */
  readonly refuse: (server: RedisServer) => Promise<string>;
  readonly heal: (server: RedisServer) => Promise<void>;
}

const refusals: readonly Case[] = [
  {
    name: "a wrong password",
    words: "Redis does not take the user and password of REDIS_URL",
    refuse: async (server) => {
      await user("~* &* +@all")(server);
      return of(server, "app:wrong");
    },
    heal: (server) => server.call("ACL", "SETUSER", "app", ">wrong").then(() => {}),
  },
  {
    name: "no password where one is wanted",
    words: "REDIS_URL has no password and Redis wants one",
    refuse: async (server) => {
      await server.call("CONFIG", "SET", "requirepass", "pw");
      return server.url;
    },
    heal: (server) => asUser(of(server, ":pw"), "CONFIG", "SET", "requirepass", ""),
  },
  {
    name: "a user that is switched off",
    words: "Redis does not take the user and password of REDIS_URL",
    refuse: user("~* &* +@all off"),
    heal: (server) => server.call("ACL", "SETUSER", "app", "on").then(() => {}),
  },
  { name: "other keys", words: "give it ~{postrider}:*", refuse: user("~other* &* +@all"), heal: allowAll },
  {
    name: "no channels",
    words: "give it &{postrider}:*",
    refuse: user("~* resetchannels +@all"),
    heal: allowAll,
  },
  ...[
    ["-@scripting", /may not run EVAL\b/],
    ["-eval -evalsha", /may not run EVAL\b/],
    ["-evalsha", "may not run EVALSHA"],
    ["-@blocking", "may not run BZPOPMIN"],
    ["-@pubsub", "may not run SUBSCRIBE"],
    ["-publish", "may not run PUBLISH"],
    ["-@write", "may not run"],
    ["-@stream", /may not run (XADD|a command that Postrider's scripts use)/],
    ["-llen", /may not run (LLEN|a command that Postrider's scripts use)/],
    ["-zadd", /may not run (ZADD|a command that Postrider's scripts use)/],
  ].map(([rule, words]) => ({
    name: `the rule ${String(rule)}`,
    words: words!,
    refuse: user(`~* &* +@all ${String(rule)}`),
    heal: allowAll,
  })),
  {
    name: "a replica",
    words: "is a replica, which takes no writes: REDIS_URL must lead to the master",
    refuse: async (server) => {
      await server.call("REPLICAOF", "127.0.0.1", "1");
      return server.url;
    },
    heal: (server) => server.call("REPLICAOF", "NO", "ONE").then(() => {}),
  },
  {
    name: "a full memory",
    words: "The memory of Redis is full",
    refuse: async (server) => {
      await server.call("CONFIG", "SET", "maxmemory", "1");
      return server.url;
    },
    heal: (server) => server.call("CONFIG", "SET", "maxmemory", "0").then(() => {}),
  },
  {
    name: "too few replicas",
    words: "Redis has too few replicas",
    refuse: async (server) => {
      await server.call("CONFIG", "SET", "min-replicas-to-write", "1");
      return server.url;
    },
    heal: (server) => server.call("CONFIG", "SET", "min-replicas-to-write", "0").then(() => {}),
  },
  {
    name: "keys of another program",
    words: "Something else writes to keys that begin with {postrider}",
    refuse: async (server) => {
      await server.call("SET", "{postrider}:turns-0:wait", "mine");
      return server.url;
    },
    heal: (server) => server.call("FLUSHALL").then(() => {}),
  },
  {
    name: "a server that stands still",
    words: "does not answer",
    refuse: async (server) => {
      process.kill(server.pid, "SIGSTOP");
      return server.url;
    },
    heal: async (server) => void process.kill(server.pid, "SIGCONT"),
  },
  {
    name: "a server that is not there",
    words: "Nothing listens at 127.0.0.1:",
    refuse: async (server) => {
      await server.halt({ keepData: false });
      return server.url;
    },
    heal: (server) => server.start(),
  },
];

describe.skipIf(redisUrl === null)("a Redis that refuses", () => {
  const seenRefused = async (
    { turns, said, begun }: ReturnType<typeof openTurns>,
    words: string | RegExp,
    times = 1,
  ) => {
    const from = said.length;
    await until(() => said.slice(from).filter((message) => message !== null).length >= times);
    expect(turns.fault()).toMatch(words);
    expect(turns.reach()).toBe("process");
    turns.ring([7]);
    await until(() => begun.includes(7));
  };
  const healed = ({ turns }: { turns: Turns }) => until(() => turns.reach() === "cluster");

  test("a fault is over when Redis has been used for a while", async () => {
    const server = await startServer();
    const { turns, said } = openTurns(await user("~other* &* +@all")(server));
    await until(() => said.length > 0);
    await allowAll(server);
    await until(() => turns.reach() === "cluster");
    expect([turns.fault() === null, said.at(-1) === null]).toEqual([false, false]);
    await until(() => said.at(-1) === null);
    expect(turns.fault()).toBeNull();
  });

  test.each(refusals)(
    "$name: turns go on here, the words name it, and it heals by itself",
    async (refusal) => {
      const server = await startServer();
      const words =
        typeof refusal.words === "string"
          ? new RegExp(refusal.words.replaceAll(/[{}.*&~]/g, "\\$&"))
          : refusal.words;
      const opened = openTurns(await refusal.refuse(server));
      await seenRefused(opened, words);
      await refusal.heal(server);
      await healed(opened);
      expect(opened.begun).toEqual([7]);
    },
  );

  test.each(["-@scripting", "-@blocking", "-@pubsub", "-@write", "-@all", "resetkeys", "resetchannels"])(
    "rights that a user loses while it is used (%s) are noticed, and what is rung meanwhile goes on here",
    async (rule) => {
      const server = await startServer();
      const opened = openTurns(await user("~* &* +@all")(server));
      await until(() => opened.turns.reach() === "cluster");
      await server.call("ACL", "SETUSER", "app", rule);
      await until(() => opened.turns.reach() === "process");
      // The first fault may be a connection that Redis closes for it.
      await seenRefused(opened, /The user app of Redis may not/, 2);
      await allowAll(server);
      await healed(opened);
    },
  );

  test("without INFO, CONFIG and CLIENT all works", async () => {
    const server = await startServer();
    const { turns, said, begun } = openTurns(
      await user("~{postrider}* &{postrider}* +@all -@dangerous -info")(server),
    );
    await until(() => turns.reach() === "cluster");
    turns.ring([1]);
    await until(() => begun.length === 1);
    expect(said).not.toContainEqual(expect.any(String));
  });

  test("a database that does not exist is named", async () => {
    const server = await startServer();
    const opened = openTurns(`${server.url}/99`);
    await seenRefused(opened, /Redis has no database 99/);
    expect(opened.begun).toEqual([7]);
  });

  test("a server without a connection to spare is named, and serves when it has one", async () => {
    const server = await startServer({ maxclients: "4" });
    const opened = openTurns(server.url);
    // A worker takes four, so two processes are two too many.
    await until(() => opened.turns.reach() === "cluster");
    const late = openTurns(server.url);
    await seenRefused(late, /raise its maxclients/);
    await opened.turns.stop(0);
    await healed(late);
    expect(late.begun).toEqual([7]);
  });

  test.each([
    ["rediss", "does not answer in TLS|speaks TLS"],
    ["redis-cluster", "is no cluster: write redis://"],
    ["redis-sentinel", "No sentinel at|know no master"],
  ])("%s:// to a plain server", async (scheme, words) => {
    const server = await startServer();
    const url = server.url.replace("redis:", `${scheme}:`) + (scheme === "redis-sentinel" ? "/main" : "");
    const opened = openTurns(url);
    await seenRefused(opened, new RegExp(words));
    expect(opened.begun).toEqual([7]);
  });

  test("a port that ends connections without a word, as one with TLS does, is doubted to speak TLS", async () => {
    const listener = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.destroy());
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void listener.close());
    const { port } = listener.address() as AddressInfo;
    const opened = openTurns(`redis://127.0.0.1:${port}`);
    await seenRefused(opened, /if the port speaks TLS, write rediss:\/\//);
    expect(opened.begun).toEqual([7]);
  });

  test("a server that refuses is asked little, and a stop does not wait for it", async () => {
    const server = await startServer();
    const opened = openTurns(await user("~other* &* +@all")(server));
    await until(() => opened.said.length >= 4);
    expect(await server.info("total_commands_processed")).toBeLessThan(100);
    const askedAtMs = performance.now();
    await opened.turns.stop(10_000);
    expect(performance.now() - askedAtMs).toBeLessThan(2_500);
  });

  test("a process that only accepts needs no right to take jobs", async () => {
    const server = await startServer();
    const accepts = openTurns(await user("~* &* +@all -bzpopmin")(server), { starts: false });
    const works = openTurns(server.url);
    await until(() => [accepts, works].every(({ turns }) => turns.reach() === "cluster"));
    accepts.turns.ring([1]);
    await until(() => works.begun.includes(1));
  });
});

describe.skipIf(redisUrl === null)("with the least rights that the guide names", () => {
  const rules =
    "resetchannels ~{postrider}:* &{postrider}:* -@all +@read +@write +@pubsub +eval +evalsha -@dangerous";
  describeTurns("BullMQ over Redis as such a user", async ({ maxActive, telemetry }) => {
    const server = await startServer();
    const said: string[] = [];
    const turns = createBullmqTurns({
      redisUrl: await user(rules)(server),
      ledgerId: "0",
      clock: systemClock,
      telemetry,
      conditions: { ...silentConditions, set: (_, message) => message !== null && said.push(message) },
      maxActive,
    });
    await until(() => turns.reach() === "cluster" || said.length > 0);
    expect(said).toEqual([]);
    return { turns, clock: systemClock, until, pass: (ms) => systemClock.sleep(ms) };
  });
});
