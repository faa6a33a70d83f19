/**
 * `npm run bench`: JSON lines on standard output, progress and a table for people on standard error.
 *
 * ```text
 * src/measures.ts   what each --only runs, and in which sizes
 * src/measures/     one measure in each file
 * src/load/         what is sent, and what sends it: partners, events, loops, doors
 * src/system/       what is measured: servers, databases, their options and profiles
 * src/processes/    the child processes beside it (sink, worker, name server ...), and how they are started
 * src/figures/      what the figures are made of: latencies, processor time, results and their targets
 * ```
 */
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { compareSizes, loadAdapter, measureCompare, quickCompareSizes } from "./src/measures/compare.ts";
import { measures } from "./src/measures.ts";
import { profileInto } from "./src/system/profiling.ts";
import { benchNames, formatTable, isMet, type Result } from "./src/figures/result.ts";
import { stopServers } from "./src/system/servers.ts";
import { type SinkProcess, startSink } from "./src/processes/sink-process.ts";
import { ledgerKinds } from "./src/system/system.ts";

const names = benchNames.filter((name) => name !== "compare");

const help = `npm run bench -- [options]

  --only <name>       one of ${names.join(", ")}; may be given several times
  --ledger <kind>     one of ${ledgerKinds.join(", ")}; may be given several times
  --partners <n>      throughput: only the cases with so many partners; may be given several times
  --workers <n>       throughput: only the cases with so many worker processes; may be given several times
  --quick             small sizes: all of it in some ten minutes, for a first look
  --full              size: 5,000,000 finished deliveries instead of 500,000
  --repeat <n>        throughput runs of which the median counts (default 3, quick 1)
  --profile <folder>  throughput: processor profiles of the workers, and what PostgreSQL spent its time in
  --compare <file>    instead of all that: another sender of webhooks, by its adapter
  --sink-port <n>     the port that the sink listens on, for senders that must be told which targets they may call
  --help

Every result is one JSON line on standard output; the table at the end is on standard error. The exit code is 0
when every target is met, 2 when one is missed. What is measured, and how, is in bench/README.md.
`;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    ledger: { type: "string", multiple: true, default: [] },
    partners: { type: "string", multiple: true, default: [] },
    workers: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    repeat: { type: "string" },
    profile: { type: "string" },
    compare: { type: "string" },
    "sink-port": { type: "string", default: "0" },
    help: { type: "boolean", default: false },
  },
});

function progress({ bench, case: name, figures }: Result): void {
  process.stderr.write(`  ${bench}: ${name}: ${JSON.stringify(figures)}\n`);
}

/** Those of `all` that were asked for; all where none were. @throws Error for one that does not exist */
function chosen<Name extends string>(what: string, all: readonly Name[], asked: readonly string[]): Name[] {
  const unknown = asked.filter((name) => !(all as readonly string[]).includes(name));
  if (unknown.length > 0) throw new Error(`There is no ${what} ${unknown.join(", ")}: ${all.join(", ")}.`);
  return all.filter((name) => asked.length === 0 || asked.includes(name));
}

async function* results(sink: SinkProcess): AsyncGenerator<Result> {
  const { quick, full, compare } = options;
  if (compare !== undefined) {
    yield* measureCompare(sink, await loadAdapter(compare), quick ? quickCompareSizes : compareSizes);
    return;
  }
  for (const name of chosen("bench", names, options.only))
    yield* measures[name](sink, {
      quick,
      full,
      repeat: Number(options.repeat ?? (quick ? 1 : 3)),
      ledgers: chosen("ledger", ledgerKinds, options.ledger),
      partners: options.partners.map(Number),
      workers: options.workers.map(Number),
      progress,
    });
}

/** Of each processor, before the bench itself takes any; more is told. */
const quietLoad = 0.2;

/** A figure from a machine that others use says as much about them. */
function warnOfOthers(): void {
  const load = loadavg()[0]! / availableParallelism();
  if (load > quietLoad)
    process.stderr.write(
      `Load before the start: ${load.toFixed(1)} per processor. Take the ratios of what follows, and no latency.\n`,
    );
}

async function main(): Promise<void> {
  warnOfOthers();
  if (options.profile !== undefined) profileInto(options.profile);
  const sink = await startSink(Number(options["sink-port"]));
  const told: Result[] = [];
  try {
    for await (const result of results(sink)) {
      told.push(result);
      process.stdout.write(`${JSON.stringify({ ...result, met: isMet(result) })}\n`);
    }
  } finally {
    await sink.stop();
    await stopServers();
    process.stderr.write(`\n${formatTable(told)}\n`);
  }
  if (!told.every(isMet)) process.exitCode = 2;
}

if (options.help) process.stdout.write(help);
else await main();
