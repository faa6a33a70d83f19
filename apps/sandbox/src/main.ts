import { parseArgs } from "node:util";
import { type Sandbox, startSandbox } from "./sandbox.ts";

const usage = `usage: node apps/sandbox/src/main.ts [--port 4500] [--host 127.0.0.1] [--allow-host name]... [--partner name=script]... [--secret name=whsec_...]...

  --port     default POSTRIDER_SANDBOX_PORT, else 4500; 0 takes any free port
  --allow-host  a name that the control API may be called by while it listens only on this machine
  --partner  e.g. --partner acme=500x2,ok --partner slowpoke=slow:2s
  --secret   e.g. --secret acme=whsec_... to verify what acme receives
`;

try {
  await run();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 2;
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: process.env.POSTRIDER_SANDBOX_PORT ?? "4500" },
      host: { type: "string", default: "127.0.0.1" },
      "allow-host": { type: "string", multiple: true, default: [] },
      partner: { type: "string", multiple: true, default: [] },
      secret: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const sandbox = await startSandbox({
    port: readPort(values.port),
    host: values.host,
    allowedHosts: values["allow-host"],
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void sandbox.close());
  try {
    for (const [name, script] of values.partner.map(assignment)) sandbox.partner(name).script(script);
    for (const [name, secrets] of grouped(values.secret.map(assignment)))
      sandbox.partner(name).secret(...secrets);
  } catch (error) {
    await sandbox.close();
    throw error;
  }
  announce(sandbox);
}

function announce({ url }: Sandbox): void {
  process.stdout.write(
    `Sandbox of fake partners on ${url} (open it for usage); send postbacks to ${url}/p/<name>\n`,
  );
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new Error(`The port must be a whole number from 0 to 65535, got "${text}".`);
}

/** `name=value`, split at the first `=`: base64 secrets end in more of them. */
function assignment(text: string): [string, string] {
  const split = text.indexOf("=");
  // The text is not repeated, as it may be a secret.
  if (split < 1) throw new Error("Write --partner and --secret as name=value.");
  return [text.slice(0, split), text.slice(split + 1)];
}

function grouped(pairs: [string, string][]): [string, string[]][] {
  return Object.entries(Object.groupBy(pairs, ([name]) => name)).map(([name, of]) => [
    name,
    (of ?? []).map(([, value]) => value),
  ]);
}
