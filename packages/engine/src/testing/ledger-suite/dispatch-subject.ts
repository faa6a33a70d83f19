import { endpointDefaults, partnerDefaults } from "../../core/documents.ts";
import type { EndpointDocument } from "../../core/documents.ts";
import { type DispatchSubject, suiteNowMs, type TestPartner } from "../dispatch-suite/subject.ts";
import type { OpenedLedger } from "./bench.ts";

/** The SQL ledger as dispatch meets it: what happens outside of dispatch goes through the door and the operations. */
export function dispatchSubject({ door, dispatch, operations }: OpenedLedger): DispatchSubject {
  let names = 0;

  async function makePartner(endpoints: readonly string[] = ["main"], ordered = false): Promise<TestPartner> {
    const id = `dispatch-${++names}`;
    await operations.putPartner(id, { name: id, ...partnerDefaults }, suiteNowMs);
    const document: EndpointDocument = {
      ...endpointDefaults,
      url: "https://partner.example/",
      body: "envelope",
      events: [`${id}.*`],
      order: ordered ? { max_hold: "1h" } : null,
    };
    for (const each of endpoints) await operations.putEndpoint(id, each, document, suiteNowMs);
    const { partnerNo } = (await dispatch.locate(id, endpoints[0]!))!;
    return { id, no: partnerNo };
  }

  /** In the order of acceptance, that is of ids: a delivery's id holds the time of its acceptance. */
  async function waiting(of: TestPartner): Promise<string[]> {
    const { deliveries } = await operations.listDeliveries(
      { partner: of.id, state: "pending" },
      { limit: 1_000 },
    );
    return deliveries.map(({ id }) => id).toSorted();
  }

  return {
    ledger: dispatch,
    makePartner,
    waiting,
    async changePartner({ id }, { ratePerSecond, burst, maxInFlight }) {
      const before = (await operations.getPartner(id))!;
      const changed = { rate_per_second: ratePerSecond, burst, max_in_flight: maxInFlight };
      await operations.putPartner(id, { ...before, ...changed }, suiteNowMs);
    },
    async pausePartner({ id }, paused) {
      await operations.setPartnerState(id, paused ? "paused" : "active", suiteNowMs);
    },
    async disableEndpoint(of, id) {
      const document = (await operations.getEndpoint(of.id, id, suiteNowMs))!;
      await operations.putEndpoint(of.id, id, { ...document, enabled: false }, suiteNowMs);
    },
    async removeEndpoint(of, id) {
      await operations.deleteEndpoint(of.id, id, suiteNowMs);
    },
    async resumeEndpoint(of, id) {
      await operations.resumeEndpoint(of.id, id, suiteNowMs);
    },
    async enqueue(to, events, nowMs = suiteNowMs) {
      const keys = typeof events === "number" ? Array.from({ length: events }, () => null) : events;
      const given = keys.map((order_key) => ({
        event_id: `dispatch-event-${++names}`,
        type: `${to.id}.made`,
        ...(order_key === null ? {} : { order_key }),
      }));
      // Together: of events that several connections accept in the same millisecond, the ids do not say which came first.
      await door.accept(given, nowMs);
      return waiting(to);
    },
    async read(id) {
      const view = (await operations.getDelivery(id))!;
      return { ...view, attempts: view.attempts ?? [] };
    },
  };
}
