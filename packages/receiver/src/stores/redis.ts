import { type Answer, type Claim, type NewToken, randomToken, type ReplayStore } from "../replay-store.ts";

/**
 * The one command used, as ioredis has it. For node-redis:
 * `{ eval: (script, n, ...args) => client.eval(script, { keys: args.slice(0, n), arguments: args.slice(n) }) }`.
 */
export interface RedisClient {
  eval(script: string, keyCount: number, ...args: string[]): Promise<unknown>;
}

/** Where to keep ids. */
export interface RedisStoreOptions {
  /** Put before the id to make the key. Default `postback:`. One key per script, so Redis Cluster works. */
  keyPrefix?: string;
  newToken?: NewToken;
}

// A value is "p" and the holder's token while in progress, "d" and the answer's JSON when done. Leases and answers end
// by the server's own clock (PX): the clocks of the receivers never meet.

/** KEYS[1] id; ARGV[1] token, ARGV[2] lease in ms. Returns {"new"}, {"done", answer} or {"in_progress", ms left}. */
const claimScript = `
local value = redis.call('GET', KEYS[1])
if not value then
  redis.call('SET', KEYS[1], 'p' .. ARGV[1], 'PX', ARGV[2])
  return {'new'}
end
if string.sub(value, 1, 1) == 'd' then return {'done', string.sub(value, 2)} end
return {'in_progress', tostring(redis.call('PTTL', KEYS[1]))}`;

/** KEYS[1] id; ARGV[1] answer, ARGV[2] ms to keep it. */
const completeScript = `redis.call('SET', KEYS[1], 'd' .. ARGV[1], 'PX', ARGV[2])`;

/** KEYS[1] id; ARGV[1] token. Deletes the claim only if it is still the caller's. */
const releaseScript = `if redis.call('GET', KEYS[1]) == 'p' .. ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/**
 * A store shared by every process on one Redis (or Valkey): one script, one round trip per step.
 *
 * Ids live as long as Redis keeps them: turn eviction off (`noeviction`) or give it a database of its own.
 *
 * @example
 * ```ts
 * const store = redisStore(new Redis(process.env.REDIS_URL));
 * ```
 */
export function redisStore(redis: RedisClient, options: RedisStoreOptions = {}): ReplayStore {
  const { keyPrefix = "postback:", newToken = randomToken } = options;
  return {
    async claim(id, leaseMs) {
      const token = newToken();
      const found = await redis.eval(claimScript, 1, keyPrefix + id, token, wholeMs(leaseMs));
      return readClaim(found as [string, string?], token);
    },
    async complete(id, _token, answer, keepMs) {
      await redis.eval(completeScript, 1, keyPrefix + id, JSON.stringify(answer), wholeMs(keepMs));
    },
    async release(id, token) {
      await redis.eval(releaseScript, 1, keyPrefix + id, token);
    },
  };
}

const wholeMs = (ms: number): string => String(Math.max(1, Math.round(ms)));

function readClaim([state, detail = ""]: readonly [string, string?], token: string): Claim {
  if (state === "new") return { state, token };
  if (state === "done") return { state, answer: JSON.parse(detail) as Answer };
  return { state: "in_progress", retryAfterMs: Math.max(0, Number(detail)) };
}
