import { CliError } from "../exit.ts";

const startLine = /^(?:HTTP\/[\d.]+ \d{3}\b|[A-Z]+ \S+ HTTP\/[\d.]+$)/;

/**
 * Headers as people have them: `name: value` lines (of `curl -D`, `curl -v` or an access log, with or without the
 * first line of the request), a JSON object, or a JSON list of pairs. Duplicates stay visible. Lines end at the first
 * empty one, so that a whole captured request may be given.
 *
 * @throws CliError `usage`, naming the line; never its text, which may hold credentials
 * @example parseHeaderText("webhook-id: msg_1\n") // [["webhook-id", "msg_1"]]
 */
export function parseHeaderText(text: string): [string, string][] {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  if (trimmed.startsWith("{") || trimmed.startsWith("[")) return fromJson(trimmed);
  const pairs: [string, string][] = [];
  for (const [index, raw] of trimmed.split(/\r?\n/).entries()) {
    const line = raw.replace(/^[<>*] ?/, "").trimEnd();
    if (line === "") break;
    if (index === 0 && startLine.test(line)) continue;
    const colon = line.indexOf(":");
    if (colon < 1) {
      throw new CliError("usage", `Line ${index + 1} of the headers has no name before a colon.`, {
        hint: "Write one header per line, `webhook-id: msg_1`, or a JSON object.",
      });
    }
    pairs.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return pairs;
}

function fromJson(text: string): [string, string][] {
  const document = parse(text);
  const entries = Array.isArray(document) ? (document as unknown[]) : Object.entries(document as object);
  return entries.flatMap((entry) => {
    const [name, value] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (typeof name !== "string" || !values.every((item) => typeof item === "string")) throw notHeaders();
    return values.map((item): [string, string] => [name, item]);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notHeaders();
  }
}

function notHeaders(): CliError {
  return new CliError("usage", "The headers are not a JSON object of names and texts.", {
    hint: 'Give {"webhook-id": "msg_1", …}, a list of pairs, or lines.',
  });
}
