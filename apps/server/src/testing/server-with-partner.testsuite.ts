import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, vi } from "vitest";
import { readSettings } from "../config.ts";
import { type RunningServer, startServer } from "../server.ts";
import { caller } from "./server-over-fake.testsuite.ts";

/** A request that the partner got. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A real server with an embedded ledger, and a real partner; each test has a partner id of its own. */
export interface ServerWithPartner {
  /** What the partner got in this test, in order. */
  readonly received: readonly Received[];
  /** What the partner answers from now on. Each test begins with 200. */
  answerWith(status: number): void;
  /** `http://127.0.0.1:port` of the partner. */
  readonly origin: string;
  /** The id of this test's partner. */
  readonly id: string;
  /** The path of its endpoint `main`. */
  readonly path: string;
  readonly call: ReturnType<typeof caller>;
  /** Stores the endpoint `main`, subscribed to the partner's own types. */
  put(document: object): Promise<any>;
  /** Sends an event with this JSON text as data; resolves to its id. */
  send(data: string): Promise<string>;
  /** The one delivery of an event. */
  deliveryOf(eventId: string): Promise<any>;
  until(done: () => Promise<void>): Promise<void>;
}

/** Starts a server with an embedded ledger, which may send to the partner, and has the partner listen. */
export async function startServerBeside(partner: Server) {
  await new Promise<void>((resolve) => partner.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(partner.address() as AddressInfo).port}`;
  const env = { POSTRIDER_PORT: "0", POSTRIDER_DATA_DIR: "memory://", POSTRIDER_ALLOW_TARGETS: host };
  const server = await startServer(readSettings(env), { logTo: { write: () => {} } });
  return { server, call: caller(server.url, server.apiKey.reveal()), origin: `http://${host}` };
}

/** Registers what starts and stops them for the tests of a file. */
export function serverWithPartner(): ServerWithPartner {
  let received: Received[] = [];
  let status = 200;
  let server: RunningServer;
  let call: ReturnType<typeof caller>;
  let origin: string;
  let [partners, events] = [0, 0];
  let id: string;
  const partner = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(status).end();
    });
  });
  beforeAll(async () => {
    ({ server, call, origin } = await startServerBeside(partner));
  });
  afterAll(async () => {
    await server?.stop();
    partner.close();
  });
  beforeEach(async () => {
    received = [];
    status = 200;
    id = `partner-${(partners += 1)}`;
    await call("PUT", `/v1/partners/${id}`, { name: id });
  });
  const path = () => `/v1/partners/${id}/endpoints/main`;
  return {
    get received() {
      return received;
    },
    answerWith: (next) => void (status = next),
    get origin() {
      return origin;
    },
    get id() {
      return id;
    },
    get path() {
      return path();
    },
    call: (...given) => call(...given),
    async put(document) {
      const answer = await call("PUT", path(), { events: [`${id}.*`], ...document });
      expect(answer.status).toBeLessThan(300);
      return answer.json;
    },
    async send(data) {
      const event_id = `event-${(events += 1)}`;
      const event = `{"event_id":"${event_id}","type":"${id}.made","data":${data}}`;
      expect((await call("POST", "/v1/events", event)).status).toBe(202);
      return event_id;
    },
    deliveryOf: async (eventId) => (await call("GET", `/v1/events/${eventId}`)).json.deliveries[0],
    until: (done) => vi.waitFor(done, { timeout: 20_000, interval: 10 }),
  };
}
