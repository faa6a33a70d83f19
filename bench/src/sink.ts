/**
 * The partner of every bench: an HTTP server in a process of its own, written on sockets so that it costs a fraction
 * of what is measured. Paths choose how it answers: `/hang` never does, everything else is `200 ok`.
 *
 * Over IPC it answers `{ "ask": "count" }` and, for requests that carry an `x-sent-at` header (epoch ms as text) or
 * a body with `"sent_at":`, keeps the time they took to arrive: `{ "ask": "latencies" }`, per path.
 */
import { createServer, type Socket } from "node:net";

const ok = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok");
let received = 0;
let latencies = new Map<string, number[]>();
let counts = new Map<string, number>();
let arrivals: number[] | null = null;

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
  const at = data.subarray(0, head).toString("latin1").toLowerCase().indexOf("content-length: ");
  if (at < 0) return head + 4;
  const end = head + 4 + Number.parseInt(data.toString("latin1", at + 16, at + 26), 10);
  return end <= data.length ? end : 0;
}

function serve(socket: Socket, request: Buffer): void {
  received += 1;
  const pathEnd = request.indexOf(" ", request.indexOf(" ") + 1);
  const path = request.toString("latin1", request.indexOf(" ") + 1, pathEnd);
  counts.set(path, (counts.get(path) ?? 0) + 1);
  const at = request.indexOf('"sent_at":');
  if (at >= 0) {
    const list = latencies.get(path) ?? [];
    if (list.length === 0) latencies.set(path, list);
    list.push(
      performance.timeOrigin +
        performance.now() -
        Number.parseFloat(request.toString("latin1", at + 10, at + 30)),
    );
  }
  if (arrivals && path.startsWith("/limited")) arrivals.push(performance.now());
  if (!path.startsWith("/hang")) socket.write(ok);
}

process.on("message", ({ ask }: { ask: string }) => {
  if (ask === "count") process.send!({ received });
  else if (ask === "counts") process.send!({ counts: [...counts] });
  else if (ask === "latencies") process.send!({ latencies: [...latencies] });
  else if (ask === "arrivals") process.send!({ arrivals });
  else if (ask === "reset") {
    received = 0;
    latencies = new Map();
    counts = new Map();
    arrivals = [];
    process.send!({ reset: true });
  }
});
process.on("disconnect", () => process.exit(0));
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as { port: number }).port }));
