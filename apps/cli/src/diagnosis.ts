/**
 * What `doctor` finds, judged: pure functions from gathered facts to lines of ok, warning and failure.
 *
 * @packageDocumentation
 */
import type { Conservation, EndpointWarnings } from "@postrider/contract";
import type { ProcessStatus, Status } from "./api-client.ts";
import type { Check } from "./check.ts";
import { warningChecks } from "./endpoint-checks.ts";
import type { CliError } from "./exit.ts";
import { counted, grouped } from "./render/text.ts";
import { duration } from "./render/time.ts";
import type { ClientSettings } from "./settings.ts";

/** An answer, or the error in its place. */
export type Gathered<T> = { readonly value: T } | { readonly error: CliError };

export interface DoctorFacts {
  readonly settings: ClientSettings;
  readonly dataDir: string;
  /** Permission bits of the file with the API key; null if there is none. */
  readonly keyFileMode: number | null;
  /** When status was asked for and answered: the ledger's clock was read somewhere between. */
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly status: Gathered<Status>;
  readonly conservation: Gathered<Conservation>;
  readonly warnings: Gathered<EndpointWarnings>;
}

/** Clocks further apart than this make signatures fail at strict partners sooner (tolerance is 5 minutes). */
const skewWarningMs = 5_000;
const skewFailureMs = 60_000;
const progressFailureMs = 30_000;
const backlogWarningMs = 60_000;
const backlogFailureMs = 3_600_000;

/** Judges all facts, in the order a person would look. */
export function diagnose(facts: DoctorFacts): readonly Check[] {
  const checks: (Check | null)[] = [settingsCheck(facts), keyFileCheck(facts), serverCheck(facts)];
  if ("value" in facts.status) {
    const status = facts.status.value;
    checks.push(
      ledgerCheck(status),
      redisCheck(status),
      ...clockChecks(facts, status),
      processesCheck(status),
      ...conditionChecks(status),
      dispatcherCheck(status),
      backlogCheck(status),
      vacuumCheck(status),
      keysCheck(status),
      numbersCheck(status),
      endpointsCheck(status),
    );
  }
  // An older server does not know this question; that is no fault.
  if ("value" in facts.warnings) checks.push(...warningChecks(facts.warnings.value));
  if ("value" in facts.conservation) checks.push(conservationCheck(facts.conservation.value));
  else if ("value" in facts.status) {
    const { code } = facts.conservation.error;
    checks.push({
      name: "conservation",
      verdict: code === "too_slow" || code === "busy" ? "warning" : "failure",
      found: facts.conservation.error.message,
      remedy: countRemedy(facts.conservation.error),
    });
  }
  return checks.filter((check) => check !== null);
}

/** Nothing is wrong with a ledger that is only too large to be counted just now. */
function countRemedy({ code, hint }: CliError): string {
  if (code === "too_slow")
    return "It is too large to be counted within the time limit for reads. Nothing is lost.";
  if (code === "busy") return "Too many reads at once: ask again in a moment.";
  return hint ?? "The ledger could not be counted; see the server's log.";
}

function settingsCheck({ settings }: DoctorFacts): Check {
  const key =
    settings.apiKey === null ? `no API key (${settings.apiKeyFrom})` : `API key from ${settings.apiKeyFrom}`;
  const found = `${settings.url} (${settings.urlFrom}), ${key}`;
  if (settings.apiKey !== null) return { name: "settings", verdict: "ok", found };
  return {
    name: "settings",
    verdict: "failure",
    found,
    remedy:
      "Give it with POSTRIDER_API_KEY or --api-key, or run this command beside the data folder (POSTRIDER_DATA_DIR).",
  };
}

function keyFileCheck({ keyFileMode, dataDir }: DoctorFacts): Check | null {
  if (keyFileMode === null) return null;
  if ((keyFileMode & 0o077) === 0)
    return { name: "key file", verdict: "ok", found: `${dataDir} keeps its keys to its owner` };
  return {
    name: "key file",
    verdict: "warning",
    found: `others on this machine can read the key in ${dataDir}`,
    remedy: `chmod -R go= ${dataDir}`,
  };
}

function serverCheck({ settings, status, askedMs, answeredMs }: DoctorFacts): Check {
  if ("value" in status)
    return { name: "server", verdict: "ok", found: `answers in ${duration(answeredMs - askedMs)}` };
  const remedy = status.error.hint;
  return {
    name: "server",
    verdict: "failure",
    found: status.error.message,
    ...(remedy === undefined ? { remedy: `See the log of the server at ${settings.url}.` } : { remedy }),
  };
}

function ledgerCheck({ ledger, turns }: Status): Check {
  const name = "ledger";
  const id = ledger.id === undefined ? "" : `, id ${ledger.id}`;
  const found = `${ledger.adapter}, ${ledger.version}, migration ${ledger.migration}${id}, turns ${turns.adapter}`;
  if (ledger.copied !== true) return { name, verdict: "ok", found };
  return {
    name,
    verdict: "warning",
    found: `${found}; it is a copy of another ledger, and nothing is sent from it`,
    remedy: `If it replaces the original, stop the original and start once with POSTRIDER_ADOPT_LEDGER=${ledger.id}, and restart its other processes.`,
  };
}

function redisCheck({ turns }: Status): Check | null {
  if (turns.adapter !== "redis" || turns.reach === undefined) return null;
  const found = `rings reach ${turns.reach === "cluster" ? "every process" : "this process only"}`;
  if (!turns.fault) return { name: "redis", verdict: "ok", found };
  return { name: "redis", verdict: "warning", found, remedy: turns.fault };
}

function clockChecks({ askedMs, answeredMs }: DoctorFacts, { clock }: Status): readonly Check[] {
  // Half of the exchange is the best guess at when the server looked at the ledger's clock.
  const here = Date.parse(clock.ledger_time) - (askedMs + answeredMs) / 2;
  return [
    skewCheck("clock, here and ledger", here, {
      failsFromMs: skewFailureMs,
      remedy:
        "Everything follows the ledger's clock. Set the clocks with NTP: if the ledger's is wrong, partners refuse signatures.",
    }),
    skewCheck("clock, server and ledger", clock.skew_ms, {
      failsFromMs: Number.POSITIVE_INFINITY,
      remedy:
        "Deliveries follow the ledger's clock, so they are on time if that one is right. Set the clocks with NTP: times in this server's log are wrong.",
    }),
  ];
}

function skewCheck(
  name: string,
  skewMs: number,
  { failsFromMs, remedy }: { readonly failsFromMs: number; readonly remedy: string },
): Check {
  const found = `${duration(skewMs)} apart`;
  const away = Math.abs(skewMs);
  if (away < skewWarningMs) return { name, verdict: "ok", found };
  return { name, verdict: away < failsFromMs ? "warning" : "failure", found, remedy };
}

/** Who is there. Null from an older server, which does not know. */
function processesCheck({ processes }: Status): Check | null {
  if (processes === undefined || processes.length === 0) return null;
  const dispatching = processes.filter((one) => one.dispatching).length;
  const versions = [...new Set(processes.map(({ version }) => version ?? "an unknown version"))];
  const found = `${counted(processes.length, "process", "processes")}, ${dispatching} of them ${dispatching === 1 ? "dispatches" : "dispatch"}, ${versions.join(" and ")}`;
  return { name: "processes", verdict: "ok", found };
}

/** What is not as it should be with a process of the ledger: a line for each. Its words have the remedy. */
function conditionChecks({ processes = [] }: Status): readonly Check[] {
  return processes.flatMap(({ name, self, conditions }) =>
    conditions
      // The clocks of the process that answers have lines of their own.
      .filter((condition) => !(self && condition.name === "clock_off"))
      .map(
        (condition): Check => ({
          name: condition.name,
          verdict: "warning",
          found: `process ${name}${self ? " (which answers here)" : ""}, since ${condition.since}`,
          remedy: condition.message,
        }),
      ),
  );
}

function dispatcherCheck({ dispatcher, clock, processes }: Status): Check {
  const name = "dispatcher";
  if (!dispatcher.dispatching) return elsewhereCheck(name, processes);
  const work = `${counted(dispatcher.in_flight, "request")} in flight, ${counted(dispatcher.turns_active, "turn")} active, ${dispatcher.turns_waiting} waiting`;
  if (dispatcher.last_progress_at === null) return { name, verdict: "ok", found: `has just begun, ${work}` };
  const idleMs = Math.max(0, Date.parse(clock.ledger_time) - Date.parse(dispatcher.last_progress_at));
  const found = `last progress ${duration(idleMs)} ago, ${work}`;
  if (idleMs < progressFailureMs) return { name, verdict: "ok", found };
  return {
    name,
    verdict: "failure",
    found,
    remedy: "It does not progress: see the server's log, and restart the server. A restart loses nothing.",
  };
}

/** The process that answers does not dispatch: others may. */
function elsewhereCheck(name: string, processes: readonly ProcessStatus[] | undefined): Check {
  const here = "this process does not dispatch";
  const others = (processes ?? []).filter((one) => one.dispatching).map((one) => one.name);
  if (others.length > 0)
    return {
      name,
      verdict: "ok",
      found: `${here}; ${others.join(", ")} ${others.length === 1 ? "does" : "do"}`,
    };
  const remedy = "Start a process with the role worker: POSTRIDER_ROLES=api,worker.";
  if (processes !== undefined)
    return { name, verdict: "failure", found: `${here}, and no other does: nothing is sent`, remedy };
  return {
    name,
    verdict: "warning",
    found: here,
    remedy: `If no other process does, nothing is sent. ${remedy}`,
  };
}

function backlogCheck({ backlog, clock }: Status): Check {
  const name = "backlog";
  const waiting = `${counted(backlog.pending, "delivery", "deliveries")} waiting`;
  const ageMs =
    backlog.oldest_due_at === null ? 0 : Date.parse(clock.ledger_time) - Date.parse(backlog.oldest_due_at);
  if (ageMs <= 0) return { name, verdict: "ok", found: `${waiting}, none overdue` };
  const found = `${waiting}, the oldest overdue by ${duration(ageMs)}`;
  if (ageMs < backlogWarningMs) return { name, verdict: "ok", found };
  return {
    name,
    verdict: ageMs < backlogFailureMs ? "warning" : "failure",
    found,
    remedy:
      "A partner is slow or failing, or its limit is below its traffic. See: postrider partners, postrider deliveries --state pending.",
  };
}

/** So many removed rows are of the last seconds; what the role may not see is worth a line beyond them. */
const manyDeadRows = 100_000;

/** Only a problem gets a line. */
function vacuumCheck({ vacuum, clock }: Status): Check | null {
  if (vacuum === undefined) return null;
  const name = "vacuum";
  const { held_back_by: holders, unseen, dead_pending: dead } = vacuum;
  const rows = `${counted(dead, "deleted row")} of waiting deliveries not removed`;
  const [first] = holders;
  if (first !== undefined) {
    const age =
      first.since === null
        ? ""
        : `, for ${duration(Date.parse(clock.ledger_time) - Date.parse(first.since))}`;
    const others = holders.length === 1 ? "" : `, and ${holders.length - 1} more`;
    return {
      name,
      verdict: "warning",
      found: `held back by ${first.found}${age}${others}: ${rows}`,
      remedy: first.remedy,
    };
  }
  if (unseen === 0 || dead < manyDeadRows) return null;
  return {
    name,
    verdict: "warning",
    found: `${rows}, and ${counted(unseen, "session")} of other roles may hold them, but Postrider has no right to look`,
    remedy: "Give it the right: grant pg_monitor to <the role in DATABASE_URL>.",
  };
}

/** Only a problem gets a line: an endpoint that cannot be signed for gets nothing. */
function keysCheck({ signing_keys_missing: missing = [] }: Status): Check | null {
  const [first] = missing;
  if (first === undefined) return null;
  const names = missing.map(({ partner, endpoint, scheme }) => `${partner}/${endpoint} (${scheme})`);
  return {
    name: "signing keys",
    verdict: "failure",
    found: `nothing is sent to ${counted(names.length, "endpoint")} whose signing asks for a key that the partner does not have: ${names.join(", ")}`,
    remedy: `Make the key: postrider partners rotate-secret ${first.partner} --scheme ${first.scheme}. Or remove the scheme: postrider endpoints put ${first.partner} ${first.endpoint} --signing …`,
  };
}

/** Only a problem gets a line. */
function numbersCheck({ numbers_running_out: counters = [] }: Status): Check | null {
  const [furthest] = counters;
  if (furthest === undefined) return null;
  const names = counters.map(({ counter, used }) => `${counter} (${Math.floor(used * 100)} % used)`);
  return {
    name: "numbers",
    verdict: furthest.used >= 0.95 ? "failure" : "warning",
    found: `counters of the ledger come to their end: ${names.join(", ")}`,
    remedy:
      "At the end nothing new can be made; deliveries go on. The guide says what to do: Operating, Numbers that run out.",
  };
}

function endpointsCheck({ endpoints }: Status): Check {
  const name = "endpoints";
  const { paused = 0, open, half_open, ramping, failing, refusing } = endpoints;
  const heldBack = [
    [paused, "paused"],
    [open + half_open, "with an open circuit"],
    [refusing, refusing === 1 ? "that refuses every request" : "that refuse every request"],
  ] as const;
  const retried = [
    [failing, "failing"],
    [ramping, "coming back"],
  ] as const;
  const wordsOf = (counts: readonly (readonly [number, string])[]) =>
    counts.filter(([n]) => n > 0).map(([n, what]) => `${grouped(n)} ${what}`);
  const held = wordsOf(heldBack);
  const going = wordsOf(retried);
  if (held.length === 0)
    return {
      name,
      verdict: "ok",
      found:
        going.length === 0
          ? "none is held back or refuses"
          : `none is held back or refuses; ${going.join(", ")}`,
    };
  const resume = paused === 0 ? "" : " To resume a paused one: postrider endpoints resume <id> <endpoint>.";
  return {
    name,
    verdict: "warning",
    found: [...held, ...going].join(", "),
    remedy: `See which: postrider partners, postrider partners show <id>.${resume}`,
  };
}

function conservationCheck({ accepted, pending, finished, drift }: Conservation): Check {
  const terminal = Object.values(finished).reduce((sum, n) => sum + n, 0);
  const states = Object.entries(finished)
    .filter(([, n]) => n > 0)
    .map(([state, n]) => `${grouped(n)} ${state}`);
  const found = `${grouped(accepted)} accepted = ${grouped(terminal)} terminal + ${grouped(pending)} pending${states.length === 0 ? "" : ` (${states.join(", ")})`}`;
  if (drift === 0 && accepted === terminal + pending) return { name: "conservation", verdict: "ok", found };
  return {
    name: "conservation",
    verdict: "failure",
    found: `${found.replace(" = ", " is not ")}: ${grouped(Math.abs(accepted - terminal - pending) || Math.abs(drift))} unaccounted for`,
    remedy:
      "Deliveries were lost or doubled in the ledger. Keep its backups and the server's logs, and report this: it must never happen.",
  };
}
