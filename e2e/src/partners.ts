import type { ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

/** A partner with one endpoint, `main`. */
export interface PartnerSetup {
  readonly id: string;
  /** Of the partner's document, beside its name. */
  readonly partner?: Readonly<Record<string, unknown>>;
  /** The endpoint's document. */
  readonly endpoint: Readonly<Record<string, unknown>> & { readonly url: string };
}

/** Creates the partner and its endpoint; resolves to the signing secret. */
export async function register(
  server: ServerProcess,
  { id, partner, endpoint }: PartnerSetup,
): Promise<string> {
  const { signing_secret: secret } = await server.ok("PUT", `/v1/partners/${id}`, { name: id, ...partner });
  await server.ok("PUT", `/v1/partners/${id}/endpoints/main`, endpoint);
  return secret as string;
}

/** An event for one partner, as the API takes it. */
export function eventFor(
  partner: string,
  eventId: string,
  data: unknown = { click_id: "c-1", payout: "1.20" },
) {
  const occurredAt = "2026-01-31T10:00:00Z";
  return { event_id: eventId, type: "conversion.approved", occurred_at: occurredAt, partner, data };
}

/** The event's only delivery, with its attempts, once it is in `state`. */
export async function deliveryIn(state: string, server: ServerProcess, eventId: string): Promise<any> {
  return until(`the delivery of ${eventId} to be ${state}`, async () => {
    const { deliveries } = await server.ok("GET", `/v1/events/${eventId}`);
    return deliveries[0]?.state === state ? deliveries[0] : null;
  });
}
