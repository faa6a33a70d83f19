import { z } from "zod";

/** How the text of a flag becomes the key's value. */
export type FlagForm =
  /** As it is. */
  | "text"
  | "number"
  | "whole"
  /** A list, with commas between its entries; `none` is the empty list. */
  | "commas"
  /** The flag may be given several times: a list. */
  | "list"
  /** The flag may be given several times, each `name: value`: an object. */
  | "headers"
  /** The flag may be given several times, each `name=value`: they are put into the object that is there; an empty value removes a name. */
  | "pairs"
  /** The path of a file; its text is the value. */
  | "file"
  /** `off` is null. `on` keeps the object that is there, or is one with its defaults. */
  | "on_off"
  /** One of these words, a JSON document, or `@` and the path of a file that has one. */
  | { readonly json: readonly string[] }
  /** Two flags without a value, for true and for false: their names, and what help says of them. */
  | { readonly switches: Readonly<Record<"on" | "off", Switch>> }
  /** The value is an object with one key of this name, which the text is for. */
  | { readonly within: string };

/** A flag without a value. */
interface Switch {
  /** In camelCase. */
  readonly name: string;
  readonly summary: string;
}

/** The flag of the CLI that sets a key. What it is for is the key's own description. */
export interface Flag {
  /** In camelCase. Default: the key's name. */
  readonly name?: string;
  readonly form: FlagForm;
  /** What its value is called in help. Default: the form's own word. */
  readonly value?: string;
  /** The word that stands for null, such as `never`. */
  readonly nullWord?: string;
  /** What help says in place of the key's description, if a flag needs other words. */
  readonly summary?: string;
  /** What a number counts, for the error of a text that is none. Each form of a number has it. */
  readonly counts?: string;
}

/** The flags by the schema of their key: keys without one have no flag. */
export const flags = z.registry<Flag>();
