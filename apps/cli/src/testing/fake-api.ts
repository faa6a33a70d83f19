import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface RecordedCall {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly authorization: string | undefined;
  /** The body's text, verbatim. */
  readonly body: string;
}

interface FakeAnswer {
  readonly status?: number;
  readonly body?: unknown;
}

/** What is answered to `"GET /v1/partners"`: a fixed answer, one per call (the last one stays), or worked out from the call. */
export type Routes = Readonly<
  Record<string, FakeAnswer | readonly FakeAnswer[] | ((call: RecordedCall) => FakeAnswer)>
>;

export interface FakeApi extends AsyncDisposable {
  readonly url: string;
  readonly calls: readonly RecordedCall[];
}

/**
 * An HTTP server that answers by a table of `METHOD /path` (without the query) and keeps what it was asked. What the
 * table lacks is a 404 in the API's form.
 */
export async function startFakeApi(routes: Routes): Promise<FakeApi> {
  const calls: RecordedCall[] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = request.url ?? "/";
      const call = {
        method: request.method ?? "",
        path,
        authorization: request.headers.authorization,
        body: Buffer.concat(chunks).toString("utf8"),
      };
      calls.push(call);
      const name = `${call.method} ${path.split("?")[0]}`;
      const seen = counts.get(name) ?? 0;
      counts.set(name, seen + 1);
      const route = routes[name];
      const answer =
        typeof route === "function"
          ? route(call)
          : Array.isArray(route)
            ? (route[Math.min(seen, route.length - 1)] as FakeAnswer)
            : (route as FakeAnswer | undefined);
      const missing = {
        status: 404,
        body: { error: { code: "not_found", message: `There is nothing at ${path}.` } },
      };
      const { status = 200, body = {} } = answer ?? missing;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
