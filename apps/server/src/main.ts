/** The server's entry: settings in, a running server out, and a graceful end on SIGTERM or SIGINT. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunningServer } from "./server.ts";

/** A stop may take so much longer than its grace: closing what is left takes a moment. */
const stopSlackMs = 5_000;

// Before the other modules are loaded: compiling them was a quarter of the processor time of a start (0.65 of 2.3 s).
// Beside the code, since whoever may write there is trusted as the code is; the default is a folder all may write to.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compile", import.meta.url)));
// Before all that takes long: a signal that comes during the start must not be lost.
const signals = hearSignals();
const { PostriderError } = await import("@postrider/engine");
const { boundHeap } = await import("./heap.ts");
const { readSettings } = await import("./config.ts");
const { startServer } = await import("./server.ts");

try {
  const settings = readSettings(process.env);
  if (settings.roles.worker) boundHeap();
  const server = await startServer(settings);
  if (!signals.stopOnOne(server, settings.shutdownGraceMs + stopSlackMs)) sayReady(server);
} catch (error) {
  if (!(error instanceof PostriderError)) throw error;
  process.stderr.write(`postrider: ${error.message}${error.hint === undefined ? "" : `\n  ${error.hint}`}\n`);
  process.exitCode = 1;
}

/** One line at every level but `silent`: service managers and scripts wait for it. Standard output has JSON lines only. */
function sayReady({ url, description, keys, log, flushLog }: RunningServer): void {
  const lines = log.child({}, log.level === "silent" ? {} : { level: "info" });
  if (keys.apiKeyMade && keys.keptIn === null)
    lines.warn("an API key was made for this run and is kept nowhere: set POSTRIDER_API_KEY to call the API");
  else if (keys.apiKeyMade)
    lines.info({ kept_in: join(keys.keptIn ?? "", "api-key") }, "an API key was made");
  const { ledger, turns } = description;
  lines.info({ url, ledger, turns }, `Postrider is ready on ${url} (ledger: ${ledger}, turns: ${turns})`);
  flushLog();
}

/**
 * The first signal stops gracefully, also if it comes before there is a server; a second one ends the process at once, for
 * when the first takes too long.
 */
function hearSignals() {
  let heard: NodeJS.Signals | null = null;
  let stop: ((signal: NodeJS.Signals) => void) | null = null;
  const hear = (signal: NodeJS.Signals) => {
    if (heard !== null) process.exit(1);
    heard = signal;
    stop?.(signal);
  };
  process.on("SIGTERM", hear);
  process.on("SIGINT", hear);
  return {
    /** Stops `server` on a signal, within `withinMs`. True if one came before, so that the server stops already. */
    stopOnOne(server: RunningServer, withinMs: number): boolean {
      stop = (signal) => stopAndExit(server, signal, withinMs);
      if (heard !== null) stop(heard);
      return heard !== null;
    },
  };
}

function stopAndExit(server: RunningServer, signal: NodeJS.Signals, withinMs: number): void {
  const fail = (why: string) => {
    server.flushLog();
    process.stderr.write(`postrider: the stop failed: ${why}\n`);
    process.exit(1);
  };
  server.log.info({ signal }, "stopping");
  // A ledger that has gone silent may keep its connections from closing.
  setTimeout(() => fail(`it took longer than ${withinMs} ms`), withinMs);
  server.stop().then(
    () => process.exit(0),
    (error: unknown) => fail(String(error)),
  );
}
