import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { ScriptSource } from "./behaviour.ts";
import { explainNewest } from "./doctor.ts";
import { control, refuse } from "./control.ts";
import type { Controlled } from "./controlled.ts";
import { SandboxError } from "./errors.ts";
import { isLoopback } from "./fire.ts";
import { parseBehaviours } from "./parse-behaviours.ts";
import { Partners } from "./partners.ts";
import { Reception } from "./receive.ts";
import { present, type ReceivedRequest } from "./received-request.ts";
import { type RequestFilter, RequestLog } from "./request-log.ts";
import { newTally, type PartnerSummary, summarize } from "./tally.ts";
import { parseKeys } from "./verification.ts";

/** How to start a sandbox. */
export interface SandboxOptions {
  /** Default 4500; 0 takes any free port. */
  port?: number;
  /** Default 127.0.0.1. The control API asks for no password: leave it on the loopback. */
  host?: string;
  /**
   * Names by which the control API and the page may be asked for while it listens on the loopback, without ports. The
   * machine's own (`localhost`, loopback addresses) always may; a name that a web page had point here may not.
   */
  allowedHosts?: readonly string[];
  /** Milliseconds since 1970; stamps and verifies requests, and drives limiters. Default the system clock. */
  now?: () => number;
  /** How many requests are kept for listing, over all partners; counts go on beyond. Default 10,000. */
  keep?: number;
}

/** One fake partner, made by naming it. */
export interface SandboxPartner {
  readonly name: string;
  /** Where it receives; any path and query may follow. */
  readonly url: string;
  /** Starts a script from its first step. @throws SandboxError `behaviour_invalid` */
  script: (behaviours: ScriptSource) => void;
  /** Verifies later requests with these `whsec_…`; none forgets them. @throws SandboxError `secret_invalid` */
  secret: (...secrets: string[]) => void;
  /** Verifies later requests with these `whpk_…`; none forgets them. @throws SandboxError `secret_invalid` */
  publicKey: (...publicKeys: string[]) => void;
  /** Its kept requests, oldest first, verified. */
  requests: () => Promise<ReceivedRequest[]>;
  /**
   * Its requests once it has received `count` since the last clear. `timeoutMs` defaults to 5,000.
   *
   * @throws SandboxError `wait_timed_out`, `sandbox_closed`
   */
  waitFor: (count: number, timeoutMs?: number) => Promise<ReceivedRequest[]>;
  summary: () => Promise<PartnerSummary>;
}

/** A running sandbox. */
export interface Sandbox extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** @throws SandboxError `partner_name_invalid` */
  partner: (name: string) => SandboxPartner;
  /** Kept requests, oldest first, verified. */
  requests: (filter?: RequestFilter) => Promise<ReceivedRequest[]>;
  /** Exact counts by partner. */
  summary: () => Promise<Record<string, PartnerSummary>>;
  /** Forgets requests, counts and seen ids; scripts go on where they are, and `seq` counts on. */
  clear: () => void;
  /** Stops listening and destroys every connection, also those that hang. Safe to call twice. */
  close: () => Promise<void>;
}

/**
 * Starts a sandbox of scriptable fake partners: `<url>/p/<name>` is one, and `<url>/` explains the rest.
 *
 * @throws SandboxError `port_unavailable`
 * @example
 * ```ts
 * await using sandbox = await startSandbox({ port: 0 });
 * const acme = sandbox.partner("acme");
 * acme.script("500x2,ok");
 * const requests = await acme.waitFor(3);
 * ```
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 4500, host = "127.0.0.1", now = Date.now, keep = 10_000, allowedHosts = [] } = options;
  const allowed = new Set([host, ...allowedHosts].map((name) => name.toLowerCase()));
  const partners = new Partners();
  const log = new RequestLog(keep);
  const reception = new Reception(log, now);
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    route(request, response, partners, reception, controlled);
  // Only behaviours decide how long things take: the server's own timeouts are off, or far beyond any sender's.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 600_000, noDelay: true }, listener);
  const sockets = track(server);
  const url = await listen(server, port, host);
  const { hostname } = new URL(url);

  const requests = async (filter?: RequestFilter): Promise<ReceivedRequest[]> => {
    const selected = log.select(filter);
    await explainNewest(selected);
    return Promise.all(selected.map(present));
  };
  const summary = async (): Promise<Record<string, PartnerSummary>> => {
    await log.settleAll();
    return Object.fromEntries(partners.all().map(({ name, tally }) => [name, summarize(tally)]));
  };
  const clear = (): void => {
    log.clear();
    for (const partner of partners.all()) partner.tally = newTally();
  };
  const partnerUrl = (name: string): string => `${url}/p/${name}`;
  const controlled: Controlled = {
    partner: (name) => partners.named(name),
    knownPartner: (name) => partners.known(name),
    lastSeq: () => reception.lastSeq,
    isAllowedHost: (name) => !isLoopback(hostname) || isLoopback(name) || allowed.has(name),
    url: () => url,
    now,
    partnerUrl,
    requests,
    summary,
    clear,
  };
  const partner = (name: string): SandboxPartner => {
    const named = partners.named(name);
    const received = (): Promise<ReceivedRequest[]> => requests({ partner: name });
    return {
      name,
      url: partnerUrl(name),
      script: (behaviours) => named.perform(parseBehaviours(behaviours)),
      secret: (...secrets) => named.verifyWith({ secrets: parseKeys(secrets, "whsec") }),
      publicKey: (...publicKeys) => named.verifyWith({ publicKeys: parseKeys(publicKeys, "whpk") }),
      requests: received,
      waitFor: (count, timeoutMs = 5_000) => named.waitFor(count, timeoutMs).then(received),
      summary: async () => {
        await log.settleAll();
        return summarize(named.tally);
      },
    };
  };
  const close = (): Promise<void> => {
    const closed = new SandboxError("sandbox_closed", "The sandbox was closed: nothing more will arrive.");
    for (const named of partners.all()) named.abandonWaiters(closed);
    return shut(server, sockets);
  };
  const address = server.address() as AddressInfo;
  return { url, port: address.port, partner, requests, summary, clear, close, [Symbol.asyncDispose]: close };
}

function route(
  request: IncomingMessage,
  response: ServerResponse,
  partners: Partners,
  reception: Reception,
  controlled: Controlled,
): void {
  const name = partnerIn(request.url!);
  if (name === undefined) return void control(controlled, request, response);
  try {
    reception.receive(partners.named(name), request, response);
  } catch (error) {
    refuse(response, error);
  }
}

/** The name in `/p/<name>`, found without a regular expression as it is on the way of every request. */
function partnerIn(url: string): string | undefined {
  if (!url.startsWith("/p/")) return undefined;
  const slash = url.indexOf("/", 3);
  const path = slash === -1 ? url.length : slash;
  const query = url.indexOf("?", 3);
  return url.slice(3, query === -1 ? path : Math.min(path, query));
}

function track(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

function listen(server: Server, port: number, host: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  server.once("error", (error: NodeJS.ErrnoException) => {
    const remedy =
      error.code === "EADDRINUSE"
        ? "stop what listens there, or choose another port (0 takes any)"
        : error.message;
    reject(new SandboxError("port_unavailable", `The sandbox cannot listen on ${host}:${port}: ${remedy}.`));
  });
  server.listen(port, host, () => {
    const shown = host.includes(":") ? `[${host}]` : host;
    resolve(`http://${shown}:${(server.address() as AddressInfo).port}`);
  });
  return promise;
}

function shut(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // The only error is that it is closed already.
  server.close(() => resolve());
  for (const socket of sockets) socket.destroy();
  return promise;
}
