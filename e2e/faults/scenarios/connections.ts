import { setTimeout as sleep } from "node:timers/promises";
import { type LoadedRun, runLoaded, type Scenario } from "../loaded-run.ts";
import { moments } from "../plan.ts";
import type { ProxiedPart, Topology } from "../system.ts";

const sizes = {
  full: { events: 60_000, perSecond: 1_000, drops: 12, awayMs: 10_000 },
  quick: { events: 10_000, perSecond: 500, drops: 4, awayMs: 3_000 },
  short: { events: 2_500, perSecond: 400, drops: 2, awayMs: 1_000 },
};

/** All connections to Redis fall silent, twice: nothing ends them, and nobody answers. */
const silentRedis: Scenario = {
  name: "redis-silent",
  proves: "connections to Redis that died without a word are found and opened again",
  topologies: ["cluster"],
  run(options) {
    const size = sizes[options.size];
    const inject: LoadedRun["inject"] = async ({ system, journal, durationMs, at }) => {
      for (const part of [0.2, 0.6]) {
        await at(durationMs * part);
        await journal.instead("Redis connections silent", "workers", async () => {
          for (const proxy of system.proxies("redis")) proxy.silence();
        });
      }
    };
    return runLoaded({ ...size, name: "redis-silent", system: { proxied: ["redis"] }, inject }, options);
  },
};

/** In the first half connections are reset; then they are refused for a while, and then they stand still. */
const failing =
  (part: ProxiedPart, { drops, awayMs }: (typeof sizes)["full"]): LoadedRun["inject"] =>
  async ({ system, journal, random, durationMs, at }) => {
    const proxies = system.proxies(part);
    const concerns = part === "api" ? "applications" : "workers";
    const each = async (work: (proxy: (typeof proxies)[number]) => unknown) =>
      proxies.map((one) => work(one));
    for (const atMs of moments(random, drops, durationMs / 2)) {
      await at(atMs);
      await journal.instead(`${part} connections dropped`, concerns, () => each((proxy) => proxy.drop()));
    }
    await at(durationMs * 0.55);
    await journal.during(`${part} refused`, concerns, async () => {
      await each((proxy) => proxy.set("refuse"));
      await each((proxy) => proxy.drop());
      await sleep(awayMs);
      await each((proxy) => proxy.set("pass"));
    });
    await at(durationMs * 0.8);
    await journal.during(`${part} stalled`, concerns, async () => {
      await each((proxy) => proxy.set("stall"));
      await sleep(awayMs);
      await each((proxy) => proxy.set("pass"));
    });
  };

function scenario(part: ProxiedPart, proves: string, topologies: readonly Topology[]): Scenario {
  const name = `connections-${part}`;
  return {
    name,
    proves,
    topologies,
    run(options) {
      const size = sizes[options.size];
      return runLoaded({ ...size, name, system: { proxied: [part] }, inject: failing(part, size) }, options);
    },
  };
}

/** The network between the servers and PostgreSQL, Redis, and the application, fails. */
export const connections: readonly Scenario[] = [
  silentRedis,
  scenario("postgres", "lost, refused and silent connections to PostgreSQL are waited out", [
    "database",
    "cluster",
  ]),
  scenario("redis", "lost, refused and silent connections to Redis are waited out", ["cluster"]),
  scenario(
    "api",
    "an application that repeats what was not acknowledged is told `duplicate`, and nothing is sent twice",
    ["database", "cluster"],
  ),
];
