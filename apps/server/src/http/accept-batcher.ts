import { type AcceptEvent, type AcceptResult, type EventDoor, PostriderError } from "@postrider/engine";

/** Limits of the coalescing. */
export interface BatcherLimits {
  /** Events in one call of the ledger, unless a single request has more. Default 500. */
  readonly maxEvents: number;
  /** Calls of the ledger at the same time. Default 2: one is prepared while the other commits. */
  readonly maxCalls: number;
  /** Characters of event data that may wait; past it requests are refused. Default 64 Mi. */
  readonly maxWaitingChars: number;
}

export interface BatcherEvents {
  /** Partners to ring, after commit. */
  ring(partnerNos: readonly number[]): void;
  /** One call of the ledger committed this many events. */
  committed(events: number): void;
}

interface Waiting {
  readonly events: readonly AcceptEvent[];
  readonly chars: number;
  readonly resolve: (results: readonly AcceptResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Commits the events of one request, together with those of others. */
export interface AcceptBatcher {
  /**
   * Resolves with the results in the order of the events, after commit.
   *
   * @throws PostriderError `ledger_unavailable`, `ledger_full`, `ledger_read_only`, `rate_limited`, `busy`
   */
  accept(events: readonly AcceptEvent[]): Promise<readonly AcceptResult[]>;
}

const defaults: BatcherLimits = { maxEvents: 500, maxCalls: 2, maxWaitingChars: 64 * 1024 * 1024 };

/**
 * Coalesces concurrent requests into few calls of the ledger, because a commit costs the same for one event as for
 * hundreds. Nothing waits while a call is free: batches grow only as fast as the ledger is slow.
 *
 * A call that fails for any reason but an unreachable or busy ledger is made again for each of its requests alone, so that
 * one poisoned request fails alone.
 */
export function createAcceptBatcher(
  door: Pick<EventDoor, "accept">,
  tell: BatcherEvents,
  now: () => number,
  given: Partial<BatcherLimits> = {},
): AcceptBatcher {
  const limits = { ...defaults, ...given };
  const waiting: Waiting[] = [];
  let waitingChars = 0;
  let calls = 0;
  let scheduled = false;

  function take(): Waiting[] {
    let size = 0;
    let count = 0;
    for (const { events } of waiting) {
      if (count > 0 && size + events.length > limits.maxEvents) break;
      size += events.length;
      count += 1;
    }
    const taken = waiting.splice(0, count);
    for (const { chars } of taken) waitingChars -= chars;
    return taken;
  }

  async function commit(requests: readonly Waiting[]): Promise<void> {
    try {
      const { results, partnerNos } = await door.accept(
        requests.flatMap(({ events }) => events),
        now(),
      );
      if (partnerNos.length > 0) tell.ring(partnerNos);
      tell.committed(results.length);
      let from = 0;
      for (const { events, resolve } of requests) resolve(results.slice(from, (from += events.length)));
    } catch (error) {
      const unreachable = error instanceof PostriderError && (error.status === 503 || error.code === "busy");
      if (requests.length === 1 || unreachable) for (const { reject } of requests) reject(error);
      else for (const request of requests) await commit([request]);
    }
  }

  function pump(): void {
    scheduled = false;
    while (calls < limits.maxCalls && waiting.length > 0) {
      calls += 1;
      void commit(take()).finally(() => {
        calls -= 1;
        pump();
      });
    }
  }

  return {
    accept(events) {
      const chars = events.reduce((sum, { data_text = "" }) => sum + data_text.length, 0);
      if (waiting.length > 0 && waitingChars + chars > limits.maxWaitingChars) {
        return Promise.reject(
          new PostriderError("rate_limited", "Too many events are waiting to be committed.", {
            hint: "Send again after the seconds in Retry-After.",
          }),
        );
      }
      return new Promise((resolve, reject) => {
        waiting.push({ events, chars, resolve, reject });
        waitingChars += chars;
        // Not at once: the other requests that arrived in this turn of the event loop belong to the same batch.
        if (!scheduled) {
          scheduled = true;
          setImmediate(pump);
        }
      });
    },
  };
}
