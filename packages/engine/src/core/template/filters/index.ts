import { castFilters } from "./cast.ts";
import { chatFilters } from "./chat.ts";
import { dateFilters } from "./date.ts";
import { fillFilters } from "./fill.ts";
import type { FilterDefinition } from "./filter.ts";
import { hashFilters } from "./hash.ts";
import { moneyFilters } from "./money.ts";
import { normFilters } from "./norm.ts";
import { structureFilters } from "./structure.ts";
import { textFilters } from "./text.ts";

/** The filters of the language by name. `docs/reference/filters.md` has them all; a test compares. */
export const filters: ReadonlyMap<string, FilterDefinition> = new Map(
  [
    fillFilters,
    textFilters,
    castFilters,
    dateFilters,
    moneyFilters,
    hashFilters,
    normFilters,
    structureFilters,
    chatFilters,
  ].flatMap((family) => Object.entries(family)),
);
