/**
 * What is refused when a document is stored, because it could only send personal data where such data leaks: the whole
 * data of an event in the URL or a header, and hashes of personal data there. A stored document goes on working.
 *
 * @packageDocumentation
 */
import { leavesInClear } from "../personal-data/leaves-in-clear.ts";
import type { PersonalPermit, PersonalPlace } from "@postrider/contract";
import { isPersonalName } from "../personal-data/index.ts";
import { textsWithin } from "../document-texts.ts";
import type { TemplateIssue } from "./issue.ts";
import { lex, type Part } from "./lex.ts";

/** What of an endpoint document is read. */
export interface PersonalSource {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly parameters?: readonly unknown[];
  readonly body?: unknown;
  readonly personal_data?: readonly PersonalPermit[];
}

/** A text of a document with macros, and where it leaves. */
interface SourceText {
  readonly field: string;
  readonly places: readonly PersonalPlace[];
  readonly parts: readonly Part[];
  readonly source: string;
}

const silent = (): void => {};

function* textsOf(source: PersonalSource): Generator<SourceText> {
  const onWay: readonly PersonalPlace[] = leavesInClear(source.url) ? ["plain_http"] : [];
  const inUrl: readonly PersonalPlace[] = ["url", ...onWay];
  const inForm = source.body === "form";
  const parts = lex(source.url, silent);
  const query = parts.find((part) => part.kind === "literal" && part.text.includes("?"));
  const queryAt = query?.kind === "literal" ? query.start + query.text.indexOf("?") : source.url.length;
  const before = parts.filter((part) => part.start < queryAt);
  const after = parts.filter((part) => part.start >= queryAt);
  yield { field: "url", places: inUrl, parts: before, source: source.url };
  yield { field: "url", places: inForm ? onWay : inUrl, parts: after, source: source.url };
  for (const [name, value] of Object.entries(source.headers ?? {}))
    yield* textsIn(value, `headers.${name}`, ["header", ...onWay]);
  for (const [index, group] of (source.parameters ?? []).entries())
    yield* textsIn(group, `parameters[${index}]`, inForm ? onWay : inUrl);
  yield* textsIn(source.body, "body", onWay);
}

function* textsIn(value: unknown, field: string, places: readonly PersonalPlace[]): Generator<SourceText> {
  for (const one of textsWithin(value, field))
    yield { field: one.field, places, parts: lex(one.text, silent), source: one.text };
}

const hashes = /^(?:md5|sha1|sha256|sha512|hmac)$/;
/** After these nothing is left of the whole data. */
const reducing = /^(?:md5|sha1|sha256|sha512|hmac|count|bool)$/;

/** The names of the filters that a macro is written with. */
function filtersOf(written: string): readonly string[] {
  const withoutTexts = written.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return [...withoutTexts.matchAll(/\|([a-z_][a-z0-9_]*)/gi)].map(([, name]) => name as string);
}

/** Which permit a macro needs besides those of the values that it stands for, if it needs one. */
function needOf(part: Part, source: string): "hashed" | "whole_data" | null {
  if (part.kind !== "macro" || part.macro === null) return null;
  const { root, segments, name } = part.macro;
  if (root !== "data" && root !== "item") return null;
  const filters = filtersOf(source.slice(part.start, part.end));
  if (filters.some((filter) => hashes.test(filter)))
    return filters.includes("norm") || isPersonalName(name) ? "hashed" : null;
  const isWhole = root === "data" && segments.length === 0;
  return isWhole && !filters.some((filter) => reducing.test(filter)) ? "whole_data" : null;
}

const placeWords: Readonly<Record<PersonalPlace, string>> = {
  url: "in the URL",
  header: "in a header",
  plain_http: "over plain http",
};

function wordsOf(name: string, need: "hashed" | "whole_data", place: PersonalPlace): string {
  const what =
    need === "hashed"
      ? `{${name}} is a hash of personal data, which is personal data too`
      : "{data} is everything the event has of a person";
  const remedy = place === "plain_http" ? "give the endpoint an https URL" : "send it in the body";
  const fields = need === "hashed" ? "" : ", name the fields that the partner needs";
  return `${what}, and would be sent ${placeWords[place]}: ${remedy}${fields}, or add ${place}:${need} to the endpoint's personal_data.`;
}

/**
 * The macros of a document that need a permit of `personal_data`, whatever the events hold.
 *
 * @example findPersonalMacros({ url: "https://t.example/?d={data}" })[0].code // "personal_data"
 */
export function findPersonalMacros(
  source: PersonalSource,
): readonly (TemplateIssue & { readonly end: number })[] {
  const permits = source.personal_data ?? [];
  const found: (TemplateIssue & { readonly end: number })[] = [];
  for (const { field, places, parts, source: written } of textsOf(source)) {
    for (const part of parts) {
      const need = places.length === 0 ? null : needOf(part, written);
      const place = places.find((one) => !permits.some((permit) => permit === `${one}:${need}`));
      if (need === null || place === undefined || part.kind !== "macro") continue;
      if (need === "whole_data" && place === "plain_http") continue;
      const message = wordsOf(part.macro?.name ?? "", need, place);
      found.push({ code: "personal_data", field, position: part.start, end: part.end, message });
    }
  }
  return found;
}
