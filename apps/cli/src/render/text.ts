import measure from "fast-string-truncated-width";

// Partners choose these texts (error bodies, names): a control character could move the cursor or forge a line.
const unprintable = /[\p{Cc}\p{Bidi_Control}\ufeff]/gu;
const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * The text with everything that a terminal would obey written out instead: one line, harmless.
 *
 * @example plain("a\u001b[2J\nb") // "a\\u001b[2J\\nb"
 */
export function plain(text: string): string {
  return text.replace(
    unprintable,
    (found) => named[found] ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The columns a terminal takes to show the text: 2 for wide characters, 0 for combining ones. */
export function widthOf(text: string): number {
  return measure(text).width;
}

/**
 * The text in at most `columns` terminal columns, with `…` where it was cut.
 *
 * @example cut("conversion.approved", 10) // "conversio…"
 */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  // By segments of our own: the library's cut at "Ābc" is one column too wide (3.0.3).
  graphemes ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  let width = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) return columns < 1 ? "" : `${text.slice(0, index)}…`;
  }
  return text;
}

// Made at the first cut: it takes 19 ms.
let graphemes: Intl.Segmenter | undefined;

/** The text filled with spaces to `columns` terminal columns. */
export function pad(text: string, columns: number, side: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, columns - widthOf(text)));
  return side === "left" ? text + space : space + text;
}

/** `12345` as `12,345`. */
export function grouped(n: number): string {
  return n.toLocaleString("en-US");
}

/** `1 delivery`, `3 deliveries`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`;
}

/** A value as JSON or text, `-` for nothing. */
export function orDash(value: string | number | null | undefined): string {
  return value === null || value === undefined || value === "" ? "-" : plain(String(value));
}

/** A sentence, followed by the server's note about what it did not find. */
export const noted = (sentence: string, note: string | undefined): string =>
  note === undefined ? sentence : `${sentence} ${plain(note)}`;
