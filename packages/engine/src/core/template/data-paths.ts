import { forEachMember, isContainer, skipSpace } from "../json-text.ts";
import { type Value, valueAt } from "./value.ts";

/** A name in the tree of all data paths a template uses; `slot` is where the value found here is put, or -1. */
interface PathNode {
  slot: number;
  children: PathNode[];
  indexByName: Map<string, number>;
}

/** The data paths of one template, merged so that one walk over the event's data finds them all. */
export interface DataPaths {
  readonly root: PathNode;
  readonly slotCount: number;
}

/** Most nodes are leaves, and ten thousand templates are kept in memory: leaves share what they do not have. */
const noChildren: PathNode[] = [];
const noNames = new Map<string, number>();

function createNode(): PathNode {
  return { slot: -1, children: noChildren, indexByName: noNames };
}

function addChild(node: PathNode, name: string): number {
  if (node.children === noChildren) {
    node.children = [];
    node.indexByName = new Map();
  }
  const index = node.children.push(createNode()) - 1;
  node.indexByName.set(name, index);
  return index;
}

/** Gathers paths while a template is compiled. */
export class DataPathSet {
  readonly #root = createNode();
  #slotCount = 0;

  /** The slot of the path made of `segments` (names or decimal indexes); the empty path is the whole data. */
  slotOf(segments: readonly string[]): number {
    let node = this.#root;
    for (const segment of segments) {
      const index = node.indexByName.get(segment) ?? addChild(node, segment);
      node = node.children[index] as PathNode;
    }
    if (node.slot === -1) {
      node.slot = this.#slotCount;
      this.#slotCount += 1;
    }
    return node.slot;
  }

  /** All paths gathered, or null when there are none and the data need not be looked at. */
  build(): DataPaths | null {
    return this.#slotCount === 0 ? null : { root: this.#root, slotCount: this.#slotCount };
  }
}

function pick(node: PathNode, text: string, at: number, slots: Value[]): void {
  if (node.slot !== -1) slots[node.slot] = valueAt(text, at);
  if (node.children.length === 0 || !isContainer(text, at)) return;
  // Children are entered only after the whole container was seen: the last member of a name is the one that counts.
  const starts: number[] = [];
  forEachMember(text, at, (name, start) => {
    const index = node.indexByName.get(name);
    if (index !== undefined) starts[index] = start;
  });
  starts.forEach((start, index) => pick(node.children[index] as PathNode, text, start, slots));
}

/**
 * The values of `paths` in `dataText`, by slot. Only members written in the text are found: there are no
 * prototypes here. Time is linear in the text times the longest path (limited when the macro is parsed).
 */
export function pickValues(paths: DataPaths, dataText: string): readonly Value[] {
  const slots: Value[] = Array.from({ length: paths.slotCount });
  pick(paths.root, dataText, skipSpace(dataText, 0), slots);
  return slots;
}
