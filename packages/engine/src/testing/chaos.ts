import type { Clock } from "../ports/clock.ts";
import type { DispatchLedger } from "../ports/ledger.ts";
import type { Random } from "../ports/random.ts";
import type { Exchange, Transport } from "../ports/transport.ts";

/** A fault of the ledger that passes by itself, as `isTransient` of a chaotic ledger knows it. */
export class TransientFault extends Error {}

export interface LedgerChaos {
  readonly clock: Clock;
  readonly random: Random;
  /** The chance that a call fails before it does anything. Default 0. */
  readonly failsBefore?: number;
  /** The chance that a call is carried out and its answer lost. Default 0. */
  readonly failsAfter?: number;
  /** Each call takes up to this long, by chance. Default 0. */
  readonly slowMs?: number;
}

const verbs = [
  "claim",
  "settings",
  "record",
  "hold",
  "saveCursors",
  "saveCircuits",
  "closeTurns",
  "attend",
  "duePartners",
  "advanceReplays",
  "keepUp",
] as const;

/**
 * The same ledger, failing and slow by chance. With a seeded random a run can be repeated.
 *
 * @example chaoticLedger(ledger, { clock, random: createSeededRandom(seed), failsBefore: 0.2, failsAfter: 0.2 })
 */
export function chaoticLedger<Ledger extends DispatchLedger>(
  ledger: Ledger,
  { clock, random, failsBefore = 0, failsAfter = 0, slowMs = 0 }: LedgerChaos,
): Ledger {
  const chaotic = Object.create(ledger) as Record<string, unknown>;
  for (const verb of verbs) {
    const call = ledger[verb].bind(ledger) as (...values: unknown[]) => Promise<unknown>;
    chaotic[verb] = async (...values: unknown[]) => {
      if (slowMs > 0) await clock.sleep(Math.ceil(random() * slowMs));
      if (random() < failsBefore) throw new TransientFault(`${verb}: the connection was refused`);
      const answer = await call(...values);
      if (random() < failsAfter)
        throw new TransientFault(`${verb}: the connection was lost before the answer came`);
      return answer;
    };
  }
  chaotic.isTransient = (error: unknown) => error instanceof TransientFault || ledger.isTransient(error);
  return chaotic as unknown as Ledger;
}

/** The same transport, where some exchanges end in a reset instead: half of them after the partner got the request. */
export function chaoticTransport(
  transport: Transport,
  { random, resets }: { readonly random: Random; readonly resets: number },
): Transport {
  const reset: Exchange = {
    status: null,
    failure: { class: "reset", message: "the connection was reset" },
    responseBody: "",
    truncated: false,
    retryAfter: null,
    location: null,
    durationMs: 1,
  };
  return {
    async send(request, signal, watch) {
      if (random() >= resets) return transport.send(request, signal, watch);
      if (random() < 0.5) await transport.send(request, signal, watch);
      return reset;
    },
    close: () => transport.close(),
  };
}
