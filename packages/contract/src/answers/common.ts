/** What several answers have in common. */
import { z } from "zod";
import { deliveryStates, type Reason, reasons } from "../delivery-states.ts";

export const instant = z.string().meta({ format: "date-time" });
export const state = z.enum(deliveryStates);
export const reason = z.enum(Object.keys(reasons) as [Reason, ...Reason[]]);
export const count = z.int().min(0);
