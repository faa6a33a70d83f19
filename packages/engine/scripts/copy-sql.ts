/** The ledger reads its SQL from beside its code: a built package needs it there too. */
import { cpSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
for (const folder of ["migrations", "routines"]) {
  cpSync(join(root, "src/ledger", folder), join(root, "dist/ledger", folder), { recursive: true });
}
