import type { Output } from "../context.ts";
import { type Tone, tone } from "./colour.ts";
import { cut, pad, plain, widthOf } from "./text.ts";

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  readonly align?: "left" | "right";
  /** May be cut when the terminal is too narrow; ids are not, so that they can be copied. */
  readonly elastic?: boolean;
  readonly tone?: (row: Row) => Tone | null;
}

const gap = "  ";
const narrowest = 8;

/** Column widths that fit `available` columns: the widest elastic column gives way first. */
function fitWidths(
  natural: readonly number[],
  elastic: readonly boolean[],
  available: number,
): readonly number[] {
  const widths = [...natural];
  const gaps = gap.length * Math.max(0, widths.length - 1);
  let over = widths.reduce((sum, width) => sum + width, gaps) - available;
  while (over > 0) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      if (elastic[index] && width > narrowest && width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
  return widths;
}

/**
 * Rows under titles, as text that ends with a newline. On a terminal it is cut to its width; in a pipe nothing is.
 * Control characters in the values are written out.
 *
 * @example table(output, [{ title: "PARTNER", of: (row) => row.partner }], rows)
 */
export function table<Row>(output: Output, columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => plain(column.of(row))));
  const natural = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...cells.map((line) => widthOf(line[index] ?? ""))),
  );
  const widths = fitWidths(
    natural,
    columns.map((column) => column.elastic ?? false),
    output.isTTY ? output.columns : Number.POSITIVE_INFINITY,
  );
  const line = (texts: readonly string[], paint: (text: string, index: number) => string) =>
    texts
      .map((text, index) => {
        const last = index === texts.length - 1 && columns[index]?.align !== "right";
        const shown = cut(text, widths[index] ?? 0);
        return paint(last ? shown : pad(shown, widths[index] ?? 0, columns[index]?.align), index);
      })
      .join(gap)
      .trimEnd();
  const head = line(
    columns.map((column) => column.title),
    (text) => tone(output, "quiet", text),
  );
  const body = cells.map((texts, rowIndex) =>
    line(texts, (text, index) => {
      const row = rows[rowIndex];
      const name = row === undefined ? null : (columns[index]?.tone?.(row) ?? null);
      return name === null ? text : tone(output, name, text);
    }),
  );
  return `${[head, ...body].join("\n")}\n`;
}

/** Names and values under each other, as text that ends with a newline. Nothing is cut. */
export function facts(output: Output, entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => widthOf(name)));
  return entries
    .map(([name, value]) => `${tone(output, "quiet", pad(name, width))}  ${plain(value)}\n`)
    .join("");
}
