import { eventIssues } from "./core/event-form.ts";
import { type Issue, issueText } from "./core/errors.ts";
import type { AcceptEvent, AcceptResult, EventDoor } from "./ports/event-door.ts";

/** What is wrong with an event of a caller in this process; nothing for one that can be stored. */
function issuesOf(event: AcceptEvent): readonly Issue[] {
  const { data_text: dataText, ...given } = event;
  if (Object.hasOwn(given, "data"))
    return [{ path: "data", message: "is not known; did you mean data_text?" }];
  const head = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (dataText === undefined) return eventIssues(head, JSON.stringify(head));
  const wrong = [{ path: "data_text", message: "must be the JSON text of an object" }];
  // A lone surrogate has no UTF-8: another text would be stored.
  if (typeof dataText !== "string" || !dataText.isWellFormed()) return wrong;
  try {
    const data: unknown = JSON.parse(dataText);
    return eventIssues({ ...head, data }, `${JSON.stringify(head).slice(0, -1)},"data":${dataText}}`);
  } catch {
    return wrong;
  }
}

/**
 * A door that judges the form of each event, for callers that did not. What is invalid is not stored and gets its
 * result in its place; the rest is committed together.
 */
export function createJudgedDoor(door: Pick<EventDoor, "accept">): Pick<EventDoor, "accept"> {
  return {
    async accept(events, nowMs) {
      const invalid = events.map((event): AcceptResult | null => {
        const issues = issuesOf(event);
        if (issues.length === 0) return null;
        const error = issues.map(issueText).join("; ");
        const id: unknown = event.event_id;
        return {
          event_id: typeof id === "string" ? id.slice(0, 200) : "",
          status: "invalid",
          deliveries: 0,
          error,
        };
      });
      const good = events.filter((_, index) => invalid[index] === null);
      if (good.length === 0) return { results: invalid.filter((result) => result !== null), partnerNos: [] };
      const { results, partnerNos } = await door.accept(good, nowMs);
      let next = 0;
      return { results: invalid.map((result) => result ?? results[next++]!), partnerNos };
    },
  };
}
