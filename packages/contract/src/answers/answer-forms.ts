/** What several answers have in common. */
import { z } from "zod";
import { deliveryStates, type Reason, reasons } from "../delivery-states.ts";

export const instant = z.string().meta({ format: "date-time" });
export const state = z.enum(deliveryStates);
export const reason = z.enum(Object.keys(reasons) as [Reason, ...Reason[]]);
export const count = z.int().min(0);

/** What a schema lets through, as a reader has it: nothing is changed, and a key that may be missing is never `undefined`. */
export type Shown<T> = T extends readonly (infer Item)[]
  ? readonly Shown<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Shown<Exclude<T[Key], undefined>> }
    : T;
