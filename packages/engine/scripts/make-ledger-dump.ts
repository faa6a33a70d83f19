/**
 * Makes the dump of a ledger as a checkout of Postrider leaves it behind, killed in the middle of its work. The test
 * `engine.upgrade.test.ts` starts this version on every dump in `src/testing/dumps/`. Make one for each release:
 *
 *   git worktree add /tmp/release v1.2.0 && (cd /tmp/release && npm ci)
 *   node packages/engine/scripts/make-ledger-dump.ts /tmp/release v1.2.0
 *   git worktree remove /tmp/release
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, startPostgres } from "../src/testing/postgres-server.ts";

const [checkout, name] = process.argv.slice(2);
if (checkout === undefined || name === undefined) throw new Error("usage: make-ledger-dump.ts CHECKOUT NAME");

/** The test replaces it with its own partner's port. */
const partnerPort = 45_991;
const apiKey = "prk_dump-0123456789abcdef";
/** Known to the test as well: it must open the sealed signing secrets. */
const masterKey = "07".repeat(32);

const partner = createServer((request, response) => {
  request.resume();
  response.statusCode = request.url?.startsWith("/down") ? 500 : 200;
  response.end();
}).listen(partnerPort, "127.0.0.1");
const postgres = await startPostgres();
const databaseUrl = await createDatabase(postgres.url, "dumped");
const dataDir = mkdtempSync(join(tmpdir(), "postrider-dump-"));
const server = spawn(process.execPath, [join(checkout, "apps/server/src/main.ts")], {
  cwd: checkout,
  env: {
    PATH: process.env["PATH"],
    POSTRIDER_PORT: "0",
    POSTRIDER_API_KEY: apiKey,
    POSTRIDER_MASTER_KEY: masterKey,
    POSTRIDER_ALLOW_TARGETS: `127.0.0.1:${partnerPort}`,
    POSTRIDER_DATA_DIR: dataDir,
    POSTRIDER_LOG_LEVEL: "warn",
    DATABASE_URL: databaseUrl,
  },
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const url = await readyUrl(server);
  await fill(url);
  server.kill("SIGKILL");
  await once(server, "exit");
  writeFileSync(join(import.meta.dirname, "../src/testing/dumps", `${name}.sql`), dump());
} finally {
  server.kill("SIGKILL");
  partner.close();
  partner.closeAllConnections();
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

async function readyUrl(child: ChildProcess): Promise<string> {
  let output = "";
  for await (const chunk of child.stdout!) {
    output += String(chunk);
    const url = /is ready on (http:\S+?)[\s"]/.exec(output)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`the server ended: ${output}`);
}

/** The parts of the API's answers that are used here. */
interface Answer {
  readonly deliveries: readonly [
    { readonly state: string; readonly reason: string; readonly attempts_made: number },
  ];
}

/** One partner for each state that a ledger can be left in. */
async function fill(url: string): Promise<void> {
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, json: await response.json().catch(() => null) };
  };
  const ok = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const { status, json } = await ask(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(json)}`);
    return json as Answer;
  };
  const add = async (id: string, endpoint: Record<string, unknown>) => {
    await ok("PUT", `/v1/partners/${id}`, { name: `Partner ${id}`, rate_per_second: 200 });
    await ok("PUT", `/v1/partners/${id}/endpoints/main`, endpoint);
  };
  const send = (id: string, more: Record<string, unknown> = {}) =>
    ask("POST", "/v1/events", {
      event_id: id,
      type: "conversion.approved",
      occurred_at: "2026-01-31T10:00:00Z",
      partner: id.split("-")[0],
      data: { click_id: `click ${id}`, amount: 12.5, note: "Zoë 東京 'quoted' \\" },
      ...more,
    });
  const target = `http://127.0.0.1:${partnerPort}`;
  const once = { schedule: ["10ms"], jitter: "none" };

  await add("good", { url: `${target}/good`, body: { id: "{event_id}", amount: "{data.amount}" } });
  await add("get", { url: `${target}/get?id={event_id}&amount={data.amount}`, method: "GET" });
  await add("buried", { url: `${target}/down/buried`, retry: once });
  await add("waiting", { url: `${target}/down/waiting`, retry: { schedule: ["30m"], jitter: "none" } });
  await add("paused", { url: `${target}/paused` });
  await ok("POST", "/v1/partners/good/rotate-secret", { overlap: "1h" });
  await ok("POST", "/v1/partners/get/rotate-secret", { scheme: "v1a" });
  await ok("POST", "/v1/partners/paused/pause");
  for (const id of ["good", "get", "buried", "waiting", "paused"])
    for (let n = 0; n < 3; n++) await send(`${id}-${n}`);
  await until(async () => (await reasons("buried")).every((reason) => reason === "retries_exhausted"));
  await ok("POST", "/v1/replays", { filter: { partner: "buried" } });
  await until(async () => {
    const { deliveries } = await ok("GET", "/v1/events/buried-0");
    return deliveries[0].attempts_made >= 4 && deliveries[0].state === "dead";
  });
  await until(async () => {
    const { deliveries } = await ok("GET", "/v1/events/waiting-2");
    return deliveries[0].attempts_made === 1;
  });
  // Later versions know these; earlier ones refuse them.
  await send("good-later", { not_before: new Date(nowMs() + 600_000).toISOString() });
  await send("paused-first", { order_key: "o" });
  await send("paused-second", { order_key: "o" });

  async function reasons(id: string): Promise<string[]> {
    const events = await Promise.all([0, 1, 2].map((n) => ok("GET", `/v1/events/${id}-${n}`)));
    return events.map((event) => event.deliveries[0].reason);
  }
}

async function until(fact: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await fact()) return;
    await new Promise((resolve) => setImmediate(resolve));
    await fetch(`http://127.0.0.1:${partnerPort}/good`);
  }
  throw new Error("the ledger never came into the state that is to be dumped");
}

function dump(): string {
  // A ledger that knows where it was made would be taken for a copy wherever the dump is restored.
  const forget = `do $$ begin if to_regclass('postrider.ledger') is not null then update postrider.ledger set system_identifier = null, database_oid = null; end if; end $$`;
  execFileSync("psql", ["--quiet", "--command", forget, databaseUrl]);
  const flags = ["--no-owner", "--no-privileges", "--schema=postrider", "--rows-per-insert=100"];
  const text = execFileSync("pg_dump", [...flags, databaseUrl], { encoding: "utf8" });
  // Commands of psql and the comments of pg_dump are no SQL.
  const sql = text.replaceAll(/^(\\.*|--.*|\s*)\n/gm, "");
  return `-- made_at ${new Date(nowMs()).toISOString()}\n${sql}`;
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
