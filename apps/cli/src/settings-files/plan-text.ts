import { shownHeader, shownUrl } from "@postrider/engine";
import type { Output } from "../context.ts";
import { type Tone, tone } from "../render/colour.ts";
import { counted, cut, grouped, plain } from "../render/text.ts";
import type { Change, KeyChange, Plan } from "./plan.ts";

export type Action = "create" | "change" | "delete";

/** What a change does. */
export const actionOf = ({ before, to }: Change): Action =>
  before === null ? "create" : to === null ? "delete" : "change";

/** `acme` or `acme/main`. */
export const placeOf = ({ partner, endpoint }: Pick<Change, "partner" | "endpoint">): string =>
  endpoint === null ? partner : `${partner}/${endpoint}`;

const signs: Readonly<Record<Action, { readonly sign: string; readonly tone: Tone }>> = {
  create: { sign: "+", tone: "good" },
  change: { sign: "~", tone: "warning" },
  delete: { sign: "-", tone: "bad" },
};

const longestValue = 400;

/**
 * The plan as text: one block for each change, then how many there are.
 *
 * @param waiting how many waiting deliveries a deletion cancels, by place
 */
export function planText(output: Output, plan: Plan, waiting: ReadonlyMap<string, number>): string {
  const blocks = plan.changes.map((change) => {
    const { sign, tone: name } = signs[actionOf(change)];
    const count = waiting.get(placeOf(change));
    const cancelled =
      count === undefined ? "" : `  (waiting deliveries that end as cancelled: ${grouped(count)})`;
    const head = `${sign} ${change.endpoint === null ? "partner" : "endpoint"} ${placeOf(change)}${cancelled}`;
    return `${tone(output, name, head)}\n${change.keys.map((key) => `    ${keyLine(output, key)}\n`).join("")}`;
  });
  return `${blocks.join("")}${blocks.length === 0 ? "" : "\n"}${summaryLine(plan)}\n`;
}

function summaryLine({ changes, unchanged, unnamed }: Plan): string {
  const count = (action: Action) => grouped(changes.filter((change) => actionOf(change) === action).length);
  const counts = `Plan: ${count("create")} to create, ${count("change")} to change, ${count("delete")} to delete, ${grouped(unchanged)} unchanged.`;
  if (unnamed.length === 0) return counts;
  const names = unnamed.length <= 5 ? ` (${unnamed.map(placeOf).join(", ")})` : "";
  return `${counts}\nIn no file: ${counted(unnamed.length, "endpoint")}${names}. Without --prune nothing is deleted.`;
}

/** One change as a line, with the values of credentials hidden. */
export function keyLine(output: Output, change: KeyChange): string {
  const { key, from, to } = withoutCredentials(change);
  if (!("from" in change)) return `${key}: ${tone(output, "good", valueText(to))}`;
  const after = "to" in change ? tone(output, "good", valueText(to)) : tone(output, "quiet", "(none)");
  return `${key}: ${tone(output, "bad", valueText(from))} -> ${after}`;
}

const valueText = (value: unknown): string => cut(plain(JSON.stringify(value)), longestValue);

/** The change with the values of credentials hidden: a plan ends up in the log of a build. */
export function withoutCredentials(change: KeyChange): KeyChange {
  const shown = (value: unknown): unknown => {
    if (change.key === "url" && typeof value === "string") return shownUrl(value);
    if (change.key.startsWith("headers.") && typeof value === "string")
      return shownHeader(change.key.slice("headers.".length), value);
    if (change.key === "headers" && typeof value === "object" && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name, shownHeader(name, String(one))]),
      );
    return value;
  };
  return {
    key: change.key,
    ...("from" in change ? { from: shown(change.from) } : {}),
    ...("to" in change ? { to: shown(change.to) } : {}),
  };
}
