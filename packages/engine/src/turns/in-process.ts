import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Turns } from "../ports/turns.ts";
import { createAlarms } from "./alarms.ts";
import { createTurnRunner } from "./runner.ts";

export interface InProcessTurnsOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Turns active at once. Default 1,000. */
  readonly maxActive?: number;
}

/** Turns of this process alone: a queue in memory, in the order of the rings. */
export function createInProcessTurns({ clock, telemetry, maxActive = 1_000 }: InProcessTurnsOptions): Turns {
  const ringAt = (partnerNo: number, atMs: number) => {
    if (atMs <= clock.now()) runner.serve([partnerNo]);
    else alarms.set(partnerNo, atMs);
  };
  const runner = createTurnRunner({
    clock,
    telemetry,
    maxActive,
    onRung: (partnerNo) => runner.serve([partnerNo]),
    onDue: ringAt,
  });
  const serve = (partnerNos: Iterable<number>) => runner.serve(partnerNos);
  const alarms = createAlarms(clock, serve);
  return {
    ring: serve,
    serve,
    ringAt,
    look(partnerNos) {
      for (const partnerNo of partnerNos) runner.look(partnerNo);
    },
    reach: () => "process",
    fault: () => null,
    async start(run) {
      runner.begin(run);
    },
    async stop(graceMs) {
      alarms.stop();
      await runner.stop(graceMs);
    },
    load: () => ({ active: runner.active, waiting: runner.waiting }),
  };
}
