import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a test's endpoint does with a request it has read. */
export type Answering = (request: {
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}) => Promise<{ status: number; body?: string }>;

export interface PartnerEndpoint extends AsyncDisposable {
  readonly url: string;
  readonly received: { readonly headers: IncomingMessage["headers"]; readonly body: Buffer }[];
}

/** An HTTP server of a partner on the loopback, from a plain listener. */
export async function listenAsPartner(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/postbacks`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The same, from what it answers; it keeps what it received. */
export async function startPartner(answer: Answering): Promise<PartnerEndpoint> {
  const received: PartnerEndpoint["received"] = [];
  const { url, [Symbol.asyncDispose]: close } = await listenAsPartner((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const message = { headers: request.headers, body: Buffer.concat(chunks) };
      received.push(message);
      void answer(message).then(({ status, body = "" }) => {
        response.writeHead(status);
        response.end(body);
      });
    });
  });
  return { url, received, [Symbol.asyncDispose]: close };
}
