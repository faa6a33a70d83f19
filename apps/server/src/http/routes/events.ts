import { eventDocument } from "@postrider/contract";
import {
  type AcceptEvent,
  type AcceptResult,
  type Engine,
  type EventView,
  type Issue,
  issueText,
  PostriderError,
} from "@postrider/engine";
import { type CutList, cutList, memberText, type Slices } from "@postrider/engine/json-text";
import { z } from "zod";
import type { AcceptBatcher } from "../accept-batcher.ts";
import { checkEvent, isTooLarge, maxEvents, tooLarge } from "../check-event.ts";
import { refusal } from "../failure.ts";
import { notValid, withMore, wordsOf } from "../issues.ts";
import { parseJson } from "../request-body.ts";
import { type Answer, type Route, route } from "../route.ts";
import { acceptView, eventView, refusedEventsView } from "@postrider/contract";

const eventBatch = z
  .strictObject({ events: z.array(eventDocument).min(1).max(maxEvents) })
  .meta({ id: "EventBatch" });

// It has a name of its own: oapi-codegen loses the methods of a union that stands in a request body.
const eventOrBatch = z.union([eventDocument, eventBatch]).meta({ id: "EventOrBatch" });

/** Accepting events, and asking what became of one. */
export function eventRoutes(
  engine: Engine,
  batcher: AcceptBatcher,
  accepted: (result: AcceptResult) => void,
): Route[] {
  const accept = route(
    "POST",
    "/v1/events",
    {
      operationId: "sendEvents",
      tag: "events",
      summary:
        "Accept one event, or up to 1,000 as { events: [...] }. 202 means committed; a batch of which nothing was taken is refused with its results.",
      body: eventOrBatch,
      rawBody: true,
      limits: null,
      answers: {
        202: {
          meaning: "Committed. One result per event, in order; at least one is accepted or a duplicate.",
          schema: acceptView,
        },
        ...Object.fromEntries([400, 409, 429].map((status) => [status, refusedView])),
      },
      errors: ["invalid_event", "conflict", "rate_limited", "backlog_full"],
    },
    async ({ body, slices }) => {
      const text = body as unknown as string;
      if (!mayBeBatch(text)) return acceptOne(text.trim());
      const list = await cutList(text, "events", maxEvents, slices);
      if (list === null) return acceptOne(text.trim());
      const texts = list === "broken" ? refuseBroken(text) : batchOf(list);
      return acceptMany(texts, text.length <= mostParsedWhole ? eventsIn(text) : null, slices);
    },
  );

  async function acceptOne(text: string): Promise<Answer> {
    if (text.startsWith("[")) throw bareList();
    if (isTooLarge(text)) throw invalidEvent(idAtBeginning(text), tooLarge);
    const given = parseJson(text);
    const { event, issues } = checkEvent(given, text);
    if (issues !== undefined) throw invalidEvent(eventIdOf(given), issues);
    const [result] = await batcher.accept([event]);
    if (result === undefined) throw new Error("the ledger gave no result for an event");
    accepted(result);
    const refused = refusedOne(result, given);
    if (refused !== null) throw refused;
    return { status: 202, json: { results: [result] } };
  }

  async function acceptMany(
    texts: readonly string[],
    parsed: readonly unknown[] | null,
    slices: Slices,
  ): Promise<Answer> {
    const checks = await checkAll(texts, parsed, slices);
    const valid = checks.flatMap(({ event }) => event ?? []);
    const committed = (valid.length === 0 ? [] : await batcher.accept(valid))[Symbol.iterator]();
    const results = checks.map((check): AcceptResult => {
      const result = check.event === undefined ? check.refused : committed.next().value;
      if (result === undefined) throw new Error("the ledger gave fewer results than events");
      accepted(result);
      return result;
    });
    const refused = refusedBatch(results);
    if (refused === null) return { status: 202, json: { results } };
    const { json, ...answer } = refusal(refused);
    return { ...answer, json: { ...(json as object), results } };
  }

  return [accept, eventRoute(engine)];
}

/** What became of an event. */
function eventRoute(engine: Engine): Route {
  return route(
    "GET",
    "/v1/events/{event_id}",
    {
      operationId: "getEvent",
      tag: "events",
      summary: "An event, its deliveries with their attempts, and the reason each ended.",
      params: z.strictObject({ event_id: z.string().max(200) }),
      answers: { 200: { meaning: "The event.", schema: eventView } },
      errors: ["not_found"],
    },
    async ({ params, signal }) => {
      const event = await engine.operations.getEvent(params.event_id, signal);
      if (event === null)
        throw new PostriderError("not_found", `There is no event ${params.event_id}.`, {
          hint: "Events past retention are gone; POSTRIDER_RETENTION_DAYS and POSTRIDER_DEAD_RETENTION_DAYS say when.",
        });
      return { status: 200, text: eventText(event), headers: { "content-type": "application/json" } };
    },
  );
}

/** The JSON of an event. Its data goes in as the text that was accepted: a parse and a stringify would lose digits. */
function eventText({ data: _data, data_text, deliveries, ...event }: EventView): string {
  const head = JSON.stringify(event).slice(0, -1);
  return `${head},"data":${data_text},"data_text":${JSON.stringify(data_text)},"deliveries":${JSON.stringify(deliveries)}}`;
}

const backlogHint =
  "Send it again later; what waits for the partner must become less first. Or raise the partner's max_backlog.";

const refusedView = {
  meaning: "Nothing of the request was taken. A batch has one result per event, in order.",
  schema: refusedEventsView,
};

const conflictHint = "Give a new fact a new event_id; a repetition must have the same content.";

/** Why a single event was not taken, or null if it was. */
function refusedOne(result: AcceptResult, given: unknown): PostriderError | null {
  switch (result.status) {
    case "accepted":
    case "duplicate":
      return null;
    case "invalid":
      return invalidEvent(eventIdOf(given), [refusedByLedger(result)]);
    case "conflict":
      return new PostriderError(
        "conflict",
        `The event ${result.event_id} was accepted before with other content; nothing was changed.`,
        { hint: conflictHint },
      );
    case "backlog_full":
      return new PostriderError(
        "backlog_full",
        `The event ${result.event_id} was not stored: ${result.error}.`,
        { hint: backlogHint },
      );
  }
}

/** Why a batch of which nothing was taken is refused: first what sending again can solve, then what must be corrected. */
function refusedBatch(results: readonly AcceptResult[]): PostriderError | null {
  const statuses = new Set(results.map(({ status }) => status));
  if (statuses.has("accepted") || statuses.has("duplicate")) return null;
  const none =
    results.length === 1
      ? "The event was not taken; results says why."
      : `None of the ${results.length} events was taken; results says why, one by one.`;
  if (statuses.has("backlog_full")) return new PostriderError("backlog_full", none, { hint: backlogHint });
  if (statuses.has("invalid")) return new PostriderError("invalid_event", none);
  return new PostriderError("conflict", none, { hint: conflictHint });
}

/** Characters of a batch that is parsed in one go, which is quicker: at worst 4 ms. */
const mostParsedWhole = 65_536;

/** The events of a batch that was cut. @throws PostriderError `invalid_request` if it is not JSON after all */
function eventsIn(text: string): readonly unknown[] {
  return (parseJson(text) as { readonly events: readonly unknown[] }).events;
}

/** Cheap, and a no is never wrong: most bodies are one event, which need not be cut. */
function mayBeBatch(text: string): boolean {
  return text.includes('events"') || text.includes("\\");
}

function bareList(): PostriderError {
  return new PostriderError("invalid_request", "The body is a list.", {
    hint: 'Wrap it: { "events": [...] }.',
  });
}

/** Says why a body that could not be cut is not JSON, in the parser's words if it is short. */
function refuseBroken(text: string): never {
  const start = text.trimStart();
  if (start.startsWith("[")) throw bareList();
  if (!isTooLarge(text)) parseJson(text);
  throw new PostriderError("invalid_request", "The body is not a JSON object.", {
    hint: 'Send one event, or { "events": [...] }.',
  });
}

/** The texts of a batch's events, not parsed yet. @throws PostriderError `invalid_request` */
function batchOf({ texts, count, others }: CutList): readonly string[] {
  const issues: Issue[] = others
    .slice(0, mostKeys)
    .map((path) => ({ path, message: "is not known beside events" }));
  withMore(issues, others.length - issues.length);
  if (texts === null) issues.push({ path: "events", message: "must be a list of events" });
  else if (count === 0 || count > maxEvents)
    issues.push({ path: "events", message: `must have 1 to ${maxEvents} events, and has ${count}` });
  if (issues.length > 0)
    throw new PostriderError("invalid_request", notValid("body", wordsOf(issues)), { issues });
  return texts ?? [];
}

/** Keys beside `events` that an answer names. */
const mostKeys = 20;

/** An event of a batch, as the ledger takes it, or its result. */
type Check =
  | { readonly event: AcceptEvent; readonly refused?: never }
  | { readonly refused: AcceptResult; readonly event?: never };

/**
 * Checks the events of a batch, and parses those that are not yet, giving the event loop back in between: the whole body
 * at once could hold it for half a second. An event that is too large is not parsed.
 *
 * @throws PostriderError `invalid_request` if one is not JSON
 */
async function checkAll(
  texts: readonly string[],
  parsed: readonly unknown[] | null,
  slices: Slices,
): Promise<Check[]> {
  const checks: Check[] = [];
  let chars = 0;
  for (let index = 0; index < texts.length; index += 1) {
    const text = texts[index] ?? "";
    if (isTooLarge(text)) checks.push({ refused: invalidResult(idAtBeginning(text), tooLarge) });
    else {
      const given = parsed === null ? parseJson(text, `events[${index}] in the body`) : parsed[index];
      const { event, issues } = checkEvent(given, text);
      checks.push(issues === undefined ? { event } : { refused: invalidResult(eventIdOf(given), issues) });
    }
    chars += text.length;
    if (chars > charsPerLook) {
      chars = 0;
      if (slices.over()) await slices.next();
    }
  }
  return checks;
}

/** Characters that are checked between two looks at the clock. */
const charsPerLook = 16 * 1024;

function invalidEvent(id: string, issues: readonly Issue[]): PostriderError {
  return new PostriderError("invalid_event", notValid(`event${id === "" ? "" : ` ${id}`}`, wordsOf(issues)), {
    issues,
  });
}

/** The form was judged before: what is left for the ledger to refuse is a partner that does not exist. */
function refusedByLedger({ error = "was refused by the ledger" }: AcceptResult): Issue {
  const partner = /^partner (?=\S+ does not exist$)/.exec(error)?.[0];
  return partner === undefined
    ? { path: "", message: error }
    : { path: "partner", message: error.slice(partner.length) };
}

function invalidResult(event_id: string, issues: readonly Issue[]): AcceptResult {
  return { event_id, status: "invalid", deliveries: 0, error: issues.map(issueText).join("; ") };
}

/** The id as far as it can be told, for the answer only. */
function eventIdOf(event: unknown): string {
  const id = typeof event === "object" && event !== null && "event_id" in event ? event.event_id : "";
  return typeof id === "string" ? id.slice(0, 200) : "";
}

/** Likewise, of an event that is too large to be parsed. */
function idAtBeginning(text: string): string {
  try {
    return eventIdOf({
      event_id: JSON.parse(memberText(text.slice(0, 16_384), "event_id") ?? '""') as unknown,
    });
  } catch {
    return "";
  }
}
