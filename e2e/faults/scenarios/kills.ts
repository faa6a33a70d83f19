import { setTimeout as sleep } from "node:timers/promises";
import { runLoaded, type Scenario } from "../loaded-run.ts";
import { killPlan } from "../plan.ts";

/** Some six seconds between two kills: a partner that is hit twice in a row still shows how long each cost. */
const sizes = {
  full: { events: 100_000, perSecond: 667, kills: 25 },
  quick: { events: 12_000, perSecond: 400, kills: 5 },
  short: { events: 2_000, perSecond: 300, kills: 2 },
};

/** Workers and API processes are killed at random and started again. */
export const kills: Scenario = {
  name: "kills",
  proves: "kill -9 of any process loses nothing, and the partners of a killed worker go on with another",
  topologies: ["database", "cluster"],
  run(options) {
    const size = sizes[options.size];
    return runLoaded(
      {
        ...size,
        name: "kills",
        async inject({ system, journal, random, durationMs, at }) {
          const names = (servers: typeof system.workers) => servers.map(({ name }) => name);
          const plan = killPlan(random, {
            kills: size.kills,
            durationMs,
            workers: names(system.workers),
            apis: names(system.apis),
          });
          const starts: Promise<void>[] = [];
          for (const { atMs, server, downMs } of plan) {
            await at(atMs);
            const victim = system.server(server);
            await journal.kill(victim);
            starts.push(sleep(downMs).then(() => victim.start()));
          }
          await Promise.all(starts);
        },
      },
      options,
    );
  },
};
