import { createManualClock } from "../testing/manual-clock.ts";
import { describeTurns } from "../testing/turns-suite.ts";
import { createInProcessTurns } from "./in-process.ts";

describeTurns("in process", async ({ maxActive, telemetry }) => {
  const clock = createManualClock(Date.parse("2026-03-04T10:00:00.000Z"));
  return {
    turns: createInProcessTurns({ clock, telemetry, maxActive }),
    clock,
    until: (fact, withinMs) => clock.advanceUntil(fact, withinMs),
    pass: (ms) => clock.advance(ms),
    leaks: () => clock.sleepers(),
  };
});
