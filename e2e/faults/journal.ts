import { until } from "../src/until.ts";
import type { Fault } from "./checks.ts";
import { portsOf, standsStill } from "./port-owner.ts";
import type { SupervisedServer } from "./supervised-server.ts";
import type { FaultSystem } from "./system.ts";
import { createUnrecorded } from "./unrecorded.ts";

/** What was done to the system, and what each deed may cause to be sent again. */
export interface Journal {
  readonly faults: readonly Fault[];
  /** Kills of processes among the faults. */
  readonly kills: number;
  /** Each delivery that was received and not recorded at a fault that may lose it, and at how many: the measured bound. */
  readonly mayRepeat: ReadonlyMap<string, number>;
  /** The documented bound: what the processes concerned may hold in flight and unflushed, fault by fault. */
  readonly documented: number;
  /** Kills a server, which stays down. What a worker had in flight and unflushed may come again. */
  kill(server: SupervisedServer): Promise<void>;
  /** Stops a worker where it is: others must take over, so recovery counts from now. What it held may come again. */
  pause(server: SupervisedServer): Promise<void>;
  /** Does something that is over when it resolves: recovery counts from its end. */
  during(name: string, concerns: Concern, work: () => Promise<unknown>): Promise<void>;
  /** Does something at once that the system must make up for: recovery counts from now. */
  instead(name: string, concerns: Concern, work: () => Promise<unknown>): Promise<void>;
}

/** Whom a fault concerns. What only touches the way in gives nobody a reason to send anything twice. */
export type Concern = "workers" | "applications";

/** Requests that one process has in flight at most (`POSTRIDER_MAX_IN_FLIGHT`), and outcomes that its recorder holds in two statements. */
const perWorker = 256 + 2 * 1_000;
const now = () => performance.timeOrigin + performance.now();

export function createJournal(system: FaultSystem, say: (line: string) => void): Journal {
  const unrecorded = createUnrecorded(system.sink, system.ledger);
  const faults: Fault[] = [];
  const mayRepeat = new Map<string, number>();
  let kills = 0;
  let documented = 0;

  const note = async (ports: ReadonlySet<number> | null): Promise<number> => {
    const found = await unrecorded.find(ports);
    for (const deliveryId of found) mayRepeat.set(deliveryId, (mayRepeat.get(deliveryId) ?? 0) + 1);
    return found.length;
  };
  /** Stands still before its connections are read, so that these are all it had. */
  const hold = async (server: SupervisedServer) => {
    const { pid } = server;
    server.pause();
    await until(`${server.name} to stand still`, () => standsStill(pid));
    return portsOf(pid);
  };
  const done = (name: string, startMs: number, endMs: number) => faults.push({ name, startMs, endMs });
  const around = async (name: string, concerns: Concern, lasts: boolean, work: () => Promise<unknown>) => {
    const mayLose = concerns === "workers";
    const before = mayLose ? await note(null) : 0;
    const startMs = now();
    await work();
    const endMs = now();
    done(name, startMs, lasts ? endMs : startMs);
    const after = mayLose ? await note(null) : 0;
    if (mayLose) documented += system.workers.length * perWorker;
    const took = ((endMs - startMs) / 1_000).toFixed(1);
    say(`${name}, ${took} s${mayLose ? `: ${before + after} received and not recorded` : ""}`);
  };

  return {
    faults,
    mayRepeat,
    get kills() {
      return kills;
    },
    get documented() {
      return documented;
    },
    async kill(server) {
      kills += 1;
      const worker = server.role === "worker" && server.pid !== 0;
      const ports = worker ? await hold(server) : null;
      const startMs = now();
      await server.kill();
      done(`kill ${server.name}`, startMs, startMs);
      if (ports === null) return say(`kill ${server.name}`);
      documented += perWorker;
      say(`kill ${server.name}: ${await note(ports)} received and not recorded`);
    },
    async pause(server) {
      const startMs = now();
      const ports = await hold(server);
      done(`pause ${server.name}`, startMs, startMs);
      documented += perWorker;
      say(`pause ${server.name}: ${await note(ports)} received and not recorded`);
    },
    during: (name, concerns, work) => around(name, concerns, true, work),
    instead: (name, concerns, work) => around(name, concerns, false, work),
  };
}
