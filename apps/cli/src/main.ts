#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Before the other modules are loaded: stripping their types took more time than most commands.
enableCompileCache();
const { processContext } = await import("./process-context.ts");
const { runProgram } = await import("./program.ts");

process.exitCode = await runProgram(processContext(process), process.argv.slice(2));
