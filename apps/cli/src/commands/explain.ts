import type { DeliveryView, Endpoint, EventView, Partner } from "@postrider/engine";
import { absent } from "../absent.ts";
import type { ApiClient } from "../api-client.ts";
import { defineCommand, required } from "../command.ts";
import { type Output, say, sayJson } from "../context.ts";
import { CliError } from "../exit.ts";
import { type DeliveryExplanation, explainEvent } from "../explanation.ts";
import { stateTone, tone } from "../render/colour.ts";
import { plain } from "../render/text.ts";

export const explain = defineCommand({
  name: "explain",
  summary: "Explain in words what happened to an event.",
  description:
    "For each delivery of the event: its state and why, every attempt, when the next one is, and what you can do.",
  args: [{ name: "event_id", summary: "the event's id, as the application gave it" }],
  options: {
    partner: {
      kind: "text",
      value: "id",
      summary: "only what happened at this partner; no other partner is named",
    },
  },
  examples: [
    { line: "postrider explain conv-1001", meaning: "Where is conversion 1001?" },
    { line: "postrider explain conv-1001 --partner acme", meaning: "What you can show to acme:" },
  ],
  async run({ context, args, options, json, api }) {
    const client = await api();
    const event = await narrowed(client, await client.event(required(args, 0)), options.partner);
    const [{ reasons }, surroundings] = await Promise.all([
      client.reasons(),
      surroundingsOf(client, event, context.now()),
    ]);
    const meanings = new Map(reasons.map(({ reason, meaning }) => [reason, meaning]));
    const explanation = explainEvent(event, { nowMs: context.now(), meanings, ...surroundings });
    if (json) return sayJson(context.stdout, explanation);
    say(context.stdout, plain(explanation.summary));
    for (const delivery of explanation.deliveries) writeDelivery(context.stdout, delivery);
  },
});

/** The event as one partner had it. @throws CliError `notFound` if it never went there */
async function narrowed(
  client: ApiClient,
  event: EventView,
  partner: string | undefined,
): Promise<EventView> {
  if (partner === undefined) return event;
  const deliveries = event.deliveries.filter((delivery) => delivery.partner === partner);
  if (deliveries.length > 0) return { ...event, deliveries };
  // A mistyped partner: the answer names the one that was meant.
  await client.getPartner(partner);
  throw new CliError("notFound", `The event ${event.event_id} has no delivery to ${partner}.`, {
    hint: `See where it went: postrider explain ${event.event_id}`,
  });
}

function writeDelivery(out: Output, delivery: DeliveryExplanation): void {
  say(out);
  const state = tone(out, stateTone(delivery.state), delivery.state);
  say(out, `${tone(out, "strong", plain(delivery.to))} is ${state}. ${plain(delivery.why)}`);
  for (const attempt of delivery.attempts) say(out, `  ${attempt}`);
  if (delivery.next !== null) say(out, delivery.next);
  for (const advice of delivery.advice) say(out, plain(advice));
  say(
    out,
    tone(
      out,
      "quiet",
      `(delivery ${delivery.id}${delivery.reason === null ? "" : `, reason ${delivery.reason}`})`,
    ),
  );
}

/** The partners and endpoints that the event's deliveries are for, as far as they still exist. */
async function surroundingsOf(client: ApiClient, event: EventView, nowMs: number) {
  const partners = new Map<string, Partner>();
  const endpoints = new Map<string, Endpoint>();
  const unfinished = event.deliveries.filter((delivery) => delivery.state !== "delivered");
  for (const id of new Set(unfinished.map((delivery) => delivery.partner))) {
    const [partner, list] = await Promise.all([
      client.getPartner(id).catch(absent),
      client.listEndpoints(id).catch(absent),
    ]);
    if (partner !== null) partners.set(id, partner);
    for (const endpoint of list?.endpoints ?? []) endpoints.set(`${id}/${endpoint.id}`, endpoint);
  }
  return { partners, endpoints, notAlone: await notAlone(client, unfinished, nowMs) };
}

/** The due deliveries whose partner has other pending ones; two of the partner's are enough to know. */
async function notAlone(
  client: ApiClient,
  deliveries: readonly DeliveryView[],
  nowMs: number,
): Promise<ReadonlySet<string>> {
  const due = deliveries.filter(
    ({ state, next_attempt_at: at }) => state === "pending" && at !== null && Date.parse(at) <= nowMs,
  );
  const found = new Set<string>();
  for (const partner of new Set(due.map((delivery) => delivery.partner))) {
    const page = await client.listDeliveries({ state: "pending", partner, limit: 2 }).catch(absent);
    for (const { id } of due.filter((delivery) => delivery.partner === partner))
      if (page?.deliveries.some((other) => other.id !== id)) found.add(id);
  }
  return found;
}
