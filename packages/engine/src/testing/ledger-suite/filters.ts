import * as fc from "fast-check";
import { reasons } from "../../core/delivery.ts";
import type { DeliveryView } from "../../ports/operations.ts";
import type { DeliveryFilter } from "../../ports/selection.ts";
import { type Bench, dayMs, ended, minuteMs, suiteNowMs as now, type TestPartner } from "./bench.ts";

export const seed = 20_260_304;

export const at = (ms: number) => new Date(ms).toISOString();

/** Deliveries of two partners over three weeks, in every kind of end and still waiting. */
export async function fill({
  partner,
  event,
  door,
  turn,
  dispatch,
  operations,
  endpoint,
}: Bench): Promise<TestPartner[]> {
  const partners = [await partner(["main", "second"]), await partner(["main", "second"])];
  for (const acme of partners) {
    for (const [index, atMs] of [
      now - 15 * dayMs,
      now - 8 * dayMs,
      now - dayMs,
      now - dayMs + 1,
      now - minuteMs,
    ].entries()) {
      const events = [0, 1, 2, 3].map((n) =>
        event(acme, { type: n === 0 ? `${acme.id}.rare` : `${acme.id}.made` }),
      );
      await door.accept(events, atMs);
      if (index === 4) continue;
      const opened = await turn(acme, atMs);
      const outcomes = opened.deliveries.map((delivery, n) => {
        // In another order than they were accepted, days later in part, and several at the same instant.
        const endedMs = atMs + 10 + ((n * 3) % 4) * 3 * dayMs;
        const outcome = ended(opened, delivery, endedMs, n % 3 === 0 ? 500 : 200);
        const expiry = {
          kind: "finish",
          state: "expired",
          reason: "expired",
          atMs: endedMs,
          error: "status 500",
        } as const;
        return n % 3 === 1 ? Object.assign(outcome, { change: expiry }) : outcome;
      });
      await dispatch.record(outcomes.slice(0, index === 2 ? 2 : outcomes.length), false);
    }
  }
  await operations.deleteEndpoint(partners[0]!.id, "second", now);
  await endpoint(partners[0]!.id, "second");
  return partners;
}

export async function everything({ operations }: Bench): Promise<readonly DeliveryView[]> {
  return (await operations.listDeliveries({}, { limit: 500 })).deliveries;
}

/** What the filter means, implemented again in the simplest way. */
export function matches(filter: DeliveryFilter, delivery: DeliveryView): boolean {
  const { state, partner, endpoint, type, reason, event_id, since, until, delivery_ids } = filter;
  const time = filter.time === "finished" ? (delivery.finished_at ?? "") : delivery.accepted_at;
  return (
    (state === undefined || delivery.state === state) &&
    (partner === undefined || delivery.partner === partner) &&
    (endpoint === undefined || delivery.endpoint === endpoint) &&
    (type === undefined || isOfType(delivery.type, type)) &&
    (reason === undefined || delivery.reason === reason) &&
    (event_id === undefined || delivery.event_id === event_id) &&
    (since === undefined || Date.parse(time) >= Date.parse(since)) &&
    (until === undefined || Date.parse(time) < Date.parse(until)) &&
    (delivery_ids === undefined || delivery_ids.includes(delivery.id))
  );
}

const isOfType = (type: string, wanted: string): boolean =>
  wanted.endsWith("*") ? type.startsWith(wanted.slice(0, -1)) : type === wanted;

/** Patterns that many types, one and none match. */
const patternsOf = (all: readonly DeliveryView[]): string[] => [
  ...new Set(all.map(({ type }) => type.replace(/[^.]+$/, "*"))),
  "*",
  "no.such.*",
];

export const maybe = <Value>(...values: readonly Value[]) =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: 2 });

export function filters(all: readonly DeliveryView[]) {
  const texts = (key: "partner" | "type" | "event_id" | "accepted_at") => [
    ...new Set(all.map((delivery) => delivery[key])),
  ];
  return fc
    .record({
      state: maybe("pending", "delivered", "dead", "expired", "cancelled", "suppressed"),
      partner: maybe(...texts("partner")),
      endpoint: maybe("main", "second"),
      type: maybe(...texts("type"), ...patternsOf(all), "no.such"),
      reason: fc.option(fc.constantFrom(...(Object.keys(reasons) as (keyof typeof reasons)[])), {
        nil: undefined,
        freq: 1,
      }),
      event_id: fc.option(fc.constantFrom(...texts("event_id"), "no-such"), { nil: undefined, freq: 1 }),
      since: maybe(...texts("accepted_at")),
      until: maybe(...texts("accepted_at")),
      delivery_ids: fc.option(fc.subarray([...all.map(({ id }) => id), "not-an-id"]), {
        nil: undefined,
        freq: 1,
      }),
    })
    .map(
      (filter) =>
        Object.fromEntries(
          Object.entries(filter).filter(([, value]) => value !== undefined),
        ) as DeliveryFilter,
    );
}

/** Filters with few keys, which have plans of their own: one of all above seldom has so few. */
export function narrow(all: readonly DeliveryView[]): fc.Arbitrary<DeliveryFilter> {
  const of = (key: "type" | "endpoint" | "accepted_at") =>
    fc.constantFrom(...new Set(all.map((delivery) => delivery[key])));
  const named = fc.oneof(
    fc.record({ type: of("type") }),
    fc.record({ type: fc.constantFrom(...patternsOf(all)) }),
    fc.record({ endpoint: of("endpoint") }),
  );
  const state = fc.constantFrom({}, {}, { state: "delivered" } as const, { state: "dead" } as const);
  const times = fc.oneof(
    fc.constant({}),
    fc.record({ since: of("accepted_at") }),
    fc.record({ until: of("accepted_at") }),
  );
  return fc.tuple(named, state, times).map((parts) => Object.assign({}, ...parts) as DeliveryFilter);
}
