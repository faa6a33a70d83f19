/** `npm run bench`: JSON lines on standard output, progress and a table for people on standard error. */
import { parseArgs } from "node:util";
import { measureIdle } from "./src/idle.ts";
import { disturbances, measureIsolation } from "./src/isolation.ts";
import { measureEngineLatency, measureHttpLatency } from "./src/latency.ts";
import { measureLimiter } from "./src/limiter.ts";
import { benchNames, type BenchName, formatTable, isMet, medianResult, type Result } from "./src/result.ts";
import { type SinkProcess, startSink } from "./src/sink-process.ts";
import { measureStartup } from "./src/startup.ts";
import { type LedgerKind, stopPostgres } from "./src/system.ts";
import { measureThroughput } from "./src/throughput.ts";

const help = `npm run bench -- [options]

  --only <name>   one of ${benchNames.join(", ")}; may be given several times
  --quick         small sizes: all of it in one to three minutes, for a first look
  --repeat <n>    throughput runs of which the median counts (default 3, quick 1)
  --help

Every result is one JSON line on standard output; the table at the end is on standard error. The exit code is 0
when every target is met, 2 when one is missed. What is measured, and how, is in bench/README.md.
`;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    repeat: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const { quick } = options;
const repeat = Number(options.repeat ?? (quick ? 1 : 3));

type Measure = (sink: SinkProcess) => AsyncGenerator<Result>;

const measures: Record<BenchName, Measure> = {
  async *throughput(sink) {
    const events = quick ? 10_000 : 60_000;
    const runs: [LedgerKind, number, number, number | undefined][] = [
      ["pglite", 1, quick ? 5_000 : 30_000, 0.15],
      ["postgresql", 1, events, 0.4],
      ["postgresql", 100, events, 0.3],
      ["postgresql", 1_000, quick ? 4_000 : 40_000, undefined],
      ...(quick
        ? []
        : ([["postgresql", 10_000, 40_000, undefined]] as [LedgerKind, number, number, undefined][])),
    ];
    for (const [kind, partners, count, atLeast] of runs) {
      const times = atLeast === undefined ? 1 : repeat;
      const results: Result[] = [];
      for (let run = 0; run < times; run++) {
        results.push(
          await measureThroughput(kind, sink, partners, count, {
            ceilingRequests: quick ? 15_000 : 60_000,
            ...(atLeast === undefined ? {} : { atLeast }),
          }),
        );
        progress(results.at(-1)!);
      }
      const median = medianResult(results, "ratio");
      yield { ...median, figures: { ...median.figures, runs: times } };
    }
  },
  async *latency(sink) {
    const durationMs = quick ? 5_000 : 60_000;
    yield await measureEngineLatency(sink, durationMs);
    yield await measureHttpLatency(sink, durationMs);
  },
  async *isolation(sink) {
    for (const disturbance of disturbances) {
      yield await measureIsolation(
        sink,
        disturbance,
        quick ? { pairs: 2, phaseMs: 2_000, smaller: 10 } : { pairs: 6, phaseMs: 10_000, smaller: 1 },
      );
    }
  },
  async *startup() {
    yield* await measureStartup(quick ? 2 : 5);
  },
  async *idle() {
    yield await measureIdle(quick ? 5_000 : 30_000);
  },
  async *limiter(sink) {
    yield* await measureLimiter(sink, quick ? 5_000 : 20_000);
  },
};

function progress({ bench, case: name, figures }: Result): void {
  process.stderr.write(`  ${bench}: ${name}: ${JSON.stringify(figures)}\n`);
}

function chosen(): BenchName[] {
  const unknown = options.only.filter((name) => !(benchNames as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new Error(`There is no bench ${unknown.join(", ")}: ${benchNames.join(", ")}.`);
  return benchNames.filter((name) => options.only.length === 0 || options.only.includes(name));
}

async function main(): Promise<void> {
  const sink = await startSink();
  const results: Result[] = [];
  try {
    for (const name of chosen()) {
      for await (const result of measures[name](sink)) {
        results.push(result);
        process.stdout.write(`${JSON.stringify({ ...result, met: isMet(result) })}\n`);
      }
    }
  } finally {
    sink.stop();
    await stopPostgres();
    process.stderr.write(`\n${formatTable(results)}\n`);
  }
  if (!results.every(isMet)) process.exitCode = 2;
}

if (options.help) process.stdout.write(help);
else await main();
