import type { Random } from "@postrider/engine";

/** One kill: which server, when, and how long until it is started again. */
export interface Kill {
  readonly atMs: number;
  readonly server: string;
  readonly downMs: number;
}

const longestDownMs = 3_000;
/** Of all kills: it is in a worker that something is on its way. */
const workersShare = 0.6;

const oneOf = (names: readonly string[], chance: number) => names[Math.floor(chance * names.length)]!;

/**
 * Kills spread over a time, each at a random moment of its share of it: the same seed gives the same plan. A server is
 * started again before the next kill, so that there is always one to kill, be it in the middle of its start.
 *
 * @example killPlan(createSeededRandom(7), { kills: 2, durationMs: 8_000, workers: ["worker-1"], apis: ["api-1"] })
 */
export function killPlan(
  random: Random,
  {
    kills,
    durationMs,
    workers,
    apis,
  }: {
    readonly kills: number;
    readonly durationMs: number;
    readonly workers: readonly string[];
    readonly apis: readonly string[];
  },
): Kill[] {
  const shareMs = durationMs / kills;
  return Array.from({ length: kills }, (_, n) => ({
    atMs: Math.round(shareMs * (n + random() * 0.4)),
    server: oneOf(random() < workersShare ? workers : apis, random()),
    downMs: Math.round(Math.min(longestDownMs, shareMs * 0.5) * random()),
  }));
}

/** `count` moments, each at a random place of its share of a time. */
export function moments(random: Random, count: number, durationMs: number): number[] {
  return Array.from({ length: count }, (_, n) =>
    Math.round((durationMs / count) * (n + 0.2 + random() * 0.4)),
  );
}
