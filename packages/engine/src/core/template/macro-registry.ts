import { nearestName } from "@postrider/contract";
import { DataPathSet } from "./data-paths.ts";
import { isFactRoot } from "./facts.ts";
import {
  type AppliedFilter,
  applyFilters,
  type Filtered,
  isInvalid,
  type OperandPlace,
  type PathSource,
  type PlannedFilter,
} from "./filters/filter.ts";
import type { Report } from "./issue.ts";
import type { Part } from "./lex.ts";
import type { MacroSource } from "./parse-macro.ts";
import type { Place } from "./places.ts";
import type { Macro, Parameter, Piece, Repetition, Scope } from "./plan.ts";
import { isMissing, textOf, type Value } from "./value.ts";

/** The partner's own texts, for the compiler. */
export interface PartnerTexts {
  /**
   * The partner's secrets by name. If they are given, `{secret.x}` is its value, and one that is not there is listed in
   * the template's `missingSecrets`. Without them any name is taken, as for the check of a draft.
   */
  readonly secrets?: ReadonlyMap<string, string>;
  /** The partner's constants by name. If they are given, one that is not there is an issue. */
  readonly constants?: ReadonlyMap<string, string>;
  /** Shows each secret as `{secret.name}`, for people: such a template must not be sent. Default false. */
  readonly maskSecrets?: boolean;
}

/** A partner's own text in a template: known now, so that it costs nothing when the template is rendered. */
export interface Fixed {
  readonly value: Value;
  /** It is only shown: not encoded. */
  readonly masked: boolean;
}

/** The macros of one scope while the template is compiled. */
class ScopeBuilder {
  readonly paths = new DataPathSet();
  readonly macros: Macro[] = [];

  build(): Scope {
    return { paths: this.paths.build(), macros: this.macros };
  }
}

/** Numbers the macros of one template while it is compiled, and knows which may be used at this place. */
export class MacroRegistry {
  readonly #texts: PartnerTexts;
  readonly #event = new ScopeBuilder();
  readonly #item: ScopeBuilder | null;
  readonly #repetitions: (() => Repetition)[] = [];
  /** The scope of the repetition that is being compiled. */
  #repeated: ScopeBuilder | null = null;
  #valueCount = 0;
  readonly #names = new Set<string>();
  readonly #secrets = new Set<string>();
  readonly #constants = new Set<string>();
  readonly #missingSecrets = new Set<string>();
  readonly #madeOfSecrets: (readonly [name: string, text: string])[] = [];

  /** @param perItem the request is for one item of a list, so that `{item}` and `{n}` may stand everywhere */
  constructor(texts: PartnerTexts, perItem: boolean) {
    this.#texts = texts;
    this.#item = perItem ? new ScopeBuilder() : null;
  }

  /** The value of a macro that is a partner's own text and known now; null for all others. */
  fixed(source: MacroSource, position: number, report: Report): Fixed | null {
    const { root, segments, filters, modifier } = source;
    const name = segments[0] as string;
    const signedWith = filters.find(({ filter }) => filter.operand?.root === "secret")?.filter.operand;
    if (signedWith !== undefined && this.#texts.maskSecrets === true) {
      this.#names.add(source.name);
      this.#secrets.add(signedWith.segments[0] as string);
      return { value: `{hmac:${signedWith.name}}`, masked: true };
    }
    if (root === "secret" || root === "const") this.#names.add(source.name);
    if (root === "secret") {
      this.#secrets.add(name);
      const { secrets, maskSecrets } = this.#texts;
      if (maskSecrets) return { value: `{secret.${name}}`, masked: true };
      if (secrets === undefined) return { value: `{secret.${name}}`, masked: false };
      const value = secrets.get(name);
      if (value === undefined) return null;
      const fixed = this.#known(value, filters, position, report);
      if (fixed !== null && filters.length > 0) this.#madeOfSecrets.push([name, textOf(fixed.value)]);
      return fixed;
    }
    if (root !== "const") return null;
    this.#constants.add(name);
    const { constants } = this.#texts;
    if (constants === undefined) return { value: `{const.${name}}`, masked: false };
    const mayBeMissing = modifier === "optional" || filters.some(({ filter }) => filter.fills === true);
    if (!constants.has(name) && !mayBeMissing) {
      report("unknown_constant", position, () => unknownConstant(name, constants));
    }
    return this.#known(constants.get(name), filters, position, report);
  }

  /** The value after the filters, null if one of them needs a value of the event, fails, or leaves nothing. */
  #known(value: Value, filters: readonly AppliedFilter[], position: number, report: Report): Fixed | null {
    const planned: PlannedFilter[] = [];
    for (const applied of filters) {
      const { operand } = applied.filter;
      const fixed = operand === undefined ? null : this.fixed(asMacro(operand), position, report);
      if (operand !== undefined && fixed === null) return null;
      planned.push({ ...applied, operand: fixed === null ? null : { text: fixed.value } });
    }
    return known(applyFilters(value, planned, []));
  }

  /** The filters of a macro, each with the place of its operand among the values, which is evaluated before the macro. */
  #planned(source: MacroSource, position: number, report: Report): readonly PlannedFilter[] {
    if (source.filters.length === 0) return noFilters;
    return source.filters.map((applied) => {
      const { operand } = applied.filter;
      const place = operand === undefined ? null : this.#operandPlace(source, operand, position, report);
      return { ...applied, operand: place };
    });
  }

  #operandPlace(source: MacroSource, operand: PathSource, position: number, report: Report): OperandPlace {
    if (isOfItem(operand) && !isOfItem(source)) {
      const message = `{${source.name}} is known before the items are: begin with the item and give {${source.name}} as the argument, as in {${operand.name}|times:${source.name}}.`;
      report("item_not_allowed", position, message);
    }
    const macro = asMacro(operand);
    const fixed = this.fixed(macro, position, report);
    return fixed === null ? this.add(macro, position, report) : { text: fixed.value };
  }

  /** Adds one macro that is written at `position` and gives its index. */
  add(source: MacroSource, position: number, report: Report): number {
    const { name, root, segments, modifier } = source;
    const filters = this.#planned(source, position, report);
    const index = this.#valueCount;
    this.#valueCount += 1;
    this.#names.add(name);
    const scope = root === "item" || root === "n" ? (this.#repeated ?? this.#item) : this.#event;
    if (scope === null) {
      const message = `{${root}} stands for an item of a list: it may be used within "$each", within a group of parameters with "each", and if the endpoint has "fan_out".`;
      report("item_not_allowed", position, message);
    } else if (root === "secret") {
      const text = this.#texts.secrets?.get(segments[0] as string);
      if (text === undefined) {
        this.#missingSecrets.add(segments[0] as string);
        // Whatever the macro says: a request without its secret must not be sent.
        scope.macros.push({ index, name, from: { text: undefined }, modifier: "required", filters: [] });
      } else {
        // A filter fails for it, or leaves nothing of it: then nothing is sent either.
        scope.macros.push({ index, name, from: { text }, modifier: "required", filters });
      }
    } else if (root === "const") {
      const text = this.#texts.constants?.get(segments[0] as string);
      scope.macros.push({ index, name, from: { text }, modifier, filters });
    } else {
      const from = isFactRoot(root) || root === "n" ? root : scope.paths.slotOf(segments);
      scope.macros.push({ index, name, from, modifier, filters });
    }
    return index;
  }

  /** Whether a repetition is being compiled. */
  get isRepeating(): boolean {
    return this.#repeated !== null;
  }

  /** How many repetitions there are so far: each walks over its list once more. */
  get repetitionCount(): number {
    return this.#repetitions.length;
  }

  /**
   * Compiles what is repeated for each item of `list`: within `compile`, `{item}` and `{n}` stand for the item. Gives the
   * index of the repetition. Repetitions do not nest: `isRepeating` must be false.
   */
  repeat<Compiled>(
    list: MacroSource,
    from: number,
    report: Report,
    compile: () => Compiled,
  ): { readonly repetition: number; readonly compiled: Compiled } {
    this.add(list, 0, report);
    // The path of a list has no filters, so that it is the last macro of its scope.
    const listMacro = (list.root === "item" ? this.#item : this.#event)?.macros.at(-1);
    const scope = new ScopeBuilder();
    this.#repeated = scope;
    const compiled = compile();
    this.#repeated = null;
    const built = (): Repetition => ({ ...scope.build(), list: listMacro as Macro, from });
    return { repetition: this.#repetitions.push(built) - 1, compiled };
  }

  /** Turns parts into pieces, each literal and each text of the partner encoded for its place. */
  parameter(parts: readonly Part[], place: Place, report: Report): Parameter {
    const pieces: Piece[] = [];
    const optional: number[] = [];
    const append = (text: string): void => {
      const last = pieces.at(-1);
      if (typeof last === "string") pieces[pieces.length - 1] = last + text;
      else pieces.push(text);
    };
    for (const part of parts) {
      if (part.kind === "literal") {
        append(place.literal(part.text));
      } else if (part.macro !== null) {
        const fixed = this.fixed(part.macro, part.start, report);
        if (fixed !== null) {
          append(fixed.masked ? textOf(fixed.value) : place.partner(textOf(fixed.value)));
          continue;
        }
        const index = this.add(part.macro, part.start, report);
        pieces.push(index);
        if (part.macro.modifier === "optional") optional.push(index);
      }
    }
    // A copy is as long as it must be: what grew by push has room for 17.
    return { pieces: pieces.slice(), optional: optional.length === 0 ? none : optional.slice() };
  }

  /** Whether any text of the partner is in the plan. */
  get usesPartnerTexts(): boolean {
    return this.#secrets.size + this.#constants.size > 0;
  }

  /** The macros as the template lists them. */
  lists() {
    return {
      macros: [...this.#names],
      secrets: [...this.#secrets].toSorted(),
      constants: [...this.#constants].toSorted(),
      missingSecrets: [...this.#missingSecrets].toSorted(),
      madeOfSecrets: this.#madeOfSecrets.length === 0 ? noTexts : this.#madeOfSecrets,
    };
  }

  /** The scopes of the plan. */
  build() {
    return {
      valueCount: this.#valueCount,
      event: this.#event.build(),
      item: this.#item === null ? null : this.#item.build(),
      repetitions: this.#repetitions.map((built) => built()),
    };
  }
}

/** Most parameters have nothing optional: they share one list. */
const none: readonly number[] = [];

const noTexts: readonly never[] = [];

const noFilters: readonly PlannedFilter[] = [];

/** A path among the arguments of a filter, as the macro that has its value. */
function asMacro(path: PathSource): MacroSource {
  return { ...path, modifier: null, filters: [] };
}

function isOfItem({ root }: PathSource): boolean {
  return root === "item" || root === "n";
}

function known(value: Filtered): Fixed | null {
  return isInvalid(value) || isMissing(value) ? null : { value, masked: false };
}

function unknownConstant(name: string, constants: ReadonlyMap<string, string>): string {
  const near = nearestName(name, constants.keys());
  const remedy = near === null ? "" : ` Did you mean {const.${near}}?`;
  return `The partner has no constant ${name}: add it to the partner's constants.${remedy}`;
}
