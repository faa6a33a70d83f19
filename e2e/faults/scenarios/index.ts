import type { Scenario } from "../loaded-run.ts";
import { accept } from "./accept.ts";
import { clocks } from "./clocks.ts";
import { connections } from "./connections.ts";
import { kills } from "./kills.ts";
import { limit } from "./limit.ts";
import { pause } from "./pause.ts";
import { postgresFast, postgresImmediate } from "./postgres.ts";
import { redisFlush, redisRefuses, redisRestart, redisStop } from "./redis.ts";
import { snapshot } from "./snapshot.ts";

/** All scenarios, in the order they are run. */
export const scenarios: readonly Scenario[] = [
  kills,
  redisFlush,
  redisStop,
  redisRestart,
  redisRefuses,
  postgresImmediate,
  postgresFast,
  pause,
  clocks,
  snapshot,
  ...connections,
  limit,
  accept,
];
