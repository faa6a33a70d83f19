/**
 * Writes the checksums of new migrations. One that is recorded already may not change, since ledgers have it: only a
 * migration that never left this branch may change, if it is named: `node packages/engine/scripts/write-migration-checksums.ts 0007_name.sql`.
 */
import { writeFileSync } from "node:fs";
import { checksumsFile, readChecksums, readMigrations } from "../src/ledger/migrations.ts";

const changing = new Set(process.argv.slice(2));
const recorded = readChecksums();
const migrations = readMigrations();
const edited = migrations.filter(
  ({ name, sha256 }) => sha256 !== (recorded[name] ?? sha256) && !changing.has(name),
);
const names = new Set(migrations.map(({ name }) => name));
const lost = Object.keys(recorded).filter((name) => !names.has(name) && !changing.has(name));
if (edited.length + lost.length > 0) {
  const wrong = [...edited.map(({ name }) => name), ...lost].join(", ");
  throw new Error(
    `${wrong} is frozen: put the change into a new migration. If no ledger has it, name it here.`,
  );
}
const checksums = Object.fromEntries(migrations.map(({ name, sha256 }) => [name, sha256]));
writeFileSync(checksumsFile, `${JSON.stringify(checksums, null, 2)}\n`);
