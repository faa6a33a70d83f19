import { onTestFinished } from "vitest";
import { readSettings } from "../config.ts";
import { type RunningServer, startServer } from "../server.ts";
import { checkAnswer } from "./answer-check.ts";
import { createFakeEngine, type FakeEngine } from "./fake-engine.ts";

export const testKey = "prk_test-key-0123456789";

/** What a call answered. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // The tests look into answers freely.
  readonly json: any;
  readonly text: string;
}

export interface Bench {
  readonly engine: FakeEngine;
  readonly server: RunningServer;
  /** Lines logged so far. */
  readonly lines: string[];
  readonly call: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string | null>,
  ) => Promise<Answered>;
}

/** A server on a free port over a fake engine, stopped when the test ends. */
export async function serverOverFake(env: Record<string, string> = {}): Promise<Bench> {
  const engine = createFakeEngine();
  const lines: string[] = [];
  const settings = readSettings({
    POSTRIDER_PORT: "0",
    POSTRIDER_DATA_DIR: "memory://",
    POSTRIDER_API_KEY: testKey,
    ...env,
  });
  const server = await startServer(settings, {
    openEngine: async () => engine,
    logTo: { write: (line) => void lines.push(line) },
  });
  onTestFinished(() => server.stop(0));
  return { engine, server, lines, call: caller(server.url) };
}

/** Calls with the test's key, and checks each JSON answer by its schema; a header given as null is left out. A string body is sent as it stands. */
export function caller(url: string, key: string = testKey): Bench["call"] {
  return async (method, path, body, given = {}) => {
    const wanted = { authorization: `Bearer ${key}`, "content-type": "application/json", ...given };
    const headers = Object.fromEntries(
      Object.entries(wanted).filter((pair): pair is [string, string] => pair[1] !== null),
    );
    const sent =
      body === undefined || typeof body === "string" || body instanceof Uint8Array
        ? body
        : JSON.stringify(body);
    const response = await fetch(url + path, { method, headers, body: (sent as string | undefined) ?? null });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
    const json = isJson ? JSON.parse(text) : undefined;
    if (isJson) checkAnswer(method, path, response.status, json);
    return { status: response.status, headers: response.headers, text, json };
  };
}
