/** The server's entry: settings in, a running server out, and a graceful end on SIGTERM or SIGINT. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunningServer } from "./server.ts";

// Before the other modules are loaded: compiling them was a quarter of the processor time of a start (0.65 of 2.3 s).
// Beside the code, since whoever may write there is trusted as the code is; the default is a folder all may write to.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compile", import.meta.url)));
const { PostriderError } = await import("@postrider/engine");
const { boundHeap } = await import("./heap.ts");
const { readSettings } = await import("./config.ts");
const { startServer } = await import("./server.ts");

try {
  const settings = readSettings(process.env);
  if (settings.roles.worker) boundHeap();
  const server = await startServer(settings);
  stopOnSignals(server);
  sayReady(server);
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

/** The first signal stops gracefully; a second one ends the process at once, for when the first takes too long. */
function stopOnSignals(server: RunningServer): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    server.log.info({ signal }, "stopping");
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`postrider: the stop failed: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
