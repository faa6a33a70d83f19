import {
  type AnyProtocolError,
  type HeaderPrefix,
  type HeaderSource,
  isProtocolError,
  readHeaders,
} from "@postrider/protocol";
import type { DoctorCause, Finding } from "./finding.ts";

/** What the headers say, and headers under the right names to go on with, if there are any. */
export interface HeaderReport {
  findings: Finding[];
  /** Undefined: no signature can be checked. */
  usable: HeaderSource | undefined;
}

const parts = ["id", "timestamp", "signature"] as const;

/** Looks for missing, renamed, repeated and malformed headers. */
export function inspectHeaders(headers: HeaderSource, prefix: HeaderPrefix): HeaderReport {
  const error = problemOf(headers, prefix);
  if (error === undefined) return { findings: [], usable: headers };
  if (error.code !== "header_missing") return { findings: [ofError(error)], usable: undefined };

  const all = pairsOf(headers);
  const findings: Finding[] = [];
  const found: Array<[string, string]> = [];
  for (const part of parts) {
    const expected = prefix + part;
    const exact = all.find(([name, value]) => name.toLowerCase() === expected && value !== "");
    const [name, value] = exact ?? all.find((pair) => isRenamed(pair, part)) ?? [];
    if (name === undefined || value === undefined) findings.push(missing(expected));
    else found.push([expected, value]);
    if (exact === undefined && name !== undefined) findings.push(renamed(expected, name));
  }
  const complete = found.length === parts.length && problemOf(found, prefix) === undefined;
  return { findings, usable: complete ? found : undefined };
}

function problemOf(headers: HeaderSource, prefix: HeaderPrefix): AnyProtocolError | undefined {
  try {
    readHeaders(headers, prefix);
    return undefined;
  } catch (error) {
    if (isProtocolError(error)) return error;
    throw error;
  }
}

/** `x-webhook-id`, `webhook_id`, `HTTP_WEBHOOK_ID`, `svix-id`: the same words with something around or between. */
function isRenamed([name, value]: readonly [string, string], part: (typeof parts)[number]): boolean {
  const words = name.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  const fits = { id: /^[!-+\--~]{1,256}$/, timestamp: /^\d{9,14}$/, signature: /^v\d+[a-z]*,/ }[part].test(
    value,
  );
  return fits && new RegExp(`(?:^|-)(?:webhook|svix)-?${part}(?:-|$)`).test(words);
}

function pairsOf(headers: HeaderSource): Array<readonly [string, string]> {
  const pairs = Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  return pairs.flatMap(([name, value]) => {
    const texts: unknown[] = Array.isArray(value) ? value : [value];
    return texts.filter((text) => typeof text === "string").map((text) => [name, text] as const);
  });
}

function missing(header: string): Finding {
  const message = `The header ${header} did not arrive, under no similar name either: check that the request is the sender's, and that proxies, gateways and middleware pass headers on.`;
  return { cause: "header_missing", message, details: { header } };
}

function renamed(expected: string, found: string): Finding {
  const name = found.replaceAll(/[^\w-]/g, "?").slice(0, 60);
  const hint = /^svix-/i.test(found)
    ? 'Set headerPrefix to "svix-".'
    : "Let the proxy or framework pass it on unchanged, or map it back.";
  return {
    cause: "header_renamed",
    message: `The header ${expected} arrived as ${name}. ${hint}`,
    details: { expected, found: name },
  };
}

const causes: Partial<Record<AnyProtocolError["code"], DoctorCause>> = {
  timestamp_in_milliseconds: "timestamp_in_milliseconds",
  header_duplicated: "header_duplicated",
};

function ofError(error: AnyProtocolError): Finding {
  return {
    cause: causes[error.code] ?? "header_malformed",
    message: error.message,
    details: { code: error.code },
  };
}
