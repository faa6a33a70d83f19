import { isObject } from "@postrider/contract";
import {
  type EventChoice,
  eventIssues,
  type Issue,
  PostriderError,
  type SampleEvent,
} from "@postrider/engine";
import { memberText } from "@postrider/engine/json-text";
import { z } from "zod";
import { storable } from "./document-check.ts";
import { isTooLarge, tooLarge } from "./check-event.ts";
import { checked, notValid, wordsOf } from "./issues.ts";
import { parseJson } from "./request-body.ts";

/** The largest body: a document and an event of their largest sizes, and what is around them. */
export const choiceLimits = { bytes: 520 * 1024, values: 5_000 };

const rest = z.strictObject({
  event_id: z
    .string({ error: "must be the id of an event" })
    .min(1, "must not be empty")
    .max(200, "must have at most 200 characters")
    .optional(),
});

/** The body of a call that chooses an event: its keys, and the texts of its documents. */
export interface ChosenBody {
  readonly choice: EventChoice;
  /** Of the keys beside `event` and `event_id`. */
  readonly others: Readonly<Record<string, unknown>>;
  /** The text of one of these. */
  readonly textOf: (key: string) => string;
}

/**
 * Reads which event a preview or a test is about. Its data goes on as the text has it, so that numbers keep their digits.
 *
 * @param given the body's text; anything else: there was none
 * @throws PostriderError `invalid_request`, `invalid_event`
 */
export function readEventChoice(given: unknown): ChosenBody {
  const text = typeof given === "string" ? given : "{}";
  const body = parseJson(text);
  if (!isObject(body))
    throw new PostriderError("invalid_request", "The body is not valid: it must be an object.");
  const { event, event_id, ...others } = body;
  const chosen = checked(rest, storable(event_id === undefined ? {} : { event_id }, "body"), "body");
  if (event !== undefined && chosen.event_id !== undefined) {
    const message = "must not be given beside event_id";
    throw new PostriderError("invalid_request", notValid("body", `event ${message}`), {
      hint: "Give an event of your own as event, or the id of one of the ledger as event_id.",
      issues: [{ path: "event", message }],
    });
  }
  const textOf = (key: string): string => memberText(text, key) ?? "null";
  const choice: EventChoice = {
    ...(chosen.event_id === undefined ? {} : { eventId: chosen.event_id }),
    ...(event === undefined ? {} : { event: sampleEvent(event, textOf("event")) }),
  };
  return { choice, others, textOf };
}

/** What an event of one's own has if it does not say. */
const madeUp = { event_id: "test-event", type: "postrider.test" };

/** @throws PostriderError `invalid_event` */
function sampleEvent(given: unknown, text: string): SampleEvent {
  const issues = issuesOf(given, text);
  if (issues.length > 0)
    throw new PostriderError("invalid_event", notValid("event", wordsOf(issues)), {
      issues: issues.map(({ path, ...issue }) => ({
        ...issue,
        path: path === "" ? "event" : `event.${path}`,
      })),
    });
  const { data: _, ...event } = given as Omit<SampleEvent, "data_text"> & { readonly data: object };
  return { ...event, data_text: memberText(text, "data") ?? "{}" };
}

function issuesOf(given: unknown, text: string): readonly Issue[] {
  if (isTooLarge(text)) return tooLarge;
  if (!isObject(given)) return [{ path: "", message: "must be an object" }];
  if (given["data"] === undefined) return [{ path: "data", message: "must be there, as an object" }];
  return eventIssues({ ...madeUp, ...given }, text);
}
