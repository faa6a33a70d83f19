import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** A partner on loopback. */
export interface HttpPartner {
  /** `host:port`, for the list of allowed targets and for URLs. */
  readonly target: string;
  /** Ends its connections and closes it. */
  stop(): Promise<void>;
}

/**
 * Starts a partner that answers as `answer` does.
 *
 * @example const { target, stop } = await startHttpPartner((_request, response) => response.end("ok"));
 */
export async function startHttpPartner(answer: RequestListener): Promise<HttpPartner> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
}
