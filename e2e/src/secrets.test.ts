/** A secret put anywhere appears nowhere but at the partner, which repeats all that it gets in every spelling. */
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { dumpLedger } from "@postrider/engine/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Ledger, ledgers } from "./ledgers.ts";
import { eventFor } from "./partners.ts";
import { apiKey, type ServerProcess, serverNode, startServer } from "./server-process.ts";
import { until } from "./until.ts";

const cli = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));

/** With what a URL, JSON, HTML and base64 write otherwise. The last is a path's: it keeps its colon. */
const secrets = {
  plain_key: "pk-4f9a27c1d0",
  odd_key: 'q"7<x>&\\/+= ß🎉z',
  bot_token: "778899:AAk-JxW_3vQ",
} as const;
const basic = Buffer.from(`client:${secrets.plain_key}`).toString("base64");

const encoders: readonly ((text: string) => string)[] = [
  (text) => text,
  encodeURIComponent,
  (text) => encodeURIComponent(text).replaceAll(/%../g, (code) => code.toLowerCase()),
  (text) => encodeURIComponent(encodeURIComponent(text)),
  (text) => new URLSearchParams({ v: text }).toString().slice(2),
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => JSON.stringify(JSON.stringify(text)).slice(3, -3),
  (text) => JSON.stringify(text).slice(1, -1).replaceAll("/", "\\/"),
  (text) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;"),
  (text) => Buffer.from(text).toString("base64"),
  (text) => Buffer.from(text).toString("base64url"),
  (text) => Buffer.from(`user:${text}`).toString("base64"),
  (text) => Buffer.from(`u1:${text}`).toString("base64"),
  (text) => Buffer.from(text).toString("hex"),
];

const spellings: readonly string[] = [
  ...Object.values(secrets).flatMap((secret) => encoders.map((encode) => encode(secret))),
  basic,
];

/** What may stand nowhere: each secret in each spelling, and pieces of them that no other text has. */
const traces: readonly string[] = [...spellings, "4f9a27c1d0", "AAk-JxW", "🎉z"];

function tracesIn(where: string, text: string): string[] {
  const lower = text.toLowerCase();
  return traces.filter((trace) => lower.includes(trace.toLowerCase())).map((trace) => `${where}: ${trace}`);
}

/** Answers with all that it got and all secrets in every spelling, by the status that the path asks for. */
async function startEcho() {
  const got: { readonly url: string; readonly headers: IncomingMessage["headers"]; readonly body: string }[] =
    [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const url = request.url ?? "";
      got.push({ url, headers: request.headers, body });
      const status = Number(/\/status-(\d+)/.exec(url)?.[1] ?? 200);
      const echo = [url, JSON.stringify(request.headers), body, ...spellings].join("\n");
      response.writeHead(status, status === 302 ? { location: `http://${host}${url}` } : {});
      response.end(echo);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, got, url: (path: string) => `http://${host}${path}` };
}

const documents = (url: (path: string) => string) => ({
  header: {
    url: url("/header"),
    headers: { authorization: "Bearer {secret.plain_key}", "x-basic": "Basic {secret.basic_auth}" },
  },
  path: { url: url("/bot{secret.bot_token}/send") },
  query: { url: url("/query?k={secret.odd_key}&mixed=a{secret.plain_key}b"), method: "GET" },
  json: {
    url: url("/json"),
    body: { key: "{secret.odd_key}", text: "key {secret.plain_key}, {data.click_id}" },
  },
  form: { url: url("/form?k={secret.odd_key}&p={secret.plain_key}"), body: "form" },
  refused: { url: url("/status-400/{secret.bot_token}?k={secret.odd_key}"), method: "GET" },
  redirected: { url: url("/status-302/{secret.bot_token}?k={secret.odd_key}"), method: "GET" },
  failing: { url: url("/status-500/{secret.bot_token}"), body: { key: "{secret.plain_key}" } },
  gone: { url: url("/status-410/{secret.bot_token}") },
});

async function setUp(server: ServerProcess, url: (path: string) => string) {
  const found: string[] = [];
  const ok = async (method: string, path: string, body?: unknown) => {
    const { status, json } = await server.call(method, path, body);
    expect([method, path, Math.floor(status / 100)]).toEqual([method, path, 2]);
    found.push(...tracesIn(`${method} ${path}`, JSON.stringify(json)));
  };
  await ok("PUT", "/v1/partners/acme", { name: "Acme", constants: { currency: "EUR" } });
  for (const [name, value] of Object.entries({ ...secrets, basic_auth: basic }))
    await ok("PUT", `/v1/partners/acme/secrets/${name}`, { value });
  const retry = { schedule: [], client_error_schedule: [] };
  for (const [id, document] of Object.entries(documents(url)))
    await ok("PUT", `/v1/partners/acme/endpoints/${id}`, { retry, breaker: null, ...document });
  return found;
}

/** Asks every GET of the OpenAPI document, for each of the things that were made. */
async function everyAnswer(server: ServerProcess): Promise<string> {
  const { json: api } = await server.call("GET", "/openapi.json");
  const { json: listed } = await server.call("GET", "/v1/deliveries?limit=100");
  const deliveries = listed.deliveries.map(({ id }: { id: string }) => id);
  const ids: Readonly<Record<string, readonly string[]>> = {
    endpoint_id: Object.keys(documents(() => "")),
    name: Object.keys(secrets),
    event_id: ["e-1"],
    delivery_id: deliveries,
    n: ["1"],
    version: ["1"],
  };
  const paths = Object.entries(api.paths as Record<string, object>)
    .filter(([, methods]) => "get" in methods)
    .flatMap(([path]) => filled(path, ids, deliveries));
  expect(paths.length).toBeGreaterThan(30);
  const texts = await Promise.all(
    paths.map(async (path) => {
      const response = await fetch(server.url + path, { headers: { authorization: `Bearer ${apiKey}` } });
      return `GET ${path} ${response.status} ${await response.text()}`;
    }),
  );
  for (const id of Object.keys(documents(() => ""))) {
    const { status, json } = await server.call("POST", `/v1/partners/acme/endpoints/${id}/preview`, {});
    expect([id, status, json.request === null]).toEqual([id, 200, false]);
    texts.push(`preview of ${id} ${JSON.stringify(json)}`);
  }
  return texts.join("\n");
}

/** The path with each of the ids that its parameters may stand for. */
function filled(
  path: string,
  ids: Readonly<Record<string, readonly string[]>>,
  deliveries: readonly string[],
): string[] {
  const parameter = /\{(\w+)\}/.exec(path)?.[1];
  if (parameter === undefined) return [path];
  const own = path.startsWith("/v1/deliveries/")
    ? deliveries
    : path.startsWith("/v1/events/")
      ? ["e-1"]
      : ["acme"];
  return (ids[parameter] ?? own).flatMap((id) => filled(path.replace(`{${parameter}}`, id), ids, deliveries));
}

async function everyCommand(server: ServerProcess, folder: string): Promise<string> {
  const texts: string[] = [];
  const run = async (...argv: string[]) => {
    const env = { PATH: process.env["PATH"], POSTRIDER_URL: server.url, POSTRIDER_API_KEY: apiKey };
    const ran = await promisify(execFile)(serverNode, [cli, ...argv], { env, cwd: folder }).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    expect(ran.stdout + ran.stderr).not.toBe("");
    texts.push(`${argv.join(" ")}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  };
  const { json } = await server.call("GET", "/v1/deliveries?limit=1");
  await run("partners", "show", "acme");
  await run("secrets", "list", "acme");
  await run("endpoints", "list", "acme");
  for (const id of ["header", "path", "form", "redirected"]) await run("endpoints", "test", "acme", id);
  await run("endpoints", "preview", "acme", "json");
  await run("explain", "e-1");
  await run("deliveries", "--json");
  await run("deliveries", "show", json.deliveries[0].id);
  await run("deliveries", "request", json.deliveries[0].id);
  await run("dead-letters");
  await run("doctor");
  await run("export-config", "--with-credentials", "--out", "files");
  await run("export-config", "--json");
  await run("apply", "-f", "files", "--dry-run");
  await run("secrets", "remove", "acme", "odd_key");
  await run("partner-pack", "acme", "--out", "pack");
  const written = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  expect(written.length).toBeGreaterThan(5);
  for (const entry of written) texts.push(readFileSync(join(entry.parentPath, entry.name), "utf8"));
  return texts.join("\n");
}

describe.each(ledgers)("with the $name ledger", ({ fresh }) => {
  test("a secret is at the partner, and in no answer, log, metric, table, command or pack", {
    timeout: 120_000,
  }, async () => {
    using ledger = await fresh();
    const echo = await startEcho();
    const server = await startServer({
      ...ledger.env,
      POSTRIDER_ALLOW_TARGETS: echo.host,
      POSTRIDER_LOG_LEVEL: "debug",
    });
    onTestFinished(() => server[Symbol.asyncDispose]());
    const found = await setUp(server, echo.url);
    await server.ok("POST", "/v1/events", eventFor("acme", "e-1"));
    const count = Object.keys(documents(echo.url)).length;
    await until("all deliveries to be answered", () => echo.got.length >= count);
    await until("all answers to be kept", async () => {
      const { deliveries } = await server.ok("GET", "/v1/events/e-1");
      return deliveries.length === count && deliveries.every((one: any) => one.attempts_made === 1);
    });
    expectAtPartner(echo.got);

    const files = join(ledger.env["POSTRIDER_DATA_DIR"]!, "files-of-commands");
    mkdirSync(files);
    found.push(...tracesIn("a command", await everyCommand(server, files)));
    found.push(...tracesIn("an answer", await everyAnswer(server)));
    expect(await server.stop()).toBe(0);
    found.push(...tracesIn("the log", server.output()));
    expect(server.output()).toContain('"attempt"');
    const dump = await dumpLedger(placeOf(ledger));
    found.push(...tracesIn("the ledger", dump));
    // What was kept of the answers says where they stood.
    for (const name of Object.keys(secrets)) expect(dump).toContain(`{secret.${name}}`);
    expect(found).toEqual([]);
  });
});

const placeOf = ({ databaseUrl, env }: Ledger) =>
  databaseUrl === null ? { dataDir: env["POSTRIDER_DATA_DIR"]! } : { databaseUrl };

/** Each secret arrived as it must be written in its place. */
function expectAtPartner(got: Awaited<ReturnType<typeof startEcho>>["got"]): void {
  const at = (path: string) => got.find(({ url }) => url.startsWith(path))!;
  const odd = encodeURIComponent(secrets.odd_key);
  expect(at("/header").headers).toMatchObject({
    authorization: `Bearer ${secrets.plain_key}`,
    "x-basic": `Basic ${basic}`,
  });
  expect(at("/bot").url).toBe(`/bot${secrets.bot_token}/send`);
  expect(at("/query").url).toBe(`/query?k=${odd}&mixed=a${secrets.plain_key}b`);
  expect(JSON.parse(at("/json").body)).toEqual({
    key: secrets.odd_key,
    text: `key ${secrets.plain_key}, c-1`,
  });
  expect(Object.fromEntries(new URLSearchParams(at("/form").body))).toEqual({
    k: secrets.odd_key,
    p: secrets.plain_key,
  });
}
