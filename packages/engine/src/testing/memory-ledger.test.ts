import { describeDispatchLedger } from "./dispatch-suite.ts";
import { type DispatchSubject, type ReadDelivery, suiteNowMs } from "./dispatch-suite/subject.ts";
import { createMemoryLedger, type MemoryLedger } from "./memory-ledger.ts";

/** The ledger in memory as dispatch meets it. */
function memorySubject(): DispatchSubject {
  const ledger = createMemoryLedger();
  let partnerNo = 0;
  const endpointsOf = (no: number) => ledger.partner(no).settings.endpoints;
  const endpointNoOf = (no: number, id: string) =>
    endpointsOf(no).find((endpoint) => endpoint.id === id)!.endpointNo;
  const setEndpoints = (no: number, endpoints: ReturnType<typeof endpointsOf>) =>
    ledger.putPartner(no, { ...ledger.partner(no).settings, endpoints });
  const waiting = async ({ no }: { readonly no: number }) =>
    [...ledger.pending.values()]
      .filter((row) => row.partnerNo === no)
      .map(({ id }) => id)
      .toSorted();

  return {
    ledger,
    waiting,
    async makePartner(ids = ["main"]) {
      const no = ++partnerNo;
      ledger.putPartner(
        no,
        {},
        ids.map(() => ({})),
      );
      const row = ledger.partner(no);
      const endpoints = row.settings.endpoints.map((endpoint, index) => ({ ...endpoint, id: ids[index]! }));
      row.settings = { ...row.settings, endpoints };
      return { id: row.settings.id, no };
    },
    async changePartner({ no }, changed) {
      ledger.putPartner(no, { ...ledger.partner(no).settings, ...changed });
    },
    async pausePartner({ no }, paused) {
      ledger.partner(no).paused = paused;
    },
    async disableEndpoint({ no }, id) {
      setEndpoints(
        no,
        endpointsOf(no).map((one) =>
          one.id === id ? { ...one, document: { ...one.document, enabled: false } } : one,
        ),
      );
    },
    async removeEndpoint({ no }, id) {
      setEndpoints(
        no,
        endpointsOf(no).filter((one) => one.id !== id),
      );
    },
    async resumeEndpoint({ no }, id) {
      ledger.resume(endpointNoOf(no, id));
    },
    async enqueue(to, events, nowMs = suiteNowMs) {
      const keys = typeof events === "number" ? Array.from({ length: events }, () => null) : events;
      for (const orderKey of keys)
        for (const { endpointNo } of endpointsOf(to.no)) ledger.enqueue(endpointNo, 1, nowMs, { orderKey });
      return waiting(to);
    },
    read: async (id) => readDelivery(ledger, id),
  };
}

const isoText = (ms: number) => new Date(ms).toISOString();

function readDelivery(ledger: MemoryLedger, id: string): ReadDelivery {
  const attempts = ledger.attempts.filter(({ deliveryId }) => deliveryId === id);
  const row = ledger.pending.get(id);
  const last = attempts.at(-1);
  const change = ledger.finished.get(id)?.change;
  const end = change?.kind === "finish" ? change : null;
  return {
    state: end?.state ?? "pending",
    reason: end?.reason ?? null,
    attempts_made: row?.attemptsMade ?? attempts.length,
    next_attempt_at: row ? isoText(row.dueAtMs) : null,
    finished_at: end ? isoText(end.atMs) : null,
    last_status: last?.status ?? null,
    last_error: end ? end.error : (last?.error ?? null),
    attempts: attempts.map(({ n, status, error }) => ({ n, status, ...(error === null ? {} : { error }) })),
  };
}

describeDispatchLedger("the memory", memorySubject);
