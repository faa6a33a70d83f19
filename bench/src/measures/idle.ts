import { setTimeout as sleep } from "node:timers/promises";
import type { RedisServer } from "@postrider/engine/testing";
import { openHttpDoor } from "../load/http-door.ts";
import { redisCallsOf } from "../figures/redis-reads.ts";
import { type Result, rounded } from "../figures/result.ts";
import { serverCluster, type ServerRole } from "../system/server-process.ts";
import { benchRedis, statementsOf } from "../system/servers.ts";
import type { LedgerKind } from "../system/system.ts";

const partners = 20;
const settleMs = 3_000;
/** With which a worker of BullMQ waits for work. */
const blockingRead = "bzpopmin";

/** What servers with partners and nothing to do ask of PostgreSQL and Redis, per second and process. */
export async function measureIdle(
  kind: Exclude<LedgerKind, "pglite">,
  roles: readonly ServerRole[],
  durationMs: number,
): Promise<Result> {
  const cluster = await serverCluster(kind, null, roles);
  const redis = kind === "postgresql+redis" ? await benchRedis() : null;
  const asked = async () => ({
    statements: await statementsOf(cluster.database),
    redisCommands: redis ? await commandsOf(redis) : 0,
    atMs: performance.now(),
  });
  const door = openHttpDoor(cluster.url);
  try {
    for (let n = 0; n < partners; n++) {
      await door.put(`/v1/partners/p${n}`, { name: `Partner ${n}` });
      await door.put(`/v1/partners/p${n}/endpoints/main`, { url: `https://p${n}.example/postback` });
    }
    await sleep(settleMs);
    const before = await asked();
    await sleep(durationMs);
    const after = await asked();
    const perSecond = (count: number) => rounded(count / ((after.atMs - before.atMs) / 1_000) / roles.length);
    const statements = perSecond(after.statements - before.statements);
    const redisCommands = perSecond(after.redisCommands - before.redisCommands);
    return {
      bench: "idle",
      case: `${kind}, ${roles.join(" + ")}, ${partners} partners`,
      figures: {
        perSecondAndProcess: rounded(statements + redisCommands),
        statements,
        redisCommands,
        rssMb: cluster.largestRssMb(),
      },
      target: { figure: "perSecondAndProcess", atMost: 5 },
    };
  } finally {
    await door.close();
    await cluster.stop();
  }
}

const commandsOf = async (redis: RedisServer) =>
  (await redis.info("total_commands_processed")) - (await redisCallsOf(redis, blockingRead));
