/**
 * The partner of every bench: an HTTP server in a process of its own, written on sockets so that it costs a fraction
 * of what is measured. Paths choose how it answers:
 *
 * - `/hang…` never
 * - `/dribble…` a status line and headers, then its body a byte each half second
 * - `/fail-once…` 503 to the first request of each `webhook-id`, 200 to the next; the time between the two is kept
 * - everything else `200 ok`; at hosts under `closing.test` the connection is closed after it
 *
 * It keeps, for requests with a `"sent_at"` (epoch ms) in their body, how long they took to arrive, by path; and the
 * times of arrival at `/limited…`, by path.
 */
import { createServer, type Socket } from "node:net";
import { answerParent, givenByParent } from "./child.ts";

const ok = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok");
const okAndClosed = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nok",
);
const unavailable = Buffer.from("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
const dribbled = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\ncontent-type: text/plain\r\n\r\n");
const dribbleMs = 500;

let received = 0;
/** When each was sent, and how long it took from then on. */
let latencies = new Map<string, [sentAtMs: number, tookMs: number][]>();
let counts = new Map<string, number>();
let arrivals = new Map<string, number[]>();
let failedAtMs = new Map<string, number>();
/** From the answer 503 to the next attempt, ms. */
let waits: number[] = [];

const server = createServer((socket) => {
  socket.setNoDelay(true);
  let rest: Buffer | null = null;
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    let data = rest ? Buffer.concat([rest, chunk]) : chunk;
    for (;;) {
      const end = requestEnd(data);
      if (end === 0) break;
      serve(socket, data.subarray(0, end));
      data = data.subarray(end);
      if (data.length === 0) break;
    }
    rest = data.length > 0 ? data : null;
  });
});

/** The length of the first whole request in `data`, or 0. */
function requestEnd(data: Buffer): number {
  const head = data.indexOf("\r\n\r\n");
  if (head < 0) return 0;
  const headers = data.subarray(0, head).toString("latin1").toLowerCase();
  const at = headers.indexOf("content-length: ");
  if (at < 0) return headers.includes("transfer-encoding: chunked") ? chunkedEnd(data, head + 4) : head + 4;
  const end = head + 4 + Number.parseInt(data.toString("latin1", at + 16, at + 26), 10);
  return end <= data.length ? end : 0;
}

/** For other senders; Postrider states the length. */
function chunkedEnd(data: Buffer, bodyAt: number): number {
  const at = data.indexOf("0\r\n\r\n", bodyAt);
  return at < 0 ? 0 : at + 5;
}

function serve(socket: Socket, request: Buffer): void {
  received += 1;
  const nowMs = performance.timeOrigin + performance.now();
  const pathEnd = request.indexOf(" ", request.indexOf(" ") + 1);
  const path = request.toString("latin1", request.indexOf(" ") + 1, pathEnd);
  counts.set(path, (counts.get(path) ?? 0) + 1);
  const at = request.indexOf("sent_at");
  if (at >= 0) {
    const sentAtMs = Number.parseFloat(/[\d.]+/.exec(request.toString("latin1", at + 7, at + 40))?.[0] ?? "");
    listOf(latencies, path).push([sentAtMs, nowMs - sentAtMs]);
  }
  if (path.startsWith("/limited")) listOf(arrivals, path).push(nowMs);
  if (path.startsWith("/hang")) return;
  if (path.startsWith("/dribble")) return dribble(socket);
  if (request.indexOf(".closing.test") > 0) return void socket.end(okAndClosed);
  socket.write(path.startsWith("/fail-once") && failsNow(request, nowMs) ? unavailable : ok);
}

function listOf<Item>(lists: Map<string, Item[]>, path: string): Item[] {
  let list = lists.get(path);
  if (list === undefined) lists.set(path, (list = []));
  return list;
}

/** True for the first request of a `webhook-id`; notes how long the second took to come. */
function failsNow(request: Buffer, nowMs: number): boolean {
  const at = request.indexOf("webhook-id: ") + 12;
  const id = request.toString("latin1", at, request.indexOf("\r\n", at));
  const failedMs = failedAtMs.get(id);
  if (failedMs === undefined) failedAtMs.set(id, nowMs);
  else waits.push(nowMs - failedMs);
  return failedMs === undefined;
}

function dribble(socket: Socket): void {
  socket.write(dribbled);
  const timer = setInterval(() => socket.write("."), dribbleMs);
  socket.once("close", () => clearInterval(timer));
}

const { port = 0 } = await givenByParent<{ port?: number }>();
server.listen(port, "127.0.0.1", () =>
  answerParent(
    {
      count: () => ({ received }),
      counts: () => ({ counts: [...counts] }),
      latencies: () => ({ latencies: [...latencies] }),
      arrivals: () => ({ arrivals: [...arrivals] }),
      lateness: () => ({ waits }),
      reset() {
        received = 0;
        latencies = new Map();
        counts = new Map();
        arrivals = new Map();
        failedAtMs = new Map();
        waits = [];
      },
    },
    { port: (server.address() as { port: number }).port },
  ),
);
