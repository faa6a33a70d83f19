import type { $ZodType, input } from "zod/v4/core";
import { SenderError } from "./errors.ts";
import type { AnyEvent, EventFields } from "./event.ts";

/** Event types, each with its schema versions (whole numbers from 1), each with the zod schema of `data`. */
export type Catalogue = Readonly<Record<string, Readonly<Record<number, $ZodType>>>>;

/** Version 1 may be left out: it is the default. */
type VersionField<Version> = Version extends 1
  ? { readonly schema_version?: 1 }
  : { readonly schema_version: Version };

type EventAt<Type, Versions, Version extends keyof Versions> = EventFields &
  VersionField<Version> & {
    readonly type: Type;
    readonly data: DataAt<Versions, Version>;
  };

type InputOf<Schema> = Schema extends $ZodType ? input<Schema> : never;

/** The names that data may have, of every member of a union. */
type KeyOf<Data> = Data extends unknown ? keyof Data : never;

/** The names that only other versions have. */
type ForeignKey<Versions, Version extends keyof Versions> = Exclude<
  { [Other in keyof Versions]: KeyOf<InputOf<Versions[Other]>> }[keyof Versions],
  KeyOf<InputOf<Versions[Version]>>
>;

/**
 * The data of one version. A union lets a member have what only the others name, so with several versions those names
 * are closed: data of version 2 without `schema_version`, which means 1, does not compile.
 */
type DataAt<Versions, Version extends keyof Versions> = [ForeignKey<Versions, Version>] extends [never]
  ? InputOf<Versions[Version]>
  : InputOf<Versions[Version]> & { readonly [Key in ForeignKey<Versions, Version>]?: never };

/**
 * The events of a catalogue as one union, told apart by `type` and `schema_version`; any event without a catalogue.
 *
 * @example
 * ```ts
 * type AppEvent = EventOf<typeof catalogue>;
 * ```
 */
export type EventOf<C extends Catalogue | undefined> = C extends Catalogue
  ? {
      [Type in keyof C & string]: {
        [Version in keyof C[Type] & number]: EventAt<Type, C[Type], Version>;
      }[keyof C[Type] & number];
    }[keyof C & string]
  : AnyEvent;

/**
 * Checks and freezes a catalogue of event types. What goes over the wire is the schema's output, with defaults filled in,
 * so outputs must be JSON. Keys that an object schema does not name are refused when an event is sent, not dropped; a
 * `z.looseObject` keeps them. Schemas of zod and zod/mini do.
 *
 * @throws SenderError `invalid_options` for a version that is no whole number from 1, or a type without versions
 * @example
 * ```ts
 * const catalogue = defineCatalogue({
 *   "conversion.approved": { 1: z.object({ click_id: z.string(), payout: z.number() }) },
 * });
 * ```
 */
export function defineCatalogue<const C extends Catalogue>(catalogue: C): C {
  for (const [type, versions] of Object.entries(catalogue)) {
    const names = Object.keys(versions);
    const bad = names.find((name) => !/^[1-9]\d{0,8}$/.test(name));
    if (type === "" || names.length === 0 || bad !== undefined) {
      const found = bad === undefined ? "no version" : `the version "${bad}"`;
      throw new SenderError(
        "invalid_options",
        { option: "catalogue" },
        `The event type "${type}" has ${found}: every type has a name and versions from 1.`,
      );
    }
    Object.freeze(versions);
  }
  return Object.freeze(catalogue);
}
