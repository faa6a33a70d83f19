import { setTimeout as sleep } from "node:timers/promises";
import { runLoaded, type Scenario } from "../loaded-run.ts";

const sizes = {
  full: { events: 100_000, perSecond: 1_000, settingsEveryMs: 10_000 },
  quick: { events: 12_000, perSecond: 500, settingsEveryMs: 4_000 },
  short: { events: 4_000, perSecond: 400, settingsEveryMs: 2_000 },
};
/** The status names a transaction that is older than a minute. */
const namedAfterMs = 65_000;

/**
 * A snapshot is held while everything is delivered: claims begin behind what was sent. Meanwhile deliveries get in
 * front of that again and again, those of partners that were paused and of failed attempts.
 */
export const snapshot: Scenario = {
  name: "snapshot",
  proves:
    "a dump or a forgotten transaction slows nothing down, nothing is passed over by it, and the status names it",
  topologies: ["database", "cluster"],
  run(options) {
    const size = sizes[options.size];
    return runLoaded(
      {
        ...size,
        name: "snapshot",
        async inject({ system, durationMs, at }) {
          await at(durationMs * 0.05);
          const release = await system.ledger.holdSnapshot();
          const heldSinceMs = performance.now();
          const heldMs = () => performance.now() - heldSinceMs;
          try {
            const path = "/v1/partners/ok-6";
            for (let atMs = size.settingsEveryMs; atMs < durationMs * 0.9; atMs += size.settingsEveryMs) {
              await at(atMs);
              await system.client.call("POST", `${path}/pause`);
              await sleep(500);
              await system.client.call("POST", `${path}/resume`);
            }
            await at(durationMs);
            if (heldMs() < namedAfterMs) return;
            const { json } = await system.client.call("GET", "/v1/status");
            if (!JSON.stringify(json).includes("a transaction of fault-run"))
              throw new Error("The status does not name the transaction that holds the snapshot.");
          } finally {
            await release();
          }
        },
      },
      options,
    );
  },
};
