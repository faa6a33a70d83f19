import type { Catalogue, EventOf } from "./catalogue.ts";
import { type Now, systemNow } from "./clock.ts";
import { SenderError } from "./errors.ts";
import type { AnyEvent, EventDocument } from "./event.ts";
import { invalidEvent, type Preparation, prepareEvents } from "./prepare.ts";
import { randomBytes } from "./random.ts";
import { type AcceptedResult, type EventResult, readResults, type RefusedResult } from "./result.ts";
import { asDatabaseError, checkTransaction, rowsOf, type Transaction } from "./transaction.ts";
import { uuidV7 } from "./uuid.ts";

/** What fills in events. */
export interface DoorOptions {
  /** Event types to check against; also what types the events. Default: any event, judged by the ledger alone. */
  readonly catalogue?: Catalogue;
  /** Epoch milliseconds. Default: the system's clock. */
  readonly now?: Now;
  /** Makes the ids of events that bring none: 1 to 200 visible ASCII characters. Default: UUID version 7. */
  readonly newEventId?: () => string;
}

/** The transactional way in. */
export interface Door<Event> {
  /**
   * Accepts events inside your own transaction: they exist if and only if it commits. All or none: an event that is not
   * taken throws, so that your change is not committed without it. Roll back then, as after any error. A client that is seen to be in
   * no transaction is refused before a statement is sent; not every driver shows it.
   *
   * @returns one result per event, in order, `accepted` or `duplicate`
   * @throws SenderError `not_in_transaction`, `invalid_event`, `conflict`, `backlog_full`, `no_ledger`, `unexpected_response`;
   * and whatever your driver throws
   * @example
   * ```ts
   * await client.query("begin");
   * await client.query("update orders set paid = true where id = $1", [order.id]);
   * await sender.accept(client, [{ type: "order.paid", data: { order_id: order.id } }]);
   * await client.query("commit");
   * ```
   */
  accept(tx: Transaction, events: readonly Event[]): Promise<AcceptedResult[]>;
}

/**
 * The transactional door alone, for applications that share the ledger's database and never speak HTTP.
 *
 * @example
 * ```ts
 * const door = createDoor({ catalogue });
 * ```
 */
export function createDoor<const C extends Catalogue>(
  options: DoorOptions & { readonly catalogue: C },
): Door<EventOf<C>>;
export function createDoor(options?: DoorOptions & { readonly catalogue?: never }): Door<AnyEvent>;
export function createDoor(options: DoorOptions = {}): Door<AnyEvent> {
  const preparation = preparationOf(options);
  return { accept: (tx, events) => accept(tx, events, preparation) };
}

/** The defaults that HTTP and the SQL door share. */
export function preparationOf({ catalogue, now = systemNow, newEventId }: DoorOptions): Preparation {
  return { catalogue, now, newEventId: newEventId ?? (() => uuidV7(now(), randomBytes(10))) };
}

// Through text, as some drivers write a json parameter as JSON once more.
const acceptSql =
  "select ord, event_id, status, deliveries, error from postrider.accept($1::text::json) order by ord";

async function accept(
  tx: Transaction,
  events: readonly AnyEvent[],
  preparation: Preparation,
): Promise<AcceptedResult[]> {
  checkTransaction(tx);
  const prepared = await prepareEvents(events, preparation);
  if (prepared.length === 0) return [];
  const documents = prepared.map(({ document }) => document);
  const answer = await ask(tx, `[${prepared.map(({ text }) => text).join(",")}]`);
  const results = readResults(
    rowsOf(answer),
    documents.map((document) => document.event_id),
  );
  if (results === undefined) {
    const message =
      "query did not resolve to the rows of postrider.accept, or to an object that has them as rows. The events may be written: roll back.";
    throw new SenderError("unexpected_response", { status: null, serverCode: null }, message, {
      events: documents,
    });
  }
  return allAccepted(results, documents);
}

async function ask(tx: Transaction, documents: string): Promise<unknown> {
  try {
    return await tx.query(acceptSql, [documents]);
  } catch (error) {
    throw asDatabaseError(error);
  }
}

/** Throws where the ledger refused any of the events: invalid ones first, then conflicts. */
export function allAccepted(
  results: readonly EventResult[],
  events: readonly EventDocument[],
  paths = true,
): AcceptedResult[] {
  const refused = results.flatMap((result, index) => (isRefused(result) ? [{ ...result, index }] : []));
  const issues = refused
    .filter(({ status }) => status === "invalid")
    .map(({ index, error }) => ({ path: paths ? `events[${index}]` : "", message: error }));
  if (issues.length > 0) throw invalidEvent(issues, "The ledger refused it", events);
  for (const code of ["conflict", "backlog_full"] as const) {
    const those = refused.filter(({ status }) => status === code);
    const eventIds = those.map(({ event_id }) => event_id);
    if (those.length > 0) throw new SenderError(code, { eventIds }, sentence(those[0]!.error), { events });
  }
  return results.filter((result): result is AcceptedResult => !isRefused(result));
}

/** Messages of the ledger have no full stop, those of the API do. */
const sentence = (words: string) => (/[.!?]$/.test(words) ? words : `${words}.`);

function isRefused(result: EventResult): result is RefusedResult {
  return result.status !== "accepted" && result.status !== "duplicate";
}
