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
  const waiting = new Set<number>();
  const runner = createTurnRunner({ clock, telemetry });
  let started = false;

  const contended = () => waiting.size > 0;
  const fillUp = () => {
    if (!started || runner.stopping) return;
    for (const partnerNo of waiting) {
      if (runner.active >= maxActive) return;
      waiting.delete(partnerNo);
      void runOne(partnerNo);
    }
  };
  const runOne = async (partnerNo: number) => {
    const after = await runner.run(partnerNo, { contended });
    if (after?.rung) ring([partnerNo]);
    if (after?.nextDueAtMs != null) ringAt(partnerNo, after.nextDueAtMs);
    fillUp();
  };

  const ring = (partnerNos: Iterable<number>) => {
    for (const partnerNo of partnerNos) {
      if (runner.tell(partnerNo)) continue;
      const restsUntilMs = runner.restsUntilMs(partnerNo);
      if (restsUntilMs !== null) ringAt(partnerNo, restsUntilMs);
      else waiting.add(partnerNo);
    }
    fillUp();
  };
  const alarms = createAlarms(clock, ring);
  const ringAt = (partnerNo: number, atMs: number) => {
    if (atMs <= clock.now()) ring([partnerNo]);
    else alarms.set(partnerNo, atMs);
  };

  return {
    ring,
    ringAt,
    look(partnerNos) {
      for (const partnerNo of partnerNos) runner.look(partnerNo);
    },
    reach: () => "process",
    async start(run) {
      runner.begin(run);
      started = true;
      fillUp();
    },
    async stop(graceMs) {
      alarms.stop();
      await runner.stop(graceMs);
    },
    load: () => ({ active: runner.active, waiting: waiting.size }),
  };
}
