import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A partner that answers 200 at once and remembers what came, at a cost that lets thousands a second through. */
export interface CountingSink extends AsyncDisposable {
  /** `host:port`. */
  readonly target: string;
  /** How often each `webhook-id` came. */
  readonly ids: ReadonlyMap<string, number>;
  /** The ids of the events that came, from the bodies. */
  readonly eventIds: ReadonlySet<string>;
  /** When each request came, in milliseconds. */
  readonly arrivals: readonly number[];
}

/** Starts a sink on a free port. */
export async function startCountingSink(): Promise<CountingSink> {
  const ids = new Map<string, number>();
  const eventIds = new Set<string>();
  const arrivals: number[] = [];
  const server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (request, response) => {
    const id = String(request.headers["webhook-id"]);
    arrivals.push(performance.now());
    ids.set(id, (ids.get(id) ?? 0) + 1);
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      eventIds.add((JSON.parse(body) as { id: string }).id);
      response.end("ok");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ids,
    eventIds,
    arrivals,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
