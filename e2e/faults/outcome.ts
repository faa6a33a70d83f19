/** What a scenario found, and how it is judged. */
export interface Outcome {
  readonly scenario: string;
  readonly topology: string;
  /** Acknowledged by the API. */
  readonly events: number;
  /** Faults done to the system, kills of processes among them. */
  readonly faults: number;
  readonly kills: number;
  /** Acknowledged and never received. */
  readonly lost: number;
  /** Acknowledged with a 2xx and not in the ledger. */
  readonly unbacked: number;
  /** Receptions beyond the first, and those that no fault explains. */
  readonly duplicates: number;
  readonly unexplained: number;
  /** What was received and not recorded at the faults; duplicates stay within it. */
  readonly bound: number;
  /** What the documented limits of the processes concerned add up to. */
  readonly documentedBound: number;
  /** The furthest that accepted − pending − finished was from 0. */
  readonly drift: number;
  /** Requests over the fullest window's limit; null where nothing is limited. */
  readonly overLimit: number | null;
  /** The longest that a partner with a backlog got nothing, outside faults that last. */
  readonly recoverySeconds: number;
  /** Log lines of one process in one second, at most; and all of them. */
  readonly logPeak: number;
  readonly logLines: number;
  /** Still waiting at the end for partners that answer. */
  readonly stuck: number;
  /** Other figures of the scenario, units in their names. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** What is wrong, in words; empty where the scenario passed. */
  readonly failures: readonly string[];
}

const recoverySecondsAtMost = 10;
/** One process, one second. A fault is one line per place in 10 s; a start and a refused start are a few. */
const logPeakLimit = 25;

/**
 * The rules that hold for every scenario.
 *
 * @param recoveryLimitSeconds more where the run shares its machine with others and only hangs are looked for
 * @returns one line for each that is broken
 */
export function brokenRules(
  found: Omit<Outcome, "failures">,
  recoveryLimitSeconds = recoverySecondsAtMost,
): string[] {
  const rules: readonly [boolean, string][] = [
    [found.lost === 0, `${found.lost} acknowledged events never arrived`],
    [found.unbacked === 0, `${found.unbacked} events were acknowledged that the ledger does not have`],
    [found.unexplained === 0, `${found.unexplained} duplicates came without a fault that explains them`],
    [
      found.duplicates <= found.bound,
      `${found.duplicates} duplicates, and only ${found.bound} requests were unrecorded at the faults`,
    ],
    [
      found.bound <= found.documentedBound,
      `${found.bound} requests were unrecorded at the faults, more than the documented ${found.documentedBound}`,
    ],
    [found.drift === 0, `conservation was off by ${found.drift}`],
    [(found.overLimit ?? 0) <= 0, `${found.overLimit} requests over a partner's limit in a window`],
    [
      found.recoverySeconds <= recoveryLimitSeconds,
      `a partner with a backlog got nothing for ${found.recoverySeconds} s`,
    ],
    [found.logPeak <= logPeakLimit, `a process logged ${found.logPeak} lines in one second`],
    [found.stuck === 0, `${found.stuck} deliveries still waited at the end`],
  ];
  return rules.flatMap(([holds, words]) => (holds ? [] : [words]));
}

/** The outcome of a scenario that did not come to its end: nothing was shown. */
export function brokenRun(scenario: string, topology: string, failure: string): Outcome {
  return {
    scenario,
    topology,
    events: 0,
    faults: 0,
    kills: 0,
    lost: 0,
    unbacked: 0,
    duplicates: 0,
    unexplained: 0,
    bound: 0,
    documentedBound: 0,
    drift: 0,
    overLimit: null,
    recoverySeconds: 0,
    logPeak: 0,
    logLines: 0,
    stuck: 0,
    figures: {},
    failures: [failure],
  };
}

const columns: readonly (readonly [string, (outcome: Outcome) => string | number])[] = [
  ["topology", ({ topology }) => topology],
  ["scenario", ({ scenario }) => scenario],
  ["events", ({ events }) => events],
  ["faults", ({ faults }) => faults],
  ["kills", ({ kills }) => kills],
  ["lost", ({ lost }) => lost],
  ["duplicates", ({ duplicates }) => duplicates],
  ["bound", ({ bound }) => bound],
  ["drift", ({ drift }) => drift],
  ["over limit", ({ overLimit }) => (overLimit === null ? "-" : Math.max(0, overLimit))],
  ["recovery s", ({ recoverySeconds }) => recoverySeconds],
  ["log lines/s", ({ logPeak }) => logPeak],
  ["verdict", ({ failures }) => (failures.length === 0 ? "pass" : "FAIL")],
];

/** One table for people, as Markdown, and under it what failed. */
export function formatTable(outcomes: readonly Outcome[]): string {
  const rows = [
    columns.map(([name]) => name),
    ...outcomes.map((outcome) => columns.map(([, cell]) => String(cell(outcome)))),
  ];
  const widths = columns.map((_, n) => Math.max(...rows.map((row) => row[n]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, n) => cell.padEnd(widths[n]!)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  const failures = outcomes.flatMap(({ scenario, topology, failures }) =>
    failures.map((words) => `${topology} ${scenario}: ${words}`),
  );
  return [line(head), rule, ...body.map(line), ...(failures.length > 0 ? ["", ...failures] : [])].join("\n");
}
