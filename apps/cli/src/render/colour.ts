import { styleText } from "node:util";
import type { Output } from "../context.ts";

export type Tone = "good" | "warning" | "bad" | "quiet" | "strong";

const formats = { good: "green", warning: "yellow", bad: "red", quiet: "dim", strong: "bold" } as const;

/** The text in a tone, or as it is where the output takes no colours. */
export function tone(output: Pick<Output, "colour">, name: Tone, text: string): string {
  return output.colour && text !== "" ? styleText(formats[name], text, { validateStream: false }) : text;
}

/** The tone of a delivery's or a partner's state. */
export function stateTone(state: string): Tone {
  if (state === "delivered" || state === "active" || state === "done") return "good";
  if (state === "dead" || state === "expired") return "bad";
  if (state === "cancelled" || state === "suppressed" || state === "disabled") return "quiet";
  return "warning";
}
