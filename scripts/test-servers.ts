import type { TestProject } from "vitest/node";
import { findPostgres, startPostgres } from "../packages/engine/src/testing/postgres-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** URL of a PostgreSQL server that may be filled with databases; null where none is installed (never in CI). */
    postgresUrl: string | null;
  }
}

/** Gives the tests a real PostgreSQL: DATABASE_URL, or a server of their own from the programs found on this machine. */
export default async function testServers(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (process.env.DATABASE_URL) {
    project.provide("postgresUrl", process.env.DATABASE_URL);
    return undefined;
  }
  if (!findPostgres()) {
    if (process.env.CI)
      throw new Error(
        "No PostgreSQL found. In CI the suites that need it must run: install postgresql or set DATABASE_URL.",
      );
    process.stdout.write(
      "skipped: the PostgreSQL suites, because no PostgreSQL is installed (Debian: apt-get install postgresql) and DATABASE_URL is not set\n",
    );
    project.provide("postgresUrl", null);
    return undefined;
  }
  // fsync is off: these tests restart processes, not the machine; the fault tests that crash a server start their own.
  const server = await startPostgres({ fsync: "off" });
  project.provide("postgresUrl", server.url);
  return () => server.stop();
}
