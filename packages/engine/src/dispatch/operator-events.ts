import { PostriderError } from "../core/errors.ts";
import type { OperatorEvent } from "../core/operator-events.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventDoor } from "../ports/event-door.ts";
import type { OperatorEvents } from "../ports/operator-events.ts";
import type { Telemetry } from "../ports/telemetry.ts";

export interface OperatorEventsOptions {
  /** The partner that receives them; null: the log alone. */
  readonly partner: string | null;
  readonly windowMs: number;
  readonly door: Pick<EventDoor, "accept">;
  readonly ring: (partnerNos: readonly number[]) => void;
  /** Called for each event that is new to this process, sent or not. */
  readonly heard: (event: OperatorEvent) => void;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface SentOperatorEvents extends OperatorEvents {
  /** To be called if the ledger's server was lost. It may not have what was sent, which is then sent again when it is told again. */
  forget(): void;
  /** Resolves when what was told is sent, or was tried once more in vain. */
  stop(): Promise<void>;
}

/** Ids remembered, so that a thousand deaths of one endpoint are one call of the ledger; the ledger would call the others duplicates. */
const rememberedIds = 5_000;
/** Events that wait for a ledger that is away; later ones go to the log alone. */
const longestQueue = 1_000;
const tries = 5;
const betweenTriesMs = 2_000;

/**
 * Sends what operators should hear as ordinary events, addressed to the operator partner, one batch at a time. Events
 * about that partner itself go to the log alone: its own trouble cannot be told by its own postbacks.
 */
export function createOperatorEvents(options: OperatorEventsOptions): SentOperatorEvents {
  const { partner, windowMs, door, ring, heard, clock, telemetry } = options;
  const told = new Set<string>();
  const stopped = new AbortController();
  let queue: OperatorEvent[] = [];
  let sending: Promise<void> | null = null;

  const accept = async (events: readonly OperatorEvent[]) => {
    const { results, partnerNos } = await door.accept(
      events.map(({ type, eventId, occurredAtMs, data }) => ({
        event_id: eventId,
        type,
        occurred_at: new Date(occurredAtMs).toISOString(),
        partner: partner!,
        data_text: JSON.stringify(data),
      })),
      clock.now(),
    );
    ring(partnerNos);
    // A duplicate or a conflict is another process that told the same.
    const refused = results.find(({ status }) => status === "invalid" || status === "backlog_full");
    if (refused) throw new Error(refused.error ?? "the event was refused");
  };

  const send = async () => {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      for (let left = tries; left > 0; left--) {
        try {
          await accept(batch);
          break;
        } catch (error) {
          const again = left > 1 && isUnavailable(error) && !stopped.signal.aborted;
          if (left === tries || !again)
            telemetry.fault({ where: "operator events", error, retryInMs: again ? betweenTriesMs : null });
          if (!again) break;
          await clock.sleep(betweenTriesMs, stopped.signal);
        }
      }
    }
    sending = null;
  };

  return {
    windowMs,
    tell(event) {
      if (told.has(event.eventId)) return;
      told.add(event.eventId);
      if (told.size > rememberedIds) told.delete(told.values().next().value!);
      heard(event);
      if (partner === null || event.data.partner === partner || queue.length >= longestQueue) return;
      queue.push(event);
      sending ??= send();
    },
    forget: () => told.clear(),
    async stop() {
      stopped.abort();
      await sending;
    },
  };
}

function isUnavailable(error: unknown): boolean {
  return error instanceof PostriderError && error.status === 503;
}
