import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { PostriderError } from "@postrider/engine";
import type { Hono } from "hono";

/** How long a request may take to arrive, from its first byte to the last of its body; then it is answered with 408. */
const arrivalMs = 30_000;

/** A listening HTTP server. */
export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Takes no new connections, and resolves when the requests under way are answered, at the latest after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * Begins to listen.
 *
 * @throws PostriderError `invalid_settings` where the address is taken or not this machine's
 */
export async function listen(
  app: Hono<{ Bindings: HttpBindings }>,
  { host, port }: { host: string; port: number },
  withinMs = arrivalMs,
): Promise<Listener> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    hostname: host,
    // Slow bodies must not hold memory. One timer checks all connections.
    serverOptions: {
      requestTimeout: withinMs,
      headersTimeout: withinMs,
      connectionsCheckingInterval: withinMs / 15,
    },
  }) as Server;
  // Longer than the idle time of common proxies, so that they close first and never race a request against our close.
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      // Connections that become idle while closing would be kept open for their next request.
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      await closed;
      clearTimeout(timer);
      clearInterval(idle);
    },
  };
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): PostriderError {
  const why =
    error.code === "EADDRINUSE"
      ? "the port is in use"
      : error.code === "EADDRNOTAVAIL"
        ? "the address is not this machine's"
        : (error.code ?? error.message);
  return new PostriderError("invalid_settings", `Cannot listen on ${host}:${port}: ${why}.`, {
    hint: "Choose others with POSTRIDER_HOST and POSTRIDER_PORT.",
    cause: error,
  });
}
