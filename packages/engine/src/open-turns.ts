import { PostriderError } from "./core/errors.ts";
import type { LedgerIdentity } from "./ledger/identity.ts";
import type { Clock } from "./ports/clock.ts";
import type { Conditions } from "./ports/conditions.ts";
import type { Random } from "./ports/random.ts";
import type { Telemetry } from "./ports/telemetry.ts";
import type { Turns } from "./ports/turns.ts";
import { createInProcessTurns } from "./turns/in-process.ts";
import { parseRedisAddress } from "./turns/redis-address.ts";

/** The settings of the engine that choose who hands out turns. */
export interface TurnsSettings {
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  readonly redisPrefix?: string;
  readonly maxInFlight: number;
}

const leastTurns = 16;

/**
 * Judges the settings of turns, before anything is opened.
 *
 * @throws PostriderError `invalid_settings` for a Redis URL that cannot be read, or one beside the embedded ledger
 */
export function checkTurnsSettings({ redisUrl, databaseUrl }: TurnsSettings): void {
  if (redisUrl === undefined) return;
  parseRedisAddress(redisUrl);
  if (databaseUrl === undefined) {
    throw new PostriderError("invalid_settings", "Turns over Redis need a ledger that processes can share.", {
      hint: "Set DATABASE_URL beside REDIS_URL, or leave both out for the embedded ledger.",
    });
  }
}

/** BullMQ is loaded only where it is used: an embedded server starts without it. */
export async function openTurns(
  { redisUrl, redisPrefix, maxInFlight }: TurnsSettings,
  given: {
    readonly clock: Clock;
    readonly random: Random;
    readonly telemetry: Telemetry;
    readonly conditions: Conditions;
    readonly place: LedgerIdentity;
  },
): Promise<Turns> {
  const { clock, conditions, random, telemetry, place } = given;
  // More turns than requests that may be in flight would only hold claimed deliveries, and hand them back.
  const tools = { clock, telemetry, maxActive: Math.max(leastTurns, maxInFlight) };
  // A copy has the id of its original, whose processes it is not to meet; and it hands out no turns.
  if (redisUrl === undefined || place.copied) return createInProcessTurns(tools);
  const { createBullmqTurns } = await import("./turns/bullmq.ts");
  return createBullmqTurns({
    ...tools,
    conditions,
    random,
    redisUrl,
    ledgerId: place.id,
    ...(redisPrefix === undefined ? {} : { prefix: redisPrefix }),
  });
}
