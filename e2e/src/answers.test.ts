/** Partners that answer in ways which other clients read, over connections that they keep: each gets each event once. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventFor, register } from "./partners.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { until } from "./until.ts";

const eventsPerPartner = 600;
const chunks = "2\r\nok\r\n0\r\n\r\n";
const ok = "content-length: 2\r\n\r\nok";

/** What each partner answers. */
const answers: Readonly<Record<string, string>> = {
  interim: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${ok}`,
  "line-feeds": "HTTP/1.1 200 OK\ncontent-length: 2\n\nok",
  folded: `HTTP/1.1 200 OK\r\nx-note: one\r\n two\r\n${ok}`,
  "equal-lengths": `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n${ok}`,
  "length-and-chunks": `HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
  "long-header": `HTTP/1.1 200 OK\r\nset-cookie: a=${"x".repeat(20_000)}\r\n${ok}`,
};
const names = Object.keys(answers);
/** Of which the connection may be used again. */
const inOrder = new Set(["interim", "long-header"]);

/** A server on the bare socket that never closes a connection, and what it saw. */
async function startRawPartner(answer: string) {
  const ids: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let bytes = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      bytes += chunk.toString("latin1");
      const headEnd = bytes.indexOf("\r\n\r\n");
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(bytes)?.[1]);
      if (headEnd === -1 || bytes.length < headEnd + 4 + length) return;
      const id = /\r\nwebhook-id: ([^\r]+)/.exec(bytes)?.[1];
      if (id !== undefined) ids.push(id);
      sockets.add(socket);
      bytes = "";
      socket.write(answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { ids, sockets, server, host, url: `http://${host}/pb` };
}

const partners = new Map<string, Awaited<ReturnType<typeof startRawPartner>>>();
const partnerOf = (name: string) => partners.get(name)!;
let server: ServerProcess;

beforeAll(async () => {
  for (const name of names) partners.set(name, await startRawPartner(answers[name]!));
  server = await startServer({
    POSTRIDER_DATA_DIR: "memory://",
    POSTRIDER_ALLOW_TARGETS: names.map((name) => partnerOf(name).host).join(","),
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  for (const partner of partners.values()) partner.server.close();
});

test("every event is delivered by one attempt, and no partner gets one twice", async () => {
  for (const id of names) await register(server, { id, endpoint: { url: partnerOf(id).url, breaker: null } });
  const batchSize = 100;
  for (let from = 0; from < eventsPerPartner; from += batchSize) {
    for (const name of names) {
      const events = Array.from({ length: batchSize }, (_, n) => eventFor(name, `${name}-${from + n}`));
      await server.ok("POST", "/v1/events", { events });
    }
  }
  await until("all to end", async () => (await server.ok("GET", "/v1/conservation")).pending === 0);
  expect(await server.ok("GET", "/v1/conservation")).toMatchObject({
    finished: { delivered: names.length * eventsPerPartner },
    drift: 0,
  });
  for (const name of names) {
    const { ids, sockets } = partnerOf(name);
    expect([name, ids.length, new Set(ids).size]).toEqual([name, eventsPerPartner, eventsPerPartner]);
    if (inOrder.has(name)) expect(sockets.size).toBeLessThan(eventsPerPartner / 2);
    else expect(sockets.size).toBe(eventsPerPartner);
    const { deliveries } = await server.ok("GET", `/v1/events/${name}-0`);
    expect(deliveries[0].attempts).toEqual([
      expect.objectContaining({ n: 1, status: 200, response_body: "ok" }),
    ]);
  }
});

const run = promisify(execFile);
const has = async (program: string, ...args: string[]) =>
  run(program, args).then(
    () => true,
    () => false,
  );

/** Whether a client is on the machine. Without it the comparison is left out, which CI does not allow. */
async function canAsk(program: string, ...args: string[]): Promise<boolean> {
  if (await has(program, ...args)) return true;
  if (process.env["CI"])
    throw new Error(`${program} is missing: the answers cannot be compared with what it reads.`);
  process.stdout.write(`${program} is not installed: it was not asked about the same answers.\n`);
  return false;
}

test("curl takes the same answers", async ({ skip }) => {
  if (!(await canAsk("curl", "--version"))) return skip();
  for (const name of names) {
    const urls = Array.from({ length: 5 }, () => partnerOf(name).url);
    const { stdout } = await run("curl", [
      "-s",
      "--fail",
      "--max-time",
      "5",
      "-d",
      "{}",
      "-w",
      " %{http_code}\n",
      ...urls,
    ]);
    expect([name, stdout]).toEqual([name, "ok 200\n".repeat(urls.length)]);
  }
});

// Go compiles its library when it is asked for the first time.
test("Go takes the same answers", { timeout: 180_000 }, async ({ skip }) => {
  if (!(await canAsk("go", "version"))) return skip();
  const program = fileURLToPath(new URL("fixtures/ask.go", import.meta.url));
  const { stdout } = await run("go", [
    "run",
    program,
    String(eventsPerPartner),
    ...names.map((name) => partnerOf(name).url),
  ]);
  expect(stdout).toBe(names.map((name) => `${partnerOf(name).url} ${eventsPerPartner}\n`).join(""));
});
