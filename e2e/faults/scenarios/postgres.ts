import { runLoaded, type Scenario } from "../loaded-run.ts";
import { moments } from "../plan.ts";

const sizes = {
  full: { events: 100_000, perSecond: 1_000, restarts: 4 },
  quick: { events: 10_000, perSecond: 500, restarts: 2 },
  short: { events: 2_000, perSecond: 400, restarts: 1 },
};

function restarted(mode: "fast" | "immediate", proves: string): Scenario {
  const name = `postgres-${mode}`;
  return {
    name,
    proves,
    topologies: ["database", "cluster"],
    run(options) {
      const size = sizes[options.size];
      return runLoaded(
        {
          ...size,
          name,
          async inject({ system, journal, random, durationMs, at }) {
            for (const atMs of moments(random, size.restarts, durationMs)) {
              await at(atMs);
              await journal.during(`PostgreSQL restarted (${mode})`, "workers", () =>
                system.postgres.restart(mode),
              );
            }
          },
        },
        options,
      );
    },
  };
}

/** PostgreSQL crashes and recovers from its log. */
export const postgresImmediate = restarted(
  "immediate",
  "a crash of PostgreSQL loses nothing that was acknowledged; workers keep the answers in hand until it is back",
);

/** PostgreSQL ends all sessions and shuts down. */
export const postgresFast = restarted("fast", "a planned restart of PostgreSQL needs no step by anybody");
