import { setTimeout as sleep } from "node:timers/promises";
import { apiKey, type Answer } from "../src/server-process.ts";
import type { eventAt } from "./traffic.ts";

type Event = ReturnType<typeof eventAt>;

/** What the application knows: an event counts as accepted once a 2xx said so, and never before. */
export interface Client {
  /** When each acknowledged event was: epoch ms of its 2xx. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Calls that failed or were answered with something else than 2xx. */
  readonly failedCalls: number;
  /** Answers inside a 2xx that no repetition explains: neither accepted nor duplicate. */
  readonly odd: readonly string[];
  /** One call of any API process that answers. @throws Error where none does */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Sends at a steady pace, each batch again with the same ids until it is acknowledged. */
  send(events: Iterable<Event>, pace: { readonly perSecond: number; readonly batch: number }): Promise<void>;
}

const callLimitMs = 15_000;
const againMs = 200;
const mostTries = 600;
/** Batches on their way at once; the pace waits while they are. */
const mostUnderWay = 32;
const now = () => performance.timeOrigin + performance.now();

/** An application that knows all API processes, and goes on to the next when one does not answer. */
export function createClient(urls: readonly string[]): Client {
  const acknowledged = new Map<string, number>();
  const odd: string[] = [];
  let failedCalls = 0;
  let turn = 0;

  const once = async (method: string, path: string, body: unknown): Promise<Answer> => {
    const response = await fetch(urls[turn++ % urls.length]! + path, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(callLimitMs),
    });
    const text = await response.text();
    return { status: response.status, json: text === "" ? null : JSON.parse(text) };
  };
  const again = async (method: string, path: string, body: unknown, good: (answer: Answer) => boolean) => {
    for (let left = mostTries; ; left--) {
      const answer = await once(method, path, body).catch((error: unknown) => ({
        status: 0,
        json: String(error),
      }));
      if (good(answer)) return answer;
      failedCalls += 1;
      if (left === 0) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.json)}`);
      await sleep(againMs);
    }
  };
  const accept = async (events: readonly Event[]) => {
    const { json } = await again("POST", "/v1/events", { events }, ({ status }) => status === 202);
    const atMs = now();
    for (const { event_id: id, status } of (json as { results: { event_id: string; status: string }[] })
      .results) {
      if (status === "accepted" || status === "duplicate") acknowledged.set(id, atMs);
      else odd.push(`${id}: ${status}`);
    }
  };

  return {
    acknowledged,
    odd,
    get failedCalls() {
      return failedCalls;
    },
    call: (method, path, body) => again(method, path, body, ({ status }) => status > 0 && status < 500),
    async send(events, { perSecond, batch }) {
      const underWay = new Set<Promise<void>>();
      let failure: unknown = null;
      let dueMs = now();
      let batchEvents: Event[] = [];
      const post = async () => {
        const sent = accept(batchEvents).catch((error: unknown) => void (failure ??= error));
        underWay.add(sent);
        void sent.then(() => underWay.delete(sent));
        dueMs = Math.max(dueMs + (batchEvents.length * 1_000) / perSecond, now() - 1_000);
        batchEvents = [];
        await sleep(Math.max(0, dueMs - now()));
        while (underWay.size >= mostUnderWay) await Promise.race(underWay);
      };
      for (const event of events) {
        batchEvents.push(event);
        if (batchEvents.length === batch) await post();
      }
      if (batchEvents.length > 0) await post();
      await Promise.all(underWay);
      if (failure !== null) throw failure;
    },
  };
}
