import type { AllowedTargets } from "../core/target.ts";
import type { Clock } from "../ports/clock.ts";
import type { Claimed, ClaimRequest, DispatchLedger } from "../ports/ledger.ts";
import type { Load } from "../ports/load.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Transport } from "../ports/transport.ts";
import type { Turns } from "../ports/turns.ts";
import { createBatcher } from "./batcher.ts";
import { Company } from "./company.ts";
import { createPartnerCache } from "./partner-cache.ts";
import { untilItPasses } from "./patience.ts";
import { createRecorder } from "./recorder.ts";
import { Slots } from "./slots.ts";
import { startSweep } from "./sweep.ts";
import { Turn, type TurnTools } from "./turn.ts";

export interface DispatcherOptions {
  readonly ledger: DispatchLedger;
  readonly turns: Turns;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly load: Load;
  readonly telemetry: Telemetry;
  readonly allowedTargets: AllowedTargets;
  readonly userAgent: string;
  /** Requests in flight at most over all partners of this process. */
  readonly maxInFlight: number;
  readonly retentionMs: number;
  /** Claim statements under way at once: as many as the ledger's driver runs side by side, at most. */
  readonly parallelClaims: number;
}

export interface Dispatcher {
  start(): Promise<void>;
  /** No new turns and attempts; what is in flight ends within `graceMs` or is let go of, and outcomes are stored. */
  stop(graceMs: number): Promise<void>;
  sweepNow(): void;
  progress(): {
    readonly lastProgressMs: number;
    readonly inFlight: number;
    readonly turnsActive: number;
    readonly turnsWaiting: number;
    readonly unrecorded: number;
  };
}

/** After the grace: for storing the answers that came within it. */
const lastMomentMs = 1_000;
/** Partners opened by one statement at most. */
const maxClaims = 256;

/** Puts turns, recorder, sweep and transport together. One per process. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { ledger, turns, transport, clock, random, telemetry, userAgent } = options;
  const stopping = new AbortController();
  const recorder = createRecorder(ledger, clock, telemetry);
  const slots = new Slots(options.maxInFlight);
  const partners = createPartnerCache(ledger, clock, options.allowedTargets);
  let lastProgressMs = clock.now();

  const claimAll = createBatcher<{ request: ClaimRequest; busyIds: Iterable<string> }, Claimed | null>(
    async (wishes) => {
      const claimed = await untilItPasses(
        () =>
          ledger.claim(
            wishes.map((wish) => wish.request),
            [...wishes.flatMap((wish) => [...wish.busyIds]), ...recorder.setAside()],
            clock.now(),
          ),
        { where: "claim", ledger, clock, telemetry, signal: stopping.signal },
      );
      lastProgressMs = clock.now();
      const byPartner = new Map(claimed.map((one) => [one.partnerNo, one]));
      return wishes.map((wish) => byPartner.get(wish.request.partnerNo) ?? null);
    },
    { maxItems: maxClaims, parallel: options.parallelClaims },
  );

  const tools: TurnTools = {
    transport,
    clock,
    random,
    userAgent,
    telemetry,
    recorder,
    slots,
    load: options.load,
    company: new Company(),
    shares: new Map(),
    partner: partners.get,
    claim: async (request, busyIds) => (await claimAll({ request, busyIds })) ?? gone(request),
  };

  const sweep = startSweep({
    ledger,
    turns,
    clock,
    telemetry,
    retentionMs: options.retentionMs,
    signal: stopping.signal,
    onProgress: () => (lastProgressMs = clock.now()),
  });

  return {
    async start() {
      await turns.start((slot) => new Turn(slot, tools).run());
      sweep.start();
    },
    async stop(graceMs) {
      sweep.stop();
      const ended = new AbortController();
      // Turns may be waiting for a ledger that is away: their waits end with the grace. The answers that have come
      // are worth a moment more than the grace for answers that may come.
      const patience = (async () => {
        await clock.sleep(graceMs, ended.signal);
        stopping.abort();
        if (!ended.signal.aborted) await clock.sleep(lastMomentMs, ended.signal);
        recorder.stop();
      })();
      await turns.stop(graceMs);
      await recorder.drained();
      ended.abort();
      await patience;
      await sweep.ended;
      await transport.close();
    },
    sweepNow: sweep.now,
    progress: () => {
      const { active, waiting } = turns.load();
      return {
        lastProgressMs,
        inFlight: slots.taken,
        turnsActive: active,
        turnsWaiting: waiting,
        unrecorded: recorder.unrecorded(),
      };
    },
  };
}

/** The answer for a partner whose row is not there. */
function gone({ partnerNo }: ClaimRequest): Claimed {
  return { partnerNo, fence: 0, active: false, version: 0, limiterCursorMs: 0, deliveries: [] };
}
