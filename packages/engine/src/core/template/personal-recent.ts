import { cutItems } from "../json-text.ts";
import { everyKind, hintOf, kindsOf, kindWords, personalKindsIn } from "../personal-data/index.ts";
import type { Template } from "./compile.ts";
import { DataPathSet, pickValues } from "./data-paths.ts";
import { mostItems } from "./evaluate.ts";
import type { PostbackFacts } from "./facts.ts";
import { parsePath } from "./parse-macro.ts";
import { renderTemplate } from "./render.ts";
import { lex } from "./lex.ts";

/** What recent events would not be sent for. */
export interface RefusedEvents {
  /** The macro with the personal data. */
  readonly macro: string;
  /** How many of the events. */
  readonly events: number;
  /** Why, without any value. */
  readonly message: string;
}

const nobody: Omit<PostbackFacts, "dataText"> = {
  eventId: "",
  deliveryId: "",
  type: "",
  schemaVersion: 1,
  occurredAt: "1970-01-01T00:00:00Z",
  acceptedAt: "1970-01-01T00:00:00Z",
  partner: "",
  endpoint: "",
  attempt: 1,
};

/**
 * Which of the given events would end dead with reason `personal_data`, by macro and by what it looks like.
 *
 * @param dataTexts the data of events, valid JSON
 * @param fanOut the list that one request per item is made of, or null
 */
export function findRefusedEvents(
  template: Template,
  dataTexts: readonly string[],
  fanOut: string | null,
): readonly RefusedEvents[] {
  if (template.plan.personal === null) return [];
  const found = new Map<string, { macro: string; events: number }>();
  for (const dataText of dataTexts) {
    const requests: readonly Pick<PostbackFacts, "item">[] =
      fanOut === null ? [{}] : itemsOf(fanOut, dataText);
    const refused = new Map<string, string>();
    for (const request of requests) {
      const rendered = renderTemplate(template, { ...nobody, dataText, ...request });
      if (!rendered.ok && rendered.reason === "personal_data")
        refused.set(rendered.message, rendered.macro ?? "data");
    }
    for (const [message, macro] of refused)
      found.set(message, { macro, events: (found.get(message)?.events ?? 0) + 1 });
  }
  return [...found].map(([message, { macro, events }]) => ({ macro, events, message }));
}

function itemsOf(path: string, dataText: string): readonly Pick<PostbackFacts, "item">[] {
  const parsed = parsePath(path);
  if ("failure" in parsed) return [];
  const paths = new DataPathSet();
  const slot = paths.slotOf(parsed.path.segments);
  const built = paths.build();
  const value = built === null ? undefined : pickValues(built, dataText)[slot];
  if (typeof value !== "object" || !value.json.startsWith("[")) return [];
  return cutItems(value.json, mostItems).texts.map((text, index) => ({ item: { text, n: index + 1 } }));
}

/** What of an endpoint document is read for literal text. */
interface LiteralSource {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The fields of a document in which personal data stands as it is, with what it looks like: an address that was pasted
 * with an example. Digits in one piece are ids there.
 *
 * @example findPersonalLiterals({ url: "https://t.example/?to=john@partner.example" }) // [{ field: "url", looks: "an e-mail address" }]
 */
export function findPersonalLiterals(
  source: LiteralSource,
): readonly { readonly field: string; readonly looks: string }[] {
  const headers = Object.entries(source.headers ?? {});
  const texts = [["url", source.url], ...headers.map(([name, text]) => [`headers.${name}`, text])] as const;
  return texts.flatMap(([field, text]) => {
    const literal = lex(text, () => {})
      .map((part) => (part.kind === "literal" ? part.text : "\n"))
      .join("");
    const kinds = kindsOf(personalKindsIn(literal, everyKind, hintOf("id")));
    return kinds.length === 0 ? [] : [{ field, looks: kinds.map((kind) => kindWords[kind]).join(" and ") }];
  });
}
