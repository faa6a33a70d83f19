import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { existsSync } from "node:fs";
import { basename, relative } from "node:path";
import type { WriteStream } from "node:tty";
import type { Context, Output } from "./context.ts";

/**
 * The context of a real process. The first Ctrl-C (or SIGTERM) aborts `signal`, so that work under way ends well; the
 * second leaves at once with 130.
 */
export function processContext(process: NodeJS.Process): Context {
  const abort = new AbortController();
  const interrupt = () => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort(new Error("Interrupted."));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return {
    stdout: output(process.stdout, process),
    stderr: output(process.stderr, process),
    stdin: { isTTY: process.stdin.isTTY, bytes: process.stdin },
    env: process.env,
    cwd: process.cwd(),
    now: () => Date.now(),
    newId: () => randomUUID(),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    signal: abort.signal,
    ask: (question) => asked(process, question, abort.signal, { output: process.stderr }),
    askHidden: async (question) => {
      process.stderr.write(question);
      try {
        // The terminal itself must not show the keys, and the lines write them to nowhere.
        return await asked(process, "", abort.signal, { output: nowhere(), terminal: true });
      } finally {
        process.stderr.write("\n");
      }
    },
    self: selfOf(process),
  };
}

/** @param echo where the question is shown, and what is typed if a terminal is behind it */
async function asked(
  process: NodeJS.Process,
  question: string,
  signal: AbortSignal,
  echo: { readonly output: NodeJS.WritableStream; readonly terminal?: boolean },
): Promise<string> {
  const lines = createInterface({ input: process.stdin, ...echo });
  // Of a terminal that is read key by key, Ctrl-C is a key.
  lines.once("SIGINT", () => process.emit("SIGINT"));
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
  }
}

/** Shows nothing. */
const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

function output(stream: WriteStream, process: NodeJS.Process): Output {
  // A reader that went away (`postrider deliveries | head`) is no fault.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY,
    colour: stream.isTTY && stream.hasColors({ ...process.env }) && !process.env["NO_COLOR"],
    get columns() {
      return stream.columns > 0 ? stream.columns : 80;
    },
  };
}

/** In a checkout there is no `postrider` on the PATH, and the system's Node may be too old for its sources. */
function selfOf(process: NodeJS.Process): string {
  const entry = process.argv[1] ?? "postrider";
  if (!entry.endsWith(".ts")) return basename(entry);
  const pinned = "node_modules/.bin/node";
  return `${existsSync(pinned) ? pinned : "node"} ${relative(process.cwd(), entry)}`;
}
