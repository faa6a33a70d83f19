import { parseDurationMs } from "../core/duration.ts";
import type { AcceptEvent, AcceptResult, EventDoor } from "../ports/event-door.ts";
import { asLedgerError } from "./ledger-error.ts";
import { ringPayload } from "./ring-channel.ts";
import { list, type Sql, texts } from "./sql.ts";

interface BatchRow {
  readonly statuses: readonly ("a" | "d" | "c" | "p" | "f")[];
  readonly deliveries: readonly number[];
  readonly ring: readonly number[] | null;
}

const statusOf = { a: "accepted", d: "duplicate", c: "conflict", p: "invalid", f: "backlog_full" } as const;

/** Events, and characters of their data, that an embedded ledger takes in one statement. */
const embeddedPart = { events: 250, chars: 524_288 };

/**
 * The events in parts that an embedded ledger takes one after the other: a statement of it runs in this process, and
 * holds the event loop for its whole length (1,000 events of 5 kB for 10 endpoints: 150 to 240 ms).
 */
function embeddedParts(events: readonly AcceptEvent[]): AcceptEvent[][] {
  const parts: AcceptEvent[][] = [];
  let chars = Number.POSITIVE_INFINITY;
  for (const event of events) {
    const size = event.data_text?.length ?? 0;
    const part = parts.at(-1);
    if (part !== undefined && part.length < embeddedPart.events && chars + size <= embeddedPart.chars) {
      part.push(event);
      chars += size;
    } else {
      parts.push([event]);
      chars = size;
    }
  }
  return parts;
}

/** The one door for callers in this process: events judged in form go to `accept_batch`. They ring by themselves. */
export function createEventDoor(sql: Sql): EventDoor {
  const door: EventDoor = {
    async accept(events, nowMs) {
      const parts = sql.capabilities.shared ? [] : embeddedParts(events);
      if (parts.length > 1) return acceptParts(door, parts, nowMs);
      const column = (value: (event: AcceptEvent) => string | number | undefined) =>
        list(events.map((event) => value(event) ?? null));
      // Null if no event has one: the ledger then goes the way without.
      const rare = (value: (event: AcceptEvent) => string | number | undefined) =>
        events.some((event) => value(event) !== undefined) ? column(value) : null;
      const [row] = await sql
        .query<BatchRow>(acceptSql, [
          column((event) => event.event_id),
          column((event) => event.type),
          column((event) => event.schema_version),
          column((event) => event.occurred_at),
          column((event) => event.partner),
          texts(events.map((event) => event.data_text)),
          nowMs,
          rare((event) => event.not_before),
          rare(({ expires_after }) =>
            expires_after === undefined ? undefined : parseDurationMs(expires_after),
          ),
          rare((event) => event.order_key),
        ])
        .catch(asLedgerError);
      return {
        results: events.map((event, index) =>
          acceptResult(event, row!.statuses[index]!, row!.deliveries[index]!),
        ),
        partnerNos: row!.ring ?? [],
      };
    },
    async announce(partnerNos) {
      await sql
        .query("select pg_notify('postrider_ring', $1)", [ringPayload(partnerNos)])
        .catch(asLedgerError);
    },
  };
  return door;
}

/** In order, as events of one key are. What fails later leaves what was committed: sent again, that is a duplicate. */
async function acceptParts(
  door: EventDoor,
  parts: readonly AcceptEvent[][],
  nowMs: number,
): ReturnType<EventDoor["accept"]> {
  const results: AcceptResult[] = [];
  const partnerNos = new Set<number>();
  for (const part of parts) {
    const committed = await door.accept(part, nowMs);
    results.push(...committed.results);
    for (const partnerNo of committed.partnerNos) partnerNos.add(partnerNo);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { results, partnerNos: [...partnerNos] };
}

const acceptSql = `select statuses, deliveries, ring from postrider.accept_batch($1::text::text[], $2::text::text[], $3::text::int[],
  $4::text::text[], $5::text::text[], string_to_array($6::text, chr(30), ''), to_timestamp($7::float8 / 1000),
  $8::text::timestamptz[], $9::text::float8[], $10::text::text[])`;

function acceptResult(
  { event_id, partner }: AcceptEvent,
  status: BatchRow["statuses"][number],
  deliveries: number,
): AcceptResult {
  if (status === "c")
    return {
      event_id,
      status: "conflict",
      deliveries,
      error: `event ${event_id} was accepted before with other content`,
    };
  if (status === "p")
    return { event_id, status: "invalid", deliveries, error: `partner ${partner} does not exist` };
  if (status === "f")
    return {
      event_id,
      status: "backlog_full",
      deliveries,
      error: `the backlog of partner ${partner} is full`,
    };
  return { event_id, status: statusOf[status], deliveries };
}
