import { type Evaluated, forEachItem, placed } from "./evaluate.ts";
import type { GroupParameter, GroupPlan, JoinedParameter, Parameter } from "./plan.ts";
import { failure, type RenderFailure } from "./render-failure.ts";
import { isDropped, joinPieces } from "./render-pieces.ts";
import { renderTextOfNode } from "./render-json.ts";
import { textOf, type Value } from "./value.ts";

/** How a parameter's value is encoded. */
type Encode = (text: string) => string;

/** One parameter that is written in the URL, or is a text of a group; null if an optional macro drops it. */
export function renderParameter(parameter: Parameter, evaluated: Evaluated, encode: Encode): string | null {
  const { values, room } = evaluated;
  if (room < 0 || isDropped(parameter, values)) return null;
  return placed(evaluated, joinPieces(parameter.pieces, values, encode, room));
}

function renderGroupParameter(plan: GroupParameter, evaluated: Evaluated, encode: Encode): string | null {
  if (plan.kind === "text") return renderParameter(plan.parameter, evaluated, encode);
  const { values, room } = evaluated;
  const text = renderTextOfNode(plan.node, evaluated);
  if (text === null || evaluated.room < 0) return null;
  return placed(evaluated, joinPieces(plan.name, values, encode, room) + encode(text), room);
}

const asIs: Encode = (text) => text;

function holdsSeparator({ pieces }: Parameter, values: readonly Value[], separator: string): boolean {
  return pieces.some((piece) => typeof piece === "number" && textOf(values[piece]).includes(separator));
}

/** Whether the list, taken apart at the separator, is these columns: a longer separator can also arise where two meet. */
function readsBack(columns: readonly string[], separator: string): boolean {
  const written = columns.flatMap((column) => column.split(separator));
  const read = columns.join(separator).split(separator);
  return read.length === written.length && read.every((part, index) => part === written[index]);
}

/** One joined parameter. A value that is missing is an empty column: columns of the same item stay side by side. */
function renderJoined(
  { name, column, ...joined }: JoinedParameter,
  repetition: number,
  separator: string,
  evaluated: Evaluated,
  encode: Encode,
): string | null | RenderFailure {
  const columns: string[] = [];
  const { room } = evaluated;
  let { isHeld } = joined;
  forEachItem(evaluated, repetition, () => {
    isHeld ||= holdsSeparator(column, evaluated.values, separator);
    columns.push(renderParameter(column, evaluated, asIs) ?? "");
  });
  if (columns.length === 0 || evaluated.room < 0) return null;
  if (!isHeld && (separator.length === 1 || readsBack(columns, separator))) {
    return placed(evaluated, name + encode(columns.join(separator)), room);
  }
  const shown = decodeURIComponent(name.slice(0, -1));
  const message = `A value of the joined parameter ${shown} holds the separator: its columns would shift. Take it out of the value with |replace.`;
  return failure("delimiter_in_value", message);
}

/** The parameters of the groups as they are sent, in their order, or why they cannot be. */
export function renderGroups(
  groups: readonly GroupPlan[],
  evaluated: Evaluated,
  encode: Encode,
): readonly string[] | RenderFailure {
  const sent: string[] = [];
  const add = (parameter: GroupParameter): void => {
    const text = renderGroupParameter(parameter, evaluated, encode);
    if (text !== null) sent.push(text);
  };
  for (const group of groups) {
    if (group.kind === "once") {
      group.parameters.forEach(add);
    } else if (group.kind === "each") {
      forEachItem(evaluated, group.repetition, () => group.parameters.forEach(add));
    } else {
      for (const joined of group.parameters) {
        const text = renderJoined(joined, group.repetition, group.separator, evaluated, encode);
        if (typeof text === "object" && text !== null) return text;
        if (text !== null) sent.push(text);
      }
    }
  }
  return sent;
}
