/** A JSON document that still knows its number texts, key order and repeated keys. */
export type JsonNode =
  | { kind: "object"; entries: ReadonlyArray<readonly [key: string, value: JsonNode]> }
  | { kind: "array"; items: readonly JsonNode[] }
  | { kind: "string"; value: string }
  | { kind: "number"; text: string }
  | { kind: "word"; text: string };

/** How a serializer writes: the habits by which they differ. */
export interface JsonStyle {
  /** One level of indentation; empty for one line. */
  indent: string;
  /** What stands between items on one line, and after a key. */
  comma: string;
  colon: string;
  /** Everything beyond ASCII as \uXXXX: Python, PHP. */
  ascii: boolean;
  /** "/" as "\/": PHP. */
  slashes: boolean;
  /** <, > and & as \u003c and the like: Go. */
  html: boolean;
}

const token = /\s*(?:([{}[\]:,])|("(?:[^"\\]|\\.)*")|(-?\d[-+.\deE]*)|(true|false|null))/y;

/** The token texts of a JSON document with the white space before each; undefined if it is none. */
export function jsonTokens(text: string): Array<{ gap: string; text: string }> | undefined {
  if (!isJson(text)) return undefined;
  const tokens: Array<{ gap: string; text: string }> = [];
  token.lastIndex = 0;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const own = found[1] ?? found[2] ?? found[3] ?? found[4] ?? "";
    tokens.push({ gap: found[0].slice(0, found[0].length - own.length), text: own });
  }
  return tokens;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Deepest nesting looked into: beyond it a document is left alone, so that no body can exhaust the stack. */
const deepest = 200;

/** Reads a document without losing number texts, key order or repeated keys; undefined if it is not JSON. */
export function readJson(text: string): JsonNode | undefined {
  const tokens = jsonTokens(text) ?? [];
  if (tokens.length === 0) return undefined;
  let at = 0;
  let depth = 0;
  const next = (): string => tokens[at++]?.text ?? "";

  function node(): JsonNode {
    const start = next();
    if (start === "{" || start === "[") {
      depth += 1;
      if (depth > deepest) throw new RangeError("too deep");
      const read = start === "{" ? object() : array();
      depth -= 1;
      return read;
    }
    if (start.startsWith('"')) return { kind: "string", value: JSON.parse(start) as string };
    return { kind: /^[-\d]/.test(start) ? "number" : "word", text: start };
  }
  function object(): JsonNode {
    const entries: Array<readonly [string, JsonNode]> = [];
    for (let key = next(); key !== "}"; key = next()) {
      if (key === ",") continue;
      next();
      entries.push([JSON.parse(key) as string, node()]);
    }
    return { kind: "object", entries };
  }
  function array(): JsonNode {
    const items: JsonNode[] = [];
    for (;;) {
      const peeked = tokens[at]?.text;
      if (peeked === "]" || peeked === ",") at += 1;
      if (peeked === "]") return { kind: "array", items };
      if (peeked !== ",") items.push(node());
    }
  }

  try {
    return node();
  } catch {
    return undefined;
  }
}

/** Writes a document in a style. */
export function writeJson(node: JsonNode, style: JsonStyle, level = 0): string {
  if (node.kind === "string") return writeString(node.value, style);
  if (node.kind !== "object" && node.kind !== "array") return node.text;
  const [open, close] = node.kind === "object" ? ["{", "}"] : ["[", "]"];
  const items =
    node.kind === "object"
      ? node.entries.map(
          ([key, value]) => writeString(key, style) + style.colon + writeJson(value, style, level + 1),
        )
      : node.items.map((item) => writeJson(item, style, level + 1));
  if (items.length === 0) return open + close;
  if (style.indent === "") return open + items.join(style.comma) + close;
  const line = `\n${style.indent.repeat(level + 1)}`;
  return `${open}${line}${items.join(`,${line}`)}\n${style.indent.repeat(level)}${close}`;
}

function writeString(value: string, { ascii, slashes, html }: JsonStyle): string {
  let text = JSON.stringify(value);
  if (slashes) text = text.replaceAll("/", "\\/");
  if (html) text = text.replace(/[<>&\u2028\u2029]/g, escaped);
  if (ascii) text = text.replace(/[\u007f-\uffff]/g, escaped);
  return text;
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
