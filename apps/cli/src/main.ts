#!/usr/bin/env node
import { processContext } from "./process-context.ts";
import { runProgram } from "./program.ts";

process.exitCode = await runProgram(processContext(process), process.argv.slice(2));
