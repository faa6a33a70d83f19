/** Writes the pages of docs/reference that come from the code. */
import { writeFileSync } from "node:fs";
import { referencePages } from "../src/reference-pages.ts";

for (const [name, page] of Object.entries(referencePages)) {
  writeFileSync(new URL(`../../../docs/reference/${name}`, import.meta.url), page());
}
