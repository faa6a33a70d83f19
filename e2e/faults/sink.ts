/**
 * The partner of every fault run: a process of its own that knows nothing of Postrider and remembers every request.
 * Written on sockets, so that it is never what a run waits for.
 *
 * The first part of the path is the behaviour, the second the partner: `/ok/acme`. `ok` answers 200 at once, `slow`
 * after 100 ms, `flaky` with 500 to a quarter of the deliveries when they come first, `500` always, `hang` never,
 * `dribble` with a body that does not end.
 *
 * Over IPC: `{ "ask": "receipts", "from": n }` answers what came since the n-th request, `{ "ask": "loop" }` the
 * longest time that this process did not look at its sockets.
 */
import { createServer, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";

const answer = (status: string, length = 2) =>
  Buffer.from(`HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\n\r\n`);
const ok = Buffer.concat([answer("200 OK"), Buffer.from("ok")]);
const failed = Buffer.concat([answer("500 Internal Server Error"), Buffer.from("no")]);
const endless = answer("200 OK", 100_000);
const slowMs = 100;

/** One list per field, in the order of arrival: cheap to keep, and to hand over. */
const kept = {
  atMs: [] as number[],
  deliveryId: [] as string[],
  eventId: [] as string[],
  partner: [] as string[],
  status: [] as number[],
  port: [] as number[],
};
const failedOnce = new Set<string>();
const loop = monitorEventLoopDelay({ resolution: 5 });
loop.enable();

const server = createServer({ noDelay: true }, (socket) => {
  let rest: Buffer | null = null;
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    let data = rest ? Buffer.concat([rest, chunk]) : chunk;
    for (let end = requestEnd(data); end > 0; end = requestEnd(data)) {
      serve(socket, data.subarray(0, end));
      data = data.subarray(end);
    }
    rest = data.length > 0 ? data : null;
  });
});

/** The length of the first whole request in `data`, or 0. */
function requestEnd(data: Buffer): number {
  const head = data.indexOf("\r\n\r\n");
  if (head < 0) return 0;
  const length = /\r\ncontent-length: *(\d+)/i.exec(data.toString("latin1", 0, head));
  const end = head + 4 + Number(length?.[1] ?? 0);
  return end <= data.length ? end : 0;
}

function serve(socket: Socket, request: Buffer): void {
  const head = request.indexOf("\r\n\r\n");
  const text = request.toString("latin1", 0, head);
  const [, behaviour = "", partner = ""] = /^\S+ \/([^/ ]*)\/([^/ ]*)/.exec(text) ?? [];
  const deliveryId = /\r\nwebhook-id: *(\S+)/i.exec(text)?.[1] ?? "";
  const status = statusOf(behaviour, deliveryId);
  kept.atMs.push(performance.timeOrigin + performance.now());
  kept.deliveryId.push(deliveryId);
  kept.eventId.push(/"id":"([^"]*)"/.exec(request.toString("latin1", head + 4, head + 256))?.[1] ?? "");
  kept.partner.push(partner);
  kept.status.push(status);
  kept.port.push(socket.remotePort ?? 0);
  if (behaviour === "slow") setTimeout(() => socket.write(ok), slowMs);
  else if (behaviour === "dribble") dribble(socket);
  else if (status === 200) socket.write(ok);
  else if (status === 500) socket.write(failed);
}

/** What is answered; 0 for nothing whole. */
function statusOf(behaviour: string, deliveryId: string): number {
  if (behaviour === "500") return 500;
  if (behaviour === "hang" || behaviour === "dribble") return 0;
  if (behaviour !== "flaky" || !/[0-3]$/.test(deliveryId) || failedOnce.has(deliveryId)) return 200;
  failedOnce.add(deliveryId);
  return 500;
}

function dribble(socket: Socket): void {
  socket.write(endless);
  const timer = setInterval(() => socket.write("."), 500);
  socket.once("close", () => clearInterval(timer));
}

process.on("message", ({ ask, from = 0 }: { ask: string; from?: number }) => {
  if (ask === "loop") process.send!({ longestMs: loop.max / 1e6 });
  else
    process.send!(Object.fromEntries(Object.entries(kept).map(([field, list]) => [field, list.slice(from)])));
});
process.on("disconnect", () => process.exit(0));
// A stop from the keyboard reaches the whole group: the sink stays until the run has let go of it.
process.on("SIGINT", () => {});
server.listen(0, "127.0.0.1", 4_096, () =>
  process.send!({ port: (server.address() as { port: number }).port }),
);
