import type { TestProject } from "vitest/node";
import { findPgbouncer } from "../packages/engine/src/testing/pgbouncer-server.ts";
import { findPostgres, startPostgres } from "../packages/engine/src/testing/postgres-server.ts";
import { findRedis, startRedis } from "../packages/engine/src/testing/redis-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** URL of a PostgreSQL server that may be filled with databases; null where none is installed (never in CI). */
    postgresUrl: string | null;
    /** URL of a Redis server to be shared by key prefixes; null where none is installed (never in CI). */
    redisUrl: string | null;
    /** Whether PgBouncer is installed (in CI always). */
    pgbouncer: boolean;
  }
}

/** A server that tests may need. */
interface Wanted {
  readonly key: "postgresUrl" | "redisUrl";
  readonly name: string;
  readonly debianPackage: string;
  readonly setting: "DATABASE_URL" | "REDIS_URL";
  readonly find: () => string | null;
  readonly start: () => Promise<{ readonly url: string; stop(): Promise<void> }>;
}

const wanted: readonly Wanted[] = [
  {
    key: "postgresUrl",
    name: "PostgreSQL",
    debianPackage: "postgresql",
    setting: "DATABASE_URL",
    find: findPostgres,
    // fsync is off: these tests restart processes, not the machine; the fault tests that crash a server start their own.
    start: () => startPostgres({ fsync: "off" }),
  },
  {
    key: "redisUrl",
    name: "Redis",
    debianPackage: "redis-server",
    setting: "REDIS_URL",
    find: findRedis,
    start: () => startRedis(),
  },
];

/** Gives the tests real servers: those that the environment names, or their own from the programs found on this machine. */
export default async function testServers(project: TestProject): Promise<() => Promise<void>> {
  const stops: (() => Promise<void>)[] = [];
  for (const { key, name, debianPackage, setting, find, start } of wanted) {
    const given = process.env[setting];
    if (given) project.provide(key, given);
    else if (find()) {
      const server = await start();
      stops.push(() => server.stop());
      project.provide(key, server.url);
    } else if (process.env.CI) {
      throw new Error(
        `No ${name} found. In CI the suites that need it must run: install ${debianPackage} or set ${setting}.`,
      );
    } else {
      process.stdout.write(
        `skipped: the ${name} suites, because no ${name} is installed (Debian: apt-get install ${debianPackage}) and ${setting} is not set\n`,
      );
      project.provide(key, null);
    }
  }
  const pgbouncer = findPgbouncer() !== null;
  if (!pgbouncer && process.env.CI)
    throw new Error("No PgBouncer found. In CI the suites that need it must run: install pgbouncer.");
  if (!pgbouncer)
    process.stdout.write(
      "skipped: the PgBouncer suites, because no PgBouncer is installed (Debian: apt-get install pgbouncer)\n",
    );
  project.provide("pgbouncer", pgbouncer);
  return async () => {
    for (const stop of stops) await stop();
  };
}
