/**
 * What an import did, in a table and sentences.
 *
 * @packageDocumentation
 */
import type { ImportedTemplate } from "@postrider/engine";
import { type Output, say } from "../context.ts";
import type { Tone } from "../render/colour.ts";
import { table } from "../render/table.ts";
import { counted, orDash, plain } from "../render/text.ts";

interface Line {
  readonly what: "put right" | "mapped" | "guessed" | "left";
  readonly found: string;
  readonly written: string;
  readonly parameter: string | null;
  readonly why: string;
}

const tones: Readonly<Partial<Record<Line["what"], Tone>>> = { guessed: "warning", left: "bad" };

/** Writes the URL before and after, and a line for each place. */
export function writeReport(out: Output, text: string, imported: ImportedTemplate): void {
  say(out, plain(`from  ${text.trim()}`));
  say(out, plain(`to    ${imported.url}`));
  const lines = linesOf(imported);
  if (lines.length > 0) {
    say(out, "");
    out.write(
      table(
        out,
        [
          { title: "WHAT", of: (line: Line) => line.what, tone: (line) => tones[line.what] ?? null },
          { title: "FOUND", of: (line) => line.found },
          { title: "WRITTEN", of: (line) => line.written },
          { title: "PARAMETER", of: (line) => orDash(line.parameter) },
          { title: "WHY", of: (line) => line.why, elastic: true },
        ],
        lines,
      ),
    );
  }
  say(out, "");
  for (const { field, position, message } of imported.issues)
    say(out, plain(`${field}, character ${position}: ${message}`));
}

function linesOf({ repaired, mapped, guessed, left }: ImportedTemplate): readonly Line[] {
  return [
    ...repaired.map(
      (repair): Line => ({ what: "put right", ...repair, parameter: null, why: "lost in copying" }),
    ),
    ...mapped.map((macro): Line => ({ ...macro, what: "mapped" })),
    ...guessed.map((macro): Line => ({ ...macro, what: "guessed" })),
    ...left.map((macro): Line => ({ ...macro, what: "left", written: "-" })),
  ];
}

/**
 * Why the result must not be stored yet, with the flags that would change it; null if it can be.
 *
 * @param acceptsGuesses whether the caller takes what was guessed
 */
export function whyNotStored(imported: ImportedTemplate, acceptsGuesses: boolean): string | null {
  const { left, guessed, issues } = imported;
  const unsure = guessed.length > 0 && !acceptsGuesses ? guessedWords(guessed) : null;
  if (left.length > 0) {
    const flags = [...new Set(left.map(({ suggestion }) => suggestion))];
    const words = `${counted(left.length, "macro")} left without a meaning. Say what each stands for: ${flags.join(" ")}`;
    return unsure === null ? words : `${words}\n${unsure}`;
  }
  if (issues.length > 0) return "The URL cannot be used as it is: correct the places above.";
  return unsure;
}

function guessedWords(guessed: ImportedTemplate["guessed"]): string {
  const flags = [...new Map(guessed.map(({ name, written }) => [name, written])).entries()].map(
    ([name, written]) => `--map '${name}=${written.slice(1, -1)}'`,
  );
  return `${counted(guessed.length, "macro")} guessed. Add --accept-guesses if all are right, or say it for each: ${flags.join(" ")}`;
}
