import { defineCommand } from "../command.ts";
import { type Context, say, sayJson } from "../context.ts";
import { tone } from "../render/colour.ts";
import type { Running } from "../running-server.ts";

export const start = defineCommand({
  name: "start",
  summary: "Start a server in this process; with --sandbox also a fake partner to try it on.",
  description:
    "Without DATABASE_URL everything is kept in POSTRIDER_DATA_DIR (./.postrider), and you need to install nothing else. " +
    "The settings are listed in docs/reference/settings.md. Ctrl-C stops it: attempts in flight end first.",
  options: {
    sandbox: {
      kind: "switch",
      summary: "also start the sandbox, as partner `sandbox` with endpoint `main` for every event type",
    },
  },
  examples: [
    { line: "postrider start --sandbox", meaning: "Try it:" },
    {
      line: "DATABASE_URL=postgresql://localhost/postrider postrider start",
      meaning: "On a PostgreSQL server:",
    },
  ],
  async run({ context, options, json }) {
    // Loaded here, so that no other command pays for the server.
    const { startRunning } = await import("../running-server.ts");
    const running = await startRunning(context, options.sandbox);
    try {
      if (json)
        sayJson(context.stdout, { url: running.url, api_key: running.apiKey, sandbox: running.sandbox });
      else welcome(context, running);
      await interrupted(context.signal);
      if (!json)
        say(context.stdout, "\nStopping: attempts in flight end first. Press Ctrl-C again to stop at once.");
    } finally {
      await running.stop();
    }
    if (!json) say(context.stdout, "Stopped.");
  },
});

function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function welcome({ stdout: out, self }: Context, { url, apiKey, sandbox, ledger }: Running): void {
  say(out);
  say(out, `${tone(out, "strong", "Postrider")} listens on ${tone(out, "strong", url)}  (ledger: ${ledger})`);
  say(out, `  API key      ${apiKey}`);
  if (sandbox !== null) {
    say(out, `  sandbox      ${sandbox.url}  (partner sandbox, endpoint main)`);
    say(out, `  it received  ${sandbox.requests}`);
  }
  say(out, "\nSend an event:\n");
  say(out, curlLine(url, apiKey));
  say(out, "\nSee what happened to it:\n");
  say(out, `${self} deliveries`);
  say(out, "\nCtrl-C stops.\n");
}

/** A line for any POSIX shell, with an event id and time of its own at each paste. */
export function curlLine(url: string, apiKey: string): string {
  const event =
    `{"event_id":"try-'$(date +%s)'","type":"conversion.approved","schema_version":1,` +
    `"occurred_at":"'$(date -u +%Y-%m-%dT%H:%M:%SZ)'","data":{"click_id":"c-1","payout":"1.20"}}`;
  return `curl -sS ${url}/v1/events -H 'authorization: Bearer ${apiKey}' -H 'content-type: application/json' -d '${event}'`;
}
