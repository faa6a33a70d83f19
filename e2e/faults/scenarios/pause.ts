import { setTimeout as sleep } from "node:timers/promises";
import { runLoaded, type Scenario } from "../loaded-run.ts";

const sizes = {
  full: { events: 100_000, perSecond: 1_000, pausedMs: 60_000 },
  quick: { events: 12_000, perSecond: 500, pausedMs: 15_000 },
  short: { events: 4_000, perSecond: 400, pausedMs: 6_000 },
};

/** A worker that stands still keeps its connections and its belief that its turns are its own. */
export const pause: Scenario = {
  name: "pause",
  proves: "a worker that stands still loses its partners to another, and finds that out before it sends more",
  topologies: ["database", "cluster"],
  run(options) {
    const size = sizes[options.size];
    return runLoaded(
      {
        ...size,
        name: "pause",
        async inject({ system, journal, durationMs, at }) {
          const [worker] = system.workers;
          if (!worker) throw new Error("There is no worker to pause.");
          await at(durationMs * 0.15);
          if (system.workers.length === 1) {
            // Nobody is there to take over: what counts is how it goes on.
            await journal.during("worker-1 paused", "workers", async () => {
              worker.pause();
              await sleep(size.pausedMs);
              worker.resume();
            });
            return;
          }
          await journal.pause(worker);
          await sleep(size.pausedMs);
          worker.resume();
        },
      },
      options,
    );
  },
};
