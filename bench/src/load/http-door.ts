import type { AcceptEvent } from "@postrider/engine";
import { Agent, request } from "undici";
import { benchApiKey } from "../system/server-process.ts";
import { openSocketPoster } from "./socket-poster.ts";

/** A client of a server's HTTP API, over 64 connections. */
export interface HttpDoor {
  put(path: string, document: object): Promise<void>;
  get(path: string): Promise<unknown>;
  /** `POST /v1/events`: one event as it is, several as a list. */
  send(events: readonly AcceptEvent[]): Promise<void>;
  /** Any body to `POST /v1/events`; for comparisons any server will do. */
  post(body: string): Promise<void>;
  close(): Promise<void>;
}

export function openHttpDoor(url: string, apiKey = benchApiKey): HttpDoor {
  const agent = new Agent({ connections: 64, pipelining: 1 });
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const call = async (method: "GET" | "PUT" | "POST", path: string, body?: string) => {
    const answer = await request(`${url}${path}`, {
      method,
      dispatcher: agent,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return text;
  };
  const events = new URL("/v1/events", url);
  // A server elsewhere may ask for TLS.
  const poster = events.protocol === "http:" ? openSocketPoster(events, headers) : null;
  const post = async (body: string) =>
    poster ? poster.post(body) : void (await call("POST", "/v1/events", body));
  return {
    put: async (path, document) => void (await call("PUT", path, JSON.stringify(document))),
    get: async (path) => JSON.parse(await call("GET", path)) as unknown,
    post,
    send: (events) => post(eventsBody(events)),
    close: async () => void (await Promise.all([agent.close(), poster?.close()])),
  };
}

/** The body of a call with these events. */
export function eventsBody(events: readonly AcceptEvent[]): string {
  const texts = events.map(
    ({ data_text, ...event }) => `${JSON.stringify(event).slice(0, -1)},"data":${data_text}}`,
  );
  return texts.length === 1 ? texts[0]! : `{"events":[${texts.join(",")}]}`;
}
