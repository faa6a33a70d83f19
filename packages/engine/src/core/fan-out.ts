/** One delivery for each item of a list in the event: how many there are, and what each of them is. */
import type { Reason } from "./delivery.ts";
import { cutItems, forEachMember, skipSpace } from "./json-text.ts";
import { valueAt } from "./template/value.ts";

/** The most items of one event: more of them are refused, because one event would fill a partner's backlog. */
export const mostItems = 1_000;

/** Which item of its event's list a delivery is for, from 1, and how many there were when it was split. */
export interface DeliveryItem {
  readonly n: number;
  readonly of: number;
}

/** Why a delivery of an endpoint with `fan_out` ends without a request. No value of the event is in the message. */
export interface ItemFailure {
  readonly ok: false;
  readonly reason: Extract<Reason, "no_items" | "too_many_items" | "invalid_value">;
  readonly message: string;
}

/** The path of a list in an event's data: as it was written, and its names. */
export interface ListPath {
  readonly text: string;
  readonly segments: readonly string[];
}

/**
 * How many deliveries a delivery becomes, or why none. Time is linear in the text. Missing means what it means for a macro: not
 * there, `null` or the empty text.
 *
 * @param dataText the event's data; it must be JSON
 * @example countItems({ text: "data.items", segments: ["items"] }, '{"items":[{"sku":1},{"sku":2}]}') // { ok: true, count: 2 }
 */
export function countItems(
  path: ListPath,
  dataText: string,
): { readonly ok: true; readonly count: number } | ItemFailure {
  const cut = readItems(path, dataText);
  return cut.ok ? { ok: true, count: cut.items.length } : cut;
}

/** The item that a request is for, as a template has it. */
export interface ItemFacts {
  readonly ok: true;
  /** JSON. */
  readonly text: string;
  readonly n: number;
}

/**
 * The item that a delivery is for; null if it is for the whole event.
 *
 * @param path null: the endpoint has no `fan_out`
 */
export function itemOf(
  path: ListPath | null,
  { item, dataText }: { readonly item: DeliveryItem | null; readonly dataText: string },
): ItemFacts | ItemFailure | null {
  if (item !== null) return readItem(path, dataText, item);
  if (path === null) return null;
  const counted = countItems(path, dataText);
  if (counted.ok) throw new Error("A delivery must be split into its items before it is sent.");
  return counted;
}

/** The item that stands for all in a test. Null if there is none. */
export function firstItem(path: ListPath | null, dataText: string): DeliveryItem | null {
  const counted = path === null ? null : countItems(path, dataText);
  return counted?.ok ? { n: 1, of: counted.count } : null;
}

/**
 * The text of one item, digit for digit, or why there is none: the endpoint's `fan_out` was changed after the delivery was
 * split, so that its number would stand for something else.
 */
function readItem(path: ListPath | null, dataText: string, { n, of }: DeliveryItem): ItemFacts | ItemFailure {
  if (path === null)
    return invalid(
      `this is item ${n} of ${of}, and the endpoint has no fan_out any more: set it again, then replay`,
    );
  if (last?.path !== path || last.dataText !== dataText)
    last = { path, dataText, cut: readItems(path, dataText) };
  const { cut } = last;
  if (!cut.ok) return invalid(`this is item ${n} of ${of}, but ${cut.message}`);
  if (cut.items.length !== of)
    return invalid(
      `this is item ${n} of ${of}, and ${path.text} has ${cut.items.length}: fan_out was changed after it was split`,
    );
  return { ok: true, text: cut.items[n - 1]!, n };
}

type Cut = { readonly ok: true; readonly items: readonly string[] } | ItemFailure;

/** The items of one event go one after the other: the list of 1,000 of them is cut once, not 1,000 times. */
let last: { readonly path: ListPath; readonly dataText: string; readonly cut: Cut } | null = null;

function readItems({ text, segments }: ListPath, dataText: string): Cut {
  let at = skipSpace(dataText, 0);
  for (const segment of segments) {
    at = memberAt(dataText, at, segment);
    if (at === -1) break;
  }
  const value = at === -1 ? undefined : valueAt(dataText, at);
  if (typeof value !== "object")
    return value ? invalid(`${text} is no list`) : failure("no_items", `the event has no list ${text}`);
  if (value.json === "null") return failure("no_items", `the event has no list ${text}`);
  if (!value.json.startsWith("[")) return invalid(`${text} is no list`);
  const { texts: items, count } = cutItems(value.json, mostItems);
  if (count === 0) return failure("no_items", `the list ${text} is empty`);
  if (count > mostItems)
    return failure(
      "too_many_items",
      `${text} has ${count} items, and one event makes at most ${mostItems} deliveries for an endpoint`,
    );
  return { ok: true, items };
}

/** Where the value of a member begins, the last one if its name is repeated, as for macros; -1 if there is none. */
function memberAt(text: string, at: number, name: string): number {
  const first = text[at];
  if (first !== "{" && first !== "[") return -1;
  let found = -1;
  forEachMember(text, at, (key, start) => {
    if (key === name) found = start;
  });
  return found;
}

const failure = (reason: ItemFailure["reason"], message: string): ItemFailure => ({
  ok: false,
  reason,
  message,
});

const invalid = (message: string): ItemFailure => failure("invalid_value", message);
