/**
 * The guard against templates that were pasted as they stood: places that would be sent with another platform's macro,
 * an HTML entity or a placeholder. It runs when a document is stored, never when a stored one is compiled.
 *
 * @packageDocumentation
 */
import { textsWithin } from "../../document-texts.ts";
import { memberField } from "../compile-body.ts";
import type { TemplateIssue } from "../issue.ts";
import { findEntities } from "./entities.ts";
import { isCredentialMacro, isKnownName, macroFor, snakeName, withoutEscape } from "./names.ts";
import { maskOwnMacros } from "./own-macros.ts";
import { findPlaceholders } from "./placeholders.ts";
import { findForeignMacros, type ForeignMacro, type MacroPlace } from "./syntaxes.ts";
import { pathStart, urlValues } from "./url-values.ts";

/** A place that must not be sent as it stands. */
export interface PastedText extends TemplateIssue {
  /** Where it ends in the field; what else is wrong up to there follows from it. */
  readonly end: number;
}

/** What of an endpoint document the guard reads. */
export interface GuardedSource {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly parameters?: readonly { readonly params: Readonly<Record<string, unknown>> }[];
  readonly body?: unknown;
}

const asItIs = 'To send it as it is, set "literal": true in the endpoint\'s document.';

/**
 * All places of a document that would be sent with what belongs to another platform or an example.
 *
 * @example findPasted({ url: "https://t.example/?c=[CLICK_ID]" })[0].message // "[CLICK_ID] is another platform's macro: write {data.click_id}. …"
 */
export function findPasted(source: GuardedSource): readonly PastedText[] {
  const found = [...pastedInUrl(source.url, "url")];
  for (const [name, value] of Object.entries(source.headers ?? {}))
    found.push(...pastedInText(value, `headers.${name}`));
  for (const [index, { params }] of (source.parameters ?? []).entries()) {
    for (const [name, value] of Object.entries(params)) {
      const field = memberField(`parameters[${index}].params`, name);
      if (typeof value === "string") found.push(...pastedInText(value, field, parameterPlaces));
      else found.push(...pastedWithin(value, field));
    }
  }
  if (typeof source.body === "object") found.push(...pastedWithin(source.body, "body"));
  return found;
}

function pastedWithin(value: unknown, field: string): PastedText[] {
  return [...textsWithin(value, field)].flatMap((one) => pastedInText(one.text, one.field));
}

function pastedInUrl(url: string, field: string): PastedText[] {
  const masked = maskOwnMacros(url);
  const found: PastedText[] = findEntities(masked, pathStart(masked)).map(
    ({ text, written, start, end }) => ({
      code: "html_entity",
      field,
      position: start,
      end,
      message: `${shown(url, start, end)} is ${text.startsWith("&") ? "HTML for" : "what HTML made of"} ${written}: write ${written}. ${asItIs}`,
    }),
  );
  for (const value of urlValues(masked)) {
    const macros = findForeignMacros(value.text, value.whole, value.part);
    found.push(...macros.map((macro) => macroIssue(url, field, value.start, macro)));
    const words = value.whole === "name" ? [] : findPlaceholders(value.text, false);
    found.push(...words.map((word) => placeholderIssue(field, value.start, word)));
  }
  found.push(...pastedInHost(masked, field));
  return withoutOverlaps(found);
}

function pastedInHost(masked: string, field: string): PastedText[] {
  const host = masked.slice(0, pathStart(masked));
  const words = findPlaceholders(host.replaceAll(".", " "), false);
  return words.map((word) => placeholderIssue(field, 0, word));
}

/** The places of a whole text and of a part of it. In prose macros are rarer than words. */
type TextPlaces = readonly [whole: MacroPlace, part: MacroPlace];
const leafPlaces: TextPlaces = ["leaf", "part"];
const parameterPlaces: TextPlaces = ["value", "within"];

function pastedInText(text: string, field: string, [whole, part] = leafPlaces): PastedText[] {
  if (/^https?:\/\/\S+$/i.test(text)) return pastedInUrl(text, field);
  const masked = maskOwnMacros(text);
  const inProse = /\s/.test(masked.trim());
  const macros = findForeignMacros(masked, whole, inProse ? "prose" : part);
  return withoutOverlaps([
    ...macros.map((macro) => macroIssue(text, field, 0, macro)),
    ...findPlaceholders(masked, inProse).map((word) => placeholderIssue(field, 0, word)),
  ]);
}

function withoutOverlaps(found: readonly PastedText[]): PastedText[] {
  const kept: PastedText[] = [];
  for (const one of found.toSorted((a, b) => a.position - b.position))
    if (one.position >= (kept.at(-1)?.end ?? 0)) kept.push(one);
  return kept;
}

const shown = (text: string, start: number, end: number): string => text.slice(start, end).slice(0, 80);

function macroIssue(text: string, field: string, offset: number, macro: ForeignMacro): PastedText {
  const position = offset + macro.start;
  const end = offset + macro.end;
  const found = shown(text, position, end);
  const own = macro.syntax.id === "dollar_own" || /^(?:data|item|secret|const)\./.test(macro.name);
  const written =
    macro.syntax.id === "dollar_own"
      ? shown(text, position + 1, end)
      : own
        ? `{${macro.name}}`
        : macroFor(macro.syntax.id === "percents" ? withoutEscape(macro.name).name : macro.name);
  const what = own ? "is not how Postrider's macros are written" : "is another platform's macro";
  return {
    code: "foreign_macro",
    field,
    position,
    end,
    message: `${found} ${what}: write ${written}. ${asItIs}`,
  };
}

function placeholderIssue(
  field: string,
  offset: number,
  { text, name, start, end }: { text: string; name: string; start: number; end: number },
): PastedText {
  const written = isCredentialMacro(name)
    ? `keep it as a secret of the partner and write {secret.${snakeName(name)}}`
    : isKnownName(name)
      ? `write ${macroFor(name)}`
      : "write the value that belongs there, or a macro";
  return {
    code: "placeholder",
    field,
    position: offset + start,
    end: offset + end,
    message: `${text} stands for a value of your own: ${written}. ${asItIs}`,
  };
}
