import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as it came. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly events: readonly { readonly event_id: string; readonly [key: string]: unknown }[];
}

/** What to answer: a status with headers and a JSON body, nothing at all, or a broken connection. */
export type Reply = { status: number; headers?: Record<string, string>; body?: unknown } | "hang" | "reset";

/** A scripted stand-in for the server's `POST /v1/events`. */
export interface ServerDouble extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves when so many requests have arrived. */
  arrived(count: number): Promise<void>;
}

/** Every event accepted with one delivery. */
export const accepted = ({ events }: Received): Reply => ({
  status: 202,
  body: { results: events.map(({ event_id }) => ({ event_id, status: "accepted", deliveries: 1 })) },
});

/** Answers the n-th request with the n-th step; the last step repeats. */
export async function startServerDouble(
  ...steps: (Reply | ((request: Received) => Reply))[]
): Promise<ServerDouble> {
  const received: Received[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const answer = (body: Buffer, request: IncomingMessage, response: ServerResponse) => {
    const document = JSON.parse(body.toString("utf8"));
    const arrival = {
      path: request.url ?? "",
      headers: request.headers,
      body,
      events: document.events ?? [document],
    };
    const step = steps[Math.min(received.length, steps.length - 1)] ?? accepted;
    received.push(arrival);
    for (const { count, resolve } of waiting) if (received.length >= count) resolve();
    const reply = typeof step === "function" ? step(arrival) : step;
    if (reply === "reset") request.socket.destroy();
    else if (reply !== "hang")
      response.writeHead(reply.status, reply.headers).end(JSON.stringify(reply.body ?? {}));
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("end", () => answer(Buffer.concat(chunks), request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    arrived: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
