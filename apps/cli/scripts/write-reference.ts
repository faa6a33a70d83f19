/** Writes docs/reference/cli.md anew from the command definitions. */
import { writeFileSync } from "node:fs";
import { referencePage } from "../src/reference.ts";

writeFileSync(new URL("../../../docs/reference/cli.md", import.meta.url), referencePage());
