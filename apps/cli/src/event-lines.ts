import { isObject } from "@postrider/contract";
import { CliError } from "./exit.ts";

/**
 * The lines as they are, once their beginning shows that they are events one by one. A document over several lines, a list
 * and `{"events": […]}` are refused before anything is sent: line by line, parts of them would be.
 *
 * @throws CliError `usage`
 */
export async function oneEventALine(
  lines: AsyncIterable<string | null>,
  path: string,
): Promise<AsyncIterable<string | null>> {
  const rest = lines[Symbol.asyncIterator]();
  const read: (string | null)[] = [];
  const beginning: string[] = [];
  while (beginning.length < 2) {
    const next = await rest.next();
    if (next.done) break;
    read.push(next.value);
    if (next.value?.trim()) beginning.push(next.value);
  }
  const fault = faultOf(beginning);
  if (fault !== null) {
    await rest.return?.();
    throw new CliError("usage", `${path} holds ${fault}, not one event per line. Nothing was sent.`, {
      hint:
        "Write each event on its own line (jq -c '.events[]' does it for a list of the API), or send the document as it is: " +
        "curl … /v1/events -d @file.",
    });
  }
  return (async function* () {
    yield* read;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  })();
}

function faultOf([first, second]: readonly string[]): string | null {
  if (first === undefined) return null;
  const parsed = parse(first);
  if (Array.isArray(parsed)) return "a list of events";
  if (isObject(parsed))
    return Array.isArray(parsed["events"]) && !("event_id" in parsed) ? "a list of events" : null;
  if (!isOpen(first)) return null;
  // A first line that is broken off, with an event after it, is one bad line among good ones.
  const isList = /^\s*(\[|\{\s*"events"\s*:)/.test(first);
  return isList || (second !== undefined && !isObject(parse(second)))
    ? "one document over several lines"
    : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** True if a list or object of the text is not closed at its end. */
function isOpen(text: string): boolean {
  const marks = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").replaceAll(/[^[\]{}]/g, "");
  let depth = 0;
  for (const mark of marks) depth += mark === "{" || mark === "[" ? 1 : -1;
  return depth > 0;
}
