/**
 * What `doctor` says of the documents of endpoints.
 *
 * @packageDocumentation
 */
import type { EndpointWarnings } from "@postrider/contract";
import type { Check } from "./check.ts";
import { counted } from "./render/text.ts";

/** Macros get a line always, the rest only if something is wrong. */
export function warningChecks(warnings: EndpointWarnings): readonly (Check | null)[] {
  return [
    macrosCheck(warnings),
    secretsCheck(warnings),
    credentialsCheck(warnings),
    jsonCheck(warnings),
    personalCheck(warnings),
  ];
}

/** Only a problem gets a line: to an endpoint whose secret was never set nothing is sent. */
function secretsCheck({ warnings }: EndpointWarnings): Check | null {
  const missing = warnings.filter(({ code }) => code === "secret_missing");
  const [first] = missing;
  if (first === undefined) return null;
  const names = missing.map(({ partner, endpoint, macro }) => `${partner}/${endpoint} ({${macro}})`);
  return {
    name: "secrets",
    verdict: "failure",
    found: `nothing is sent to ${counted(new Set(missing.map(placeOf)).size, "endpoint")} whose secret was never set: ${someOf(names)}`,
    remedy: `Set it: postrider secrets set ${first.partner} ${first.macro?.replace("secret.", "")}`,
  };
}

/** Only a problem gets a line. It names places, never a credential. */
function credentialsCheck({ warnings }: EndpointWarnings): Check | null {
  const open = warnings.filter(({ code }) => code === "open_credential");
  const [first] = open;
  if (first === undefined) return null;
  const names = [...new Set(open.map(placeOf))];
  return {
    name: "credentials",
    verdict: "warning",
    found: `${counted(names.length, "endpoint")} ${names.length === 1 ? "holds" : "hold"} what looks like a credential in clear: ${someOf(names)}`,
    remedy: `Of ${placeOf(first)}: ${first.message}`,
  };
}

/** Only a problem gets a line: such events are not sent. It names places and macros, never a value. */
function personalCheck({ warnings }: EndpointWarnings): Check | null {
  const found = warnings.filter(({ code }) => code === "personal_data" || code === "personal_literal");
  // Events that are not sent come first.
  const first = found.find(({ code }) => code === "personal_data") ?? found[0];
  if (first === undefined) return null;
  const names = [...new Set(found.map(placeOf))];
  return {
    name: "personal data",
    verdict: "warning",
    found: `in ${counted(names.length, "endpoint")}: ${someOf(names)}`,
    remedy: `Of ${placeOf(first)}: ${first.message}`,
  };
}

/** Only a problem gets a line. */
function jsonCheck({ warnings }: EndpointWarnings): Check | null {
  const written = warnings.filter(({ code }) => code === "handwritten_json");
  const [first] = written;
  if (first === undefined) return null;
  const names = [...new Set(written.map(placeOf))];
  return {
    name: "json texts",
    verdict: "warning",
    found: `${counted(names.length, "endpoint")} ${names.length === 1 ? "has" : "have"} JSON text written by hand beside macros: ${someOf(names)}`,
    remedy: `Of ${placeOf(first)}: ${first.message}`,
  };
}

const placeOf = ({ partner, endpoint }: { readonly partner: string; readonly endpoint: string }): string =>
  `${partner}/${endpoint}`;

const mostNamed = 10;
const someOf = (names: readonly string[]): string =>
  names.length <= mostNamed
    ? names.join(", ")
    : `${names.slice(0, mostNamed).join(", ")} and ${names.length - mostNamed} more`;

function macrosCheck({ checked, more, warnings: all }: EndpointWarnings): Check {
  // An older server knows no other warnings, and gives no code.
  const warnings = all.filter(({ code }) => code === undefined || code === "unfilled_macro");
  const name = "macros";
  const looked = `${counted(checked, "endpoint")}${more ? ", those changed last," : ""} looked at`;
  const [first] = warnings;
  if (first === undefined) return { name, verdict: "ok", found: `${looked}, nothing found` };
  const others = warnings.length === 1 ? "" : ` (and ${warnings.length - 1} more)`;
  return {
    name,
    verdict: "warning",
    found: `${first.partner}/${first.endpoint}: ${first.message}${others}`,
    remedy: `Correct the macro: postrider endpoints put ${first.partner} ${first.endpoint} …`,
  };
}
