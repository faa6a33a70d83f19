/**
 * What `doctor` finds, judged: pure functions from gathered facts to lines of ok, warning and failure.
 *
 * @packageDocumentation
 */
import type { Conservation, EndpointWarnings, Status } from "./api-client.ts";
import type { CliError } from "./exit.ts";
import { counted, grouped } from "./render/text.ts";
import { duration } from "./render/time.ts";
import type { ClientSettings } from "./settings.ts";

export type Verdict = "ok" | "warning" | "failure";

export interface Check {
  readonly name: string;
  readonly verdict: Verdict;
  readonly found: string;
  /** What to do, for a warning or failure. */
  readonly remedy?: string;
}

/** An answer, or the error in its place. */
export type Gathered<T> = { readonly value: T } | { readonly error: CliError };

export interface DoctorFacts {
  readonly settings: ClientSettings;
  readonly dataDir: string;
  /** Permission bits of the file with the API key; null if there is none. */
  readonly keyFileMode: number | null;
  /** When status was asked for and answered: the server's clock is somewhere between. */
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
      dispatcherCheck(status),
      backlogCheck(status),
      keysCheck(status),
      endpointsCheck(status),
    );
  }
  // An older server does not know this question; that is no fault.
  if ("value" in facts.warnings) checks.push(macrosCheck(facts.warnings.value));
  if ("value" in facts.conservation) checks.push(conservationCheck(facts.conservation.value));
  else if ("value" in facts.status) {
    checks.push({
      name: "conservation",
      verdict: "failure",
      found: facts.conservation.error.message,
      remedy: "The ledger could not be counted; see the server's log.",
    });
  }
  return checks.filter((check) => check !== null);
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
      "Give it by POSTRIDER_API_KEY or --api-key, or run this beside the data folder (POSTRIDER_DATA_DIR).",
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
  return {
    name: "ledger",
    verdict: "ok",
    found: `${ledger.adapter}, ${ledger.version}, migration ${ledger.migration}, turns ${turns.adapter}`,
  };
}

function redisCheck({ turns }: Status): Check | null {
  if (turns.adapter !== "redis" || turns.reach === undefined) return null;
  const found = `rings reach ${turns.reach === "cluster" ? "every process" : "this process only"}`;
  if (!turns.fault) return { name: "redis", verdict: "ok", found };
  return { name: "redis", verdict: "warning", found, remedy: turns.fault };
}

function clockChecks({ askedMs, answeredMs }: DoctorFacts, { clock }: Status): readonly Check[] {
  // Half of the exchange is the best guess at when the server looked at its clock.
  const here = Date.parse(clock.server_time) - (askedMs + answeredMs) / 2;
  return [skewCheck("clock, here and server", here), skewCheck("clock, server and ledger", clock.skew_ms)];
}

function skewCheck(name: string, skewMs: number): Check {
  const found = `${duration(skewMs)} apart`;
  const away = Math.abs(skewMs);
  if (away < skewWarningMs) return { name, verdict: "ok", found };
  return {
    name,
    verdict: away < skewFailureMs ? "warning" : "failure",
    found,
    remedy:
      "Set the clocks by NTP: partners refuse signatures whose timestamp is minutes off, and retries come at wrong times.",
  };
}

function dispatcherCheck({ dispatcher, clock }: Status): Check {
  const name = "dispatcher";
  if (!dispatcher.dispatching) {
    return {
      name,
      verdict: "warning",
      found: "this process does not dispatch",
      remedy: "If no other process has the role worker, nothing is sent: POSTRIDER_ROLES=api,worker.",
    };
  }
  const work = `${counted(dispatcher.in_flight, "request")} in flight, ${counted(dispatcher.turns_active, "turn")} active, ${dispatcher.turns_waiting} waiting`;
  if (dispatcher.last_progress_at === null) return { name, verdict: "ok", found: `has just begun, ${work}` };
  const idleMs = Math.max(0, Date.parse(clock.server_time) - Date.parse(dispatcher.last_progress_at));
  const found = `last progress ${duration(idleMs)} ago, ${work}`;
  if (idleMs < progressFailureMs) return { name, verdict: "ok", found };
  return {
    name,
    verdict: "failure",
    found,
    remedy: "It stands still: see the server's log, and restart it. Nothing is lost by a restart.",
  };
}

function backlogCheck({ backlog, clock }: Status): Check {
  const name = "backlog";
  const waiting = `${counted(backlog.pending, "delivery", "deliveries")} waiting`;
  const ageMs =
    backlog.oldest_due_at === null ? 0 : Date.parse(clock.server_time) - Date.parse(backlog.oldest_due_at);
  if (ageMs <= 0) return { name, verdict: "ok", found: `${waiting}, none overdue` };
  const found = `${waiting}, the oldest overdue by ${duration(ageMs)}`;
  if (ageMs < backlogWarningMs) return { name, verdict: "ok", found };
  return {
    name,
    verdict: ageMs < backlogFailureMs ? "warning" : "failure",
    found,
    remedy:
      "A slow or failing partner, or a limit below its traffic: postrider partners, postrider deliveries --state pending.",
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
    remedy: `Make the key: postrider partners rotate-secret ${first.partner} --scheme ${first.scheme}. Or take the scheme out: postrider endpoints put ${first.partner} ${first.endpoint} --signing …`,
  };
}

function endpointsCheck({ endpoints }: Status): Check {
  const name = "endpoints";
  const { paused = 0, open, half_open, ramping, failing, refusing } = endpoints;
  const heldBack = [
    [paused, "paused"],
    [open + half_open, "with an open circuit"],
    [refusing, refusing === 1 ? "that refuses whatever it is sent" : "that refuse whatever they are sent"],
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
  const resume =
    paused === 0 ? "" : " A paused one goes on after: postrider endpoints resume <id> <endpoint>.";
  return {
    name,
    verdict: "warning",
    found: [...held, ...going].join(", "),
    remedy: `See which: postrider partners, postrider partners show <id>.${resume}`,
  };
}

function macrosCheck({ checked, more, warnings }: EndpointWarnings): Check {
  const name = "macros";
  const looked = `${counted(checked, "endpoint")}${more ? ", those changed last," : ""} looked at`;
  const [first] = warnings;
  if (first === undefined) return { name, verdict: "ok", found: `${looked}, nothing to say` };
  const others = warnings.length === 1 ? "" : ` (and ${warnings.length - 1} more)`;
  return {
    name,
    verdict: "warning",
    found: `${first.partner}/${first.endpoint}: ${first.message}${others}`,
    remedy: `Correct the macro: postrider endpoints put ${first.partner} ${first.endpoint} …`,
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
      "Deliveries were lost or doubled in the ledger. Keep its backups and the server's logs, and report it: this must never happen.",
  };
}
