import type { AcceptEvent, Engine } from "@postrider/engine";

/** Calls of the ledger under way at once, as the server's API has them. */
const maxCalls = 2;

/**
 * Accepts and rings as the server's API does: events that come while calls are under way go together in the next. At
 * 1,000 a second a call for each would be measured as a queue for connections.
 */
export function gatheredAccept({ events, ring }: Engine): (event: AcceptEvent) => Promise<void> {
  let waiting: { event: AcceptEvent; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let calls = 0;
  let scheduled = false;
  const pump = () => {
    scheduled = false;
    while (calls < maxCalls && waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      calls += 1;
      events
        .accept(
          batch.map(({ event }) => event),
          Date.now(),
        )
        .then(
          ({ partnerNos }) => {
            ring(partnerNos);
            for (const { resolve } of batch) resolve();
          },
          (error: unknown) => batch.forEach(({ reject }) => reject(error)),
        )
        .finally(() => {
          calls -= 1;
          pump();
        });
    }
  };
  return (event) =>
    new Promise((resolve, reject) => {
      waiting.push({ event, resolve, reject });
      if (scheduled || calls >= maxCalls) return;
      scheduled = true;
      setImmediate(pump);
    });
}
