import { leavesInClear } from "../personal-data/leaves-in-clear.ts";
import { type PersonalPermit, type PersonalPlace, personalPlaces } from "@postrider/contract";
import {
  everyKind,
  hintOf,
  kindBits,
  type KindSet,
  type NameHint,
  personalKindsIn,
} from "../personal-data/index.ts";
import type { PersonalWatch, WatchedMacro, WatchedText } from "./personal-plan.ts";
import type { BodyPlan, GroupPlan, JsonPlan, Macro, Parameter, TemplatePlan } from "./plan.ts";

/** The kinds that may not leave at a place. */
function refusedAt(place: PersonalPlace, permits: readonly PersonalPermit[]): KindSet {
  let refused = everyKind;
  for (const kind of ["email", "phone", "card"] as const)
    if (permits.includes(`${place}:${kind}`)) refused &= ~kindBits[kind];
  return refused;
}

/** Facts that Postrider makes itself, or whose form leaves no room for personal data. */
const harmless: ReadonlySet<unknown> = new Set([
  "delivery_id",
  "type",
  "schema_version",
  "occurred_at",
  "accepted_at",
  "partner",
  "endpoint",
  "attempt",
  "n",
]);

class WatchBuilder {
  readonly #refused: Readonly<Record<PersonalPlace, KindSet>>;
  readonly #macros = new Map<number, Macro>();
  readonly #isPlainHttp: boolean;
  readonly once: WatchedText[] = [];
  readonly repeated = new Map<number, WatchedText[]>();

  constructor(
    { event, item, repetitions }: Pick<TemplatePlan, "event" | "item" | "repetitions">,
    refused: Readonly<Record<PersonalPlace, KindSet>>,
    isPlainHttp: boolean,
  ) {
    this.#refused = refused;
    this.#isPlainHttp = isPlainHttp;
    for (const scope of [event, ...(item === null ? [] : [item]), ...repetitions])
      for (const macro of scope.macros) this.#macros.set(macro.index, macro);
  }

  /** Watches one text, if it has a macro that may hold personal data. */
  add({ pieces, optional }: Parameter, place: PersonalPlace, repetition: number | null): void {
    const look = this.#refused[place] | (this.#isPlainHttp ? this.#refused.plain_http : 0);
    if (look === 0) return;
    const macros = pieces.flatMap((piece) => (typeof piece === "number" ? (this.#watched(piece) ?? []) : []));
    if (macros.length === 0) return;
    const literals = pieces.map((piece) => (typeof piece === "string" ? piece : "\n")).join("");
    const joins = macros.length > 1 || /[@%+(]|\d/.test(literals);
    const text: WatchedText = {
      place,
      optional,
      // Ten thousand templates are kept in memory: a copy is as long as it must be.
      macros: macros.slice(),
      joined: joins ? pieces : null,
      refusedHere: this.#refused[place],
      look,
      lookJoined: joins ? look & ~personalKindsIn(literals, look) : 0,
    };
    if (repetition === null) this.once.push(text);
    else this.repeated.set(repetition, [...(this.repeated.get(repetition) ?? []), text]);
  }

  /** Null if nothing of the event is in the macro's value: neither its own value nor one that its filters take. */
  #watched(index: number): WatchedMacro | null {
    const macro = this.#macros.get(index);
    if (macro === undefined) return null;
    const { name, from, filters } = macro;
    const operands = filters.flatMap(({ operand }) =>
      typeof operand === "number" ? (this.#watched(operand) ?? []) : [],
    );
    const isOwn = !harmless.has(from) && typeof from !== "object";
    if (!isOwn && operands.length === 0) return null;
    const hints = [...(isOwn ? [hintOf(name)] : []), ...operands.map(({ hint }) => hint)];
    const hint = {
      isPhone: hints.some(({ isPhone }) => isPhone),
      isId: hints.every(({ isId }) => isId),
    };
    return { index, name, hint: hints.length === 1 ? (hints[0] as NameHint) : hint };
  }

  addNode(node: JsonPlan, place: PersonalPlace, repetition: number | null): void {
    if (node.kind === "macro") {
      this.add({ pieces: [node.macro], optional: node.optional }, place, repetition);
    } else if (node.kind === "text") this.add(node, place, repetition);
    else if (node.kind === "object")
      for (const { value } of node.members) this.addNode(value, place, repetition);
    else if (node.kind === "array") for (const item of node.items) this.addNode(item, place, repetition);
    else if (node.kind === "json_text") this.addNode(node.node, place, repetition);
    else if (node.kind === "each") this.addNode(node.node, place, node.repetition);
  }

  addGroups(groups: readonly GroupPlan[], place: PersonalPlace): void {
    for (const group of groups) {
      if (group.kind === "join") {
        for (const { column } of group.parameters) this.add(column, place, group.repetition);
        continue;
      }
      const repetition = group.kind === "each" ? group.repetition : null;
      for (const parameter of group.parameters) {
        if (parameter.kind === "text") this.add(parameter.parameter, place, repetition);
        else this.addNode(parameter.node, place, repetition);
      }
    }
  }

  addBody(body: BodyPlan): void {
    if (body.kind === "form") {
      for (const field of body.fields) this.add(field, "plain_http", null);
      this.addGroups(body.groups, "plain_http");
    } else if (body.kind === "text") this.add(body.text, "plain_http", null);
    else if (body.kind === "json") this.addNode(body.document, "plain_http", null);
  }
}

/**
 * What must be looked at before each request: values of the event that leave in the URL, in a header, or over plain
 * http in any place. Null if there is nothing, so that a body over https costs nothing.
 *
 * @param permits the endpoint's `personal_data`: what may leave where all the same
 */
export function watchPersonalData(
  plan: Omit<TemplatePlan, "personal">,
  origin: string,
  permits: readonly PersonalPermit[],
): PersonalWatch | null {
  const refused = Object.fromEntries(personalPlaces.map((place) => [place, refusedAt(place, permits)]));
  const kinds = refused as Readonly<Record<PersonalPlace, KindSet>>;
  const isPlainHttp = leavesInClear(origin);
  const builder = new WatchBuilder(plan, kinds, isPlainHttp);
  for (const segment of plan.url.path)
    if (typeof segment !== "string") builder.add({ pieces: segment, optional: [] }, "url", null);
  for (const parameter of plan.url.query) builder.add(parameter, "url", null);
  builder.addGroups(plan.url.groups, "url");
  for (const header of plan.headers) builder.add(header, "header", null);
  if (isPlainHttp) builder.addBody(plan.body);
  const sendsData = plan.body.kind === "envelope" || plan.body.kind === "envelope_form";
  const data = isPlainHttp && sendsData ? kinds.plain_http : 0;
  if (builder.once.length + builder.repeated.size === 0 && data === 0) return null;
  const repeated = [...builder.repeated].map(([repetition, texts]) => ({ repetition, texts }));
  return { once: builder.once, repeated, data };
}
