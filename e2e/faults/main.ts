/** `npm run faults`: JSON lines on standard output, progress and one table for people on standard error. */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import type { Size } from "./loaded-run.ts";
import { brokenRun, formatTable, type Outcome } from "./outcome.ts";
import { scenarios } from "./scenarios/index.ts";
import { topologies, type Topology } from "./system.ts";

const help = `npm run faults -- [options]

  --only <name>       one of ${scenarios.map(({ name }) => name).join(", ")};
                      may be given several times
  --topology <name>   database (PostgreSQL alone) or cluster (PostgreSQL and Redis); default both
  --quick             small sizes, for a first look
  --seed <n>          the schedule of faults; the same seed gives the same schedule
  --workers <n>       worker processes, instead of each scenario's own number
  --help

Every scenario is one JSON line on standard output; progress and the table at the end are on standard error. The exit
code is 0 when every scenario passed, 2 when one failed. What each shows is in e2e/faults/README.md.
`;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    topology: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    seed: { type: "string" },
    workers: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const say = (line: string) => process.stderr.write(`${line}\n`);

function known<Name extends string>(
  what: string,
  given: readonly string[],
  names: readonly Name[],
): readonly Name[] {
  const unknown = given.filter((name) => !(names as readonly string[]).includes(name));
  if (unknown.length > 0) {
    say(`There is no ${what} ${unknown.join(", ")}: ${names.join(", ")}.`);
    process.exit(1);
  }
  return given.length === 0 ? names : names.filter((name) => given.includes(name));
}

async function main(): Promise<void> {
  const names = known(
    "scenario",
    options.only,
    scenarios.map(({ name }) => name),
  );
  const where: readonly Topology[] = known("topology", options.topology, topologies);
  const size: Size = options.quick ? "quick" : "full";
  const seed = Number(options.seed ?? randomInt(1_000_000));
  say(`seed ${seed}: the same schedule comes back with --seed ${seed}`);
  const outcomes: Outcome[] = [];
  for (const topology of where) {
    for (const scenario of scenarios) {
      if (!names.includes(scenario.name) || !scenario.topologies.includes(topology)) continue;
      say(`\n${topology}: ${scenario.name}: ${scenario.proves}`);
      const lacks = scenario.lacks?.() ?? null;
      if (lacks !== null) {
        say(`  skipped: ${lacks}`);
        continue;
      }
      const run = scenario.run({
        topology,
        size,
        seed,
        say: (line) => say(`  ${line}`),
        ...(options.workers === undefined ? {} : { workers: Number(options.workers) }),
      });
      const outcome = await run.catch((error: unknown) => brokenRun(scenario.name, topology, String(error)));
      outcomes.push(outcome);
      for (const failure of outcome.failures) say(`  FAILED: ${failure}`);
      process.stdout.write(`${JSON.stringify({ ...outcome, seed, size })}\n`);
    }
  }
  say(`\n${formatTable(outcomes)}`);
  if (outcomes.length === 0 || outcomes.some(({ failures }) => failures.length > 0)) process.exitCode = 2;
}

// What was started is ended by handlers of `exit`, which a signal alone would not run.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
if (options.help) process.stdout.write(help);
else await main();
