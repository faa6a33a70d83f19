import { type JsonNode, type JsonStyle, readJson, writeJson } from "./json-text.ts";
import { orders } from "./key-orders.ts";

const plain: JsonStyle = { indent: "", comma: ",", colon: ":", ascii: false, slashes: false, html: false };
const python: JsonStyle = { ...plain, comma: ", ", colon: ": " };

/** What serializers in use write by default, the likeliest sender first. */
const styles: readonly JsonStyle[] = [
  plain,
  { ...plain, html: true },
  { ...plain, ascii: true },
  { ...plain, ascii: true, slashes: true },
  { ...plain, slashes: true },
  { ...python, ascii: true },
  python,
  ...["  ", "    ", "\t"].flatMap((indent) => [
    { ...python, indent },
    { ...python, indent, ascii: true },
  ]),
];

/** Most texts tried: at 5 to 10 µs each by HMAC, 0.1 ms by ed25519, a diagnosis stays well under a second. */
const mostVariants = 3000;
/** And most characters over all of them, for long bodies: some 0.1 s of hashing. */
const mostCharacters = 50_000_000;

/**
 * Texts that may have been sent, given the JSON text that a parser and serializer made of it: other white space, key
 * order, escapes and number formats.
 */
export function* jsonVariants(received: string): Generator<string> {
  const tree = readJson(received);
  if (tree === undefined) return;
  const tried = new Set<string>([received]);
  for (const text of writings(tree, styleOf(tree, received.trimEnd()))) {
    for (const variant of [text, `${text}\n`]) {
      if (tried.has(variant)) continue;
      tried.add(variant);
      if (tried.size > mostVariants || tried.size * received.length > mostCharacters) return;
      yield variant;
    }
  }
}

function* writings(tree: JsonNode, own: JsonStyle): Generator<string> {
  const likely = own === plain ? [plain] : [plain, own];
  const [asReceived, ...reordered] = orders(tree);
  for (const style of styles) yield writeJson(asReceived ?? tree, style);
  for (const numbers of numberFormats(tree)) for (const style of likely) yield writeJson(numbers, style);
  for (const [index, order] of reordered.entries()) {
    // The few orders that have a name are tried in every style, the many permutations in the likely ones.
    for (const style of index < 3 ? styles : likely) yield writeJson(order, style);
    if (index < 3) for (const numbers of numberFormats(order)) yield writeJson(numbers, plain);
  }
}

function styleOf(tree: JsonNode, received: string): JsonStyle {
  return styles.find((style) => writeJson(tree, style) === received) ?? plain;
}

/** Trees with other texts for the same numbers: 1.1 may have been 1.10, 5 may have been 5.0 or 5.00. */
function* numberFormats(tree: JsonNode): Generator<JsonNode> {
  const count = countNumbers(tree);
  if (count === 0) return;
  for (const form of [1, 2, 3]) yield renumber(tree, () => form);
  // Each number by itself, while the combinations are few.
  const combinations = count <= 5 ? 4 ** count : 0;
  for (let combination = 1; combination < combinations; combination += 1) {
    let rest = combination;
    yield renumber(tree, () => {
      const form = rest % 4;
      rest = Math.floor(rest / 4);
      return form;
    });
  }
}

function renumber(node: JsonNode, form: () => number): JsonNode {
  if (node.kind === "object") {
    return {
      kind: "object",
      entries: node.entries.map(([key, value]) => [key, renumber(value, form)] as const),
    };
  }
  if (node.kind === "array") return { kind: "array", items: node.items.map((item) => renumber(item, form)) };
  return node.kind === "number" ? { kind: "number", text: numberText(node.text, form()) } : node;
}

/** 0: as it is; 1: at least one decimal, or one more zero for a fraction; 2: two decimals; 3: two decimals for fractions only. */
function numberText(text: string, form: number): string {
  const [whole = "", decimals = "", ...more] = text.split(".");
  if (form === 0 || more.length > 0 || /[eE]/.test(text)) return text;
  if (form === 1) return decimals === "" ? `${whole}.0` : `${text}0`;
  if (form === 3 && decimals === "") return text;
  return `${whole}.${decimals.padEnd(2, "0")}`;
}

function countNumbers(node: JsonNode): number {
  if (node.kind === "object") return node.entries.reduce((sum, [, value]) => sum + countNumbers(value), 0);
  if (node.kind === "array") return node.items.reduce((sum, item) => sum + countNumbers(item), 0);
  return node.kind === "number" ? 1 : 0;
}
