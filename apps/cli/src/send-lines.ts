import type { AcceptResult } from "@postrider/engine";
import pRetry from "p-retry";
import { CliError } from "./exit.ts";
import { notUtf8 } from "./input.ts";

/** Events of one request, and requests at once. */
const batchEvents = 500;
const batchesInFlight = 2;
/** A batch ends before it would pass this many characters, to stay under the server's body limit. */
const batchCharacters = 700_000;
/** Listed at most; the counts go on. */
const problemsKept = 1_000;

interface Problem {
  /** 1-based line of the file. */
  readonly line: number;
  readonly event_id: string | null;
  readonly status: Exclude<AcceptResult["status"], "accepted" | "duplicate">;
  readonly error: string | null;
}

type SendCounts = Record<AcceptResult["status"], number>;

export interface SendReport {
  /** Events that have a result. */
  readonly done: number;
  readonly counts: SendCounts;
  readonly problems: readonly Problem[];
  /** Why it ended before the last line, or null. */
  readonly stopped: CliError | null;
}

export interface SendOptions {
  readonly accept: (eventTexts: readonly string[]) => Promise<readonly AcceptResult[]>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly counts: Readonly<SendCounts> }) => void;
}

interface Line {
  readonly number: number;
  readonly text: string;
}

/**
 * Sends event documents, one JSON text a line, in batches with two in flight. Lines that are no JSON object, and lines
 * that are not UTF-8 (null), are counted as invalid without being sent; the others are. A fault that passes (the server restarting) is retried with the same events,
 * which cannot double them.
 *
 * @example const { counts } = await sendLines(lines, { accept, signal, onProgress: () => {} })
 */
export async function sendLines(
  lines: AsyncIterable<string | null>,
  options: SendOptions,
): Promise<SendReport> {
  const counts: SendCounts = { accepted: 0, duplicate: 0, conflict: 0, invalid: 0, backlog_full: 0 };
  const problems: Problem[] = [];
  let done = 0;
  let stopped: CliError | null = null;
  const settle = (
    line: Line,
    status: AcceptResult["status"],
    eventId: string | null,
    error: string | null,
  ) => {
    counts[status] += 1;
    done += 1;
    if (status !== "accepted" && status !== "duplicate" && problems.length < problemsKept) {
      problems.push({ line: line.number, event_id: eventId, status, error });
    }
  };
  const flights = new Set<Promise<void>>();
  const fly = async (batch: readonly Line[]) => {
    const results = await acceptPersistently(batch, options);
    for (const [index, line] of batch.entries()) {
      const result = results[index];
      if (result === undefined)
        throw new CliError("failed", "The server's answer has fewer results than events.", {
          code: "unexpected_answer",
        });
      settle(line, result.status, result.event_id || null, result.error ?? null);
    }
    options.onProgress({ done, counts });
  };
  const launch = async (batch: readonly Line[]) => {
    const flight: Promise<void> = fly(batch).then(
      () => void flights.delete(flight),
      (error: unknown) => {
        flights.delete(flight);
        stopped ??=
          error instanceof CliError ? error : new CliError("failed", String(error), { cause: error });
      },
    );
    flights.add(flight);
    while (flights.size >= batchesInFlight) await Promise.race(flights);
  };
  try {
    for await (const batch of batches(lines, (line, error) => settle(line, "invalid", null, error))) {
      if (stopped !== null || options.signal.aborted) break;
      await launch(batch);
    }
  } catch (error) {
    stopped ??= error instanceof CliError ? error : new CliError("failed", String(error), { cause: error });
  }
  await Promise.all(flights);
  if (options.signal.aborted) stopped ??= new CliError("interrupted", "Interrupted.");
  problems.sort((a, b) => a.line - b.line);
  return { done, counts, problems, stopped };
}

async function* batches(
  lines: AsyncIterable<string | null>,
  refuse: (line: Line, error: string) => void,
): AsyncIterable<readonly Line[]> {
  let batch: Line[] = [];
  let characters = 0;
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text === null) {
      refuse({ number, text: "" }, notUtf8);
      continue;
    }
    if (text.trim() === "") continue;
    const fault = faultOf(text);
    if (fault !== null) {
      refuse({ number, text }, fault);
      continue;
    }
    if (batch.length === batchEvents || (batch.length > 0 && characters + text.length > batchCharacters)) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push({ number, text });
    characters += text.length;
  }
  if (batch.length > 0) yield batch;
}

function faultOf(text: string): string | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? null
      : "not a JSON object";
  } catch (error) {
    return error instanceof Error ? error.message : "not JSON";
  }
}

const passing = new Set([
  "ledger_unavailable",
  "ledger_full",
  "ledger_read_only",
  "shutting_down",
  "rate_limited",
  "unreachable",
]);

function acceptPersistently(
  batch: readonly Line[],
  { accept, signal }: SendOptions,
): Promise<readonly AcceptResult[]> {
  const texts = batch.map((line) => line.text);
  return pRetry(() => accept(texts), {
    retries: 4,
    minTimeout: 200,
    factor: 3,
    signal,
    shouldRetry: ({ error }) => error instanceof CliError && passing.has(error.code),
  });
}
