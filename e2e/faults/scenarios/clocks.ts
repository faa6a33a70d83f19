import { until } from "../../src/until.ts";
import { runLoaded, type Scenario } from "../loaded-run.ts";
import { findFaketime } from "../wrong-clock.ts";

const sizes = {
  full: { events: 100_000, perSecond: 1_000 },
  quick: { events: 12_000, perSecond: 500 },
  short: { events: 4_000, perSecond: 400 },
};

const wrong = { "worker-1": "-10m", "worker-2": "+1d", "api-2": "+10m" };

/** Each process but one has another time of day, and some are set while they run. */
export const clocks: Scenario = {
  name: "clocks",
  proves:
    "a clock that is wrong, or that is set, makes nothing early, late, double or expired: all follow the ledger's",
  topologies: ["database", "cluster"],
  lacks: () =>
    findFaketime() === null ? "libfaketime is not installed (Debian: apt-get install faketime)" : null,
  run(options) {
    return runLoaded(
      {
        ...sizes[options.size],
        name: "clocks",
        system: { clocks: wrong },
        async inject({ system, journal, durationMs, at }) {
          // Nobody may have to send anything again for it.
          const set = (server: string, offset: string) =>
            journal.instead(`${server} set to ${offset}`, "applications", async () =>
              system.setClock(server, offset),
            );
          await at(durationMs * 0.2);
          await set("worker-1", "+1h");
          await at(durationMs * 0.4);
          await set("worker-2", "-1h");
          await at(durationMs * 0.6);
          await set("api-2", "-1d");
          await at(durationMs * 0.8);
          await set("worker-1", "+0s");
          for (const name of Object.keys(wrong))
            await until(`${name} to say that its clock is wrong`, () =>
              system.log.some(({ server, text }) => server === name && text.includes("clock_off")),
            );
        },
      },
      options,
    );
  },
};
