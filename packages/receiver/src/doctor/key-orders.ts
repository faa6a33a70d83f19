import type { JsonNode } from "./json-text.ts";

/** The order in which the envelope is written. */
const envelopeKeys = ["id", "type", "timestamp", "schema_version", "data"];

/** Permutations are tried only where there are at most so many (6!). */
const mostPermutations = 720;

type Entries = ReadonlyArray<readonly [string, JsonNode]>;

/** The document with its keys in other orders: as it is, as the envelope, sorted, both; then every order if few. */
export function* orders(tree: JsonNode): Generator<JsonNode> {
  const sorted = reorder(tree, (entries) => [...entries].sort(([left], [right]) => (left < right ? -1 : 1)));
  yield tree;
  yield asEnvelope(tree);
  yield sorted;
  yield asEnvelope(sorted);
  if (tree.kind === "object" && countOrders(asEnvelope(tree), true) <= mostPermutations) {
    for (const inner of permutations(tree, true)) yield asEnvelope(inner);
  }
  if (countOrders(tree, false) <= mostPermutations) yield* permutations(tree, false);
}

const place = (key: string): number =>
  (envelopeKeys.indexOf(key) + envelopeKeys.length + 1) % (envelopeKeys.length + 1);

function asEnvelope(tree: JsonNode): JsonNode {
  if (tree.kind !== "object") return tree;
  return { kind: "object", entries: [...tree.entries].sort(([left], [right]) => place(left) - place(right)) };
}

function reorder(node: JsonNode, order: (entries: Entries) => Entries): JsonNode {
  if (node.kind === "array") return { kind: "array", items: node.items.map((item) => reorder(item, order)) };
  if (node.kind !== "object") return node;
  return {
    kind: "object",
    entries: order(node.entries.map(([key, value]) => [key, reorder(value, order)] as const)),
  };
}

function countOrders(node: JsonNode, innerOnly: boolean): number {
  if (node.kind === "array")
    return node.items.reduce((product, item) => product * countOrders(item, false), 1);
  if (node.kind !== "object") return 1;
  const inner = node.entries.reduce((product, [, value]) => product * countOrders(value, false), 1);
  return innerOnly ? inner : node.entries.reduce((product, _, index) => product * (index + 1), inner);
}

function* permutations(node: JsonNode, innerOnly: boolean): Generator<JsonNode> {
  if (node.kind === "array") {
    for (const items of product(node.items.map((item) => [...permutations(item, false)])))
      yield { kind: "array", items };
  } else if (node.kind === "object") {
    for (const values of product(node.entries.map(([, value]) => [...permutations(value, false)]))) {
      const entries = node.entries.map(([key, value], index) => [key, values[index] ?? value] as const);
      if (innerOnly) yield { kind: "object", entries };
      else for (const order of arrangements(entries)) yield { kind: "object", entries: order };
    }
  } else yield node;
}

function* product<Item>([first, ...rest]: readonly Item[][]): Generator<Item[]> {
  if (first === undefined) return yield [];
  for (const head of first) for (const tail of product(rest)) yield [head, ...tail];
}

function* arrangements<Item>(items: readonly Item[]): Generator<Item[]> {
  if (items.length === 0) return yield [];
  for (const [index, head] of items.entries()) {
    for (const tail of arrangements(items.toSpliced(index, 1))) yield [head, ...tail];
  }
}
