import { hostname } from "node:os";
import { PostriderError } from "@postrider/engine";
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

export type Log = Logger;

/** Lines are gathered to this many bytes before they are written: one system call for many attempts. */
const gatheredBytes = 8_192;
/** And written at the latest after this long, in milliseconds. */
const flushedAfterMs = 500;

/** A log and the way to write out what it still holds. */
export interface OpenLog {
  readonly log: Log;
  readonly flush: () => void;
}

/** JSON lines on standard output (or the given stream), with the level as a word and the time in ISO 8601. */
export function openLog(level: string, stream?: DestinationStream): OpenLog {
  const options = {
    level,
    base: { service: "postrider", pid: process.pid, host: hostname() },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (stream !== undefined) return { log: pino(options, stream), flush() {} };
  const stdout = pino.destination({
    dest: 1,
    sync: false,
    minLength: gatheredBytes,
    periodicFlush: flushedAfterMs,
  });
  return {
    log: pino(options, stdout),
    flush() {
      try {
        stdout.flushSync();
      } catch {
        // Nothing was opened yet, or the reader of our output is gone: there is nobody to tell.
      }
    },
  };
}

/** The parts of an error that may be logged: nothing of its own fields but the code. */
export function loggable(error: unknown): {
  name: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: string;
} {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error).slice(0, 500) };
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  const cause = error.cause instanceof Error ? { cause: error.cause.message.slice(0, 500) } : {};
  const stack =
    error instanceof PostriderError || error.stack === undefined
      ? {}
      : { stack: error.stack.slice(0, 4_000) };
  return { name: error.name, message: error.message.slice(0, 500), ...code, ...cause, ...stack };
}
