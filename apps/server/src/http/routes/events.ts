import {
  type AcceptResult,
  type Engine,
  type EventView,
  type Issue,
  issueText,
  PostriderError,
} from "@postrider/engine";
import { z } from "zod";
import type { AcceptBatcher } from "../accept-batcher.ts";
import { checkEvent, eventDocument, maxEvents } from "../event-document.ts";
import { refusal } from "../failure.ts";
import { wordsOf } from "../issues.ts";
import { elementTexts, memberText } from "../json-slices.ts";
import { parseJson } from "../request-body.ts";
import { type Answer, type Route, route } from "../route.ts";
import { acceptView, errorView, eventView } from "../views.ts";

const eventBatch = z
  .strictObject({ events: z.array(eventDocument).min(1).max(maxEvents) })
  .meta({ id: "EventBatch" });

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
      tag: "events",
      summary:
        "Accept one event, or up to 1,000 as { events: [...] }. 202 means committed; a batch of which nothing was taken is refused with its results.",
      body: z.union([eventDocument, eventBatch]),
      rawBody: true,
      answers: {
        202: {
          meaning: "Committed. One result per event, in order; at least one is accepted or a duplicate.",
          schema: acceptView,
        },
        ...Object.fromEntries([400, 409, 429].map((status) => [status, refusedView])),
      },
      errors: ["invalid_event", "conflict", "rate_limited", "backlog_full"],
    },
    async ({ body }) => {
      const text = body as unknown as string;
      const parsed = parseJson(text);
      const events = batchOf(parsed);
      const answer = events === null ? acceptOne(parsed, text.trim()) : acceptMany(events, text);
      return answer;
    },
  );

  async function acceptOne(given: unknown, text: string): Promise<Answer> {
    const { event, issues } = checkEvent(given, text);
    if (issues !== undefined) throw invalidEvent(given, issues);
    const [result] = await batcher.accept([event]);
    if (result === undefined) throw new Error("the ledger gave no result for an event");
    accepted(result);
    if (result.status === "invalid") {
      throw invalidEvent(given, [{ path: "", message: result.error ?? "was refused by the ledger" }]);
    }
    if (result.status === "conflict") {
      throw new PostriderError(
        "conflict",
        `The event ${result.event_id} was accepted before with other content; nothing was changed.`,
        {
          hint: "Give a new fact a new event_id; a repetition must have the same content.",
        },
      );
    }
    if (result.status === "backlog_full") {
      throw new PostriderError(
        "backlog_full",
        `The event ${result.event_id} was not stored: ${result.error}.`,
        {
          hint: backlogHint,
        },
      );
    }
    return { status: 202, json: { results: [result] } };
  }

  async function acceptMany(given: readonly unknown[], text: string): Promise<Answer> {
    const texts = elementTexts(memberText(text, "events") ?? "[]");
    if (texts.length !== given.length) throw new Error("the events were not cut out as they were parsed");
    const checks = given.map((event, index) => checkEvent(event, texts[index] ?? ""));
    const valid = checks.flatMap(({ event }) => event ?? []);
    const committed = (valid.length === 0 ? [] : await batcher.accept(valid))[Symbol.iterator]();
    const results = checks.map(({ issues }, index): AcceptResult => {
      const result = issues === undefined ? committed.next().value : invalidResult(given[index], issues);
      if (result === undefined) throw new Error("the ledger gave fewer results than events");
      accepted(result);
      return result;
    });
    const refused = refusedBatch(results);
    if (refused === null) return { status: 202, json: { results } };
    const { json, ...answer } = refusal(refused);
    return { ...answer, json: { ...(json as object), results } };
  }

  const show = route(
    "GET",
    "/v1/events/{event_id}",
    {
      tag: "events",
      summary: "An event, its deliveries with their attempts, and the reason each ended.",
      params: z.strictObject({ event_id: z.string().max(200) }),
      answers: { 200: { meaning: "The event.", schema: eventView } },
      errors: ["not_found"],
    },
    async ({ params }) => {
      const event = await engine.operations.getEvent(params.event_id);
      if (event === null)
        throw new PostriderError("not_found", `There is no event ${params.event_id}.`, {
          hint: "Events past retention are gone; POSTRIDER_RETENTION_DAYS and POSTRIDER_DEAD_RETENTION_DAYS say when.",
        });
      return { status: 200, text: eventText(event), headers: { "content-type": "application/json" } };
    },
  );

  return [accept, show];
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
  schema: errorView.extend({ results: acceptView.shape.results.optional() }).meta({ id: "RefusedEvents" }),
};

/** Why a batch of which nothing was taken is refused: by what sending again can mend, then by what must be corrected. */
function refusedBatch(results: readonly AcceptResult[]): PostriderError | null {
  const statuses = new Set(results.map(({ status }) => status));
  if (statuses.has("accepted") || statuses.has("duplicate")) return null;
  const none = `None of the ${results.length} events was taken; results says why, one by one.`;
  if (statuses.has("backlog_full")) return new PostriderError("backlog_full", none, { hint: backlogHint });
  if (statuses.has("invalid")) return new PostriderError("invalid_event", none);
  return new PostriderError("conflict", none, {
    hint: "Give a new fact a new event_id; a repetition must have the same content.",
  });
}

/** The events of a batch, or null for a single event. */
function batchOf(parsed: unknown): readonly unknown[] | null {
  if (Array.isArray(parsed))
    throw new PostriderError("invalid_request", "The body is a list.", {
      hint: 'Wrap it: { "events": [...] }.',
    });
  if (typeof parsed !== "object" || parsed === null || !Object.hasOwn(parsed, "events")) return null;
  const { events, ...others } = parsed as { events: unknown };
  const issues: Issue[] = Object.keys(others).map((path) => ({
    path,
    message: "is not known beside events",
  }));
  if (!Array.isArray(events)) issues.push({ path: "events", message: "must be a list of events" });
  else if (events.length === 0 || events.length > maxEvents)
    issues.push({ path: "events", message: `must have 1 to ${maxEvents} events, and has ${events.length}` });
  if (issues.length > 0)
    throw new PostriderError("invalid_request", `The body is not valid: ${wordsOf(issues)}.`, { issues });
  return events as unknown[];
}

function invalidEvent(event: unknown, issues: readonly Issue[]): PostriderError {
  const id = eventIdOf(event);
  return new PostriderError(
    "invalid_event",
    `The event${id === "" ? "" : ` ${id}`} is not valid: ${wordsOf(issues)}.`,
    { issues },
  );
}

function invalidResult(event: unknown, issues: readonly Issue[]): AcceptResult {
  return {
    event_id: eventIdOf(event),
    status: "invalid",
    deliveries: 0,
    error: issues.map(issueText).join("; "),
  };
}

/** The id as far as it can be told, for the answer only. */
function eventIdOf(event: unknown): string {
  const id = typeof event === "object" && event !== null && "event_id" in event ? event.event_id : "";
  return typeof id === "string" ? id.slice(0, 200) : "";
}
