import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Answer, Behaviour } from "./behaviour.ts";
import { SocketTimers } from "./socket-timers.ts";
import { TokenBucket } from "./token-bucket.ts";

/** One request waiting for what its partner does. */
export interface Exchange {
  response: ServerResponse;
  /** The connection itself: a response behind a pipelined one has none yet. */
  socket: Socket;
  /** Arrival in milliseconds since 1970. */
  atMs: number;
  /** Called when the status goes out; never called for a request that gets none. */
  answered: (status: number) => void;
}

/** A behaviour made ready: plays itself on one exchange, and leaves no timer behind when the connection ends. */
export type Act = (exchange: Exchange) => void;

/** Text of nothing that HTTP knows. */
const garbage = Buffer.from("\u0000\u0001\u0002 this is not HTTP \u00ff\u00fe\r\n\r\n", "latin1");
/** NUL, a lone continuation byte, an overlong form and a cut sequence, between readable words. */
const nulBody = Buffer.from([
  ...Buffer.from("before\0"),
  0x80,
  0xc0,
  0xaf,
  0xff,
  ...Buffer.from("after"),
  0xe2,
  0x82,
]);
const endlessChunk = Buffer.alloc(16_384, "endless ");
const halfBody = Buffer.alloc(512, "half ");
/** Gives the half body time to leave before the reset, which may overtake what was not sent yet. */
const resetBodyDelayMs = 20;

/** Makes a behaviour ready to play. Limiters keep their state in the act, so a new script starts them afresh. */
export function prepareAct(behaviour: Behaviour): Act {
  switch (behaviour.kind) {
    case "ok":
      return answerWith(behaviour, "ok");
    case "status":
      return answerWith(behaviour, `status ${behaviour.status}`);
    case "slow":
      return slow(behaviour.delay_ms, answerWith(behaviour, "ok"));
    case "slow_body":
      return slowBody(behaviour.status ?? 200, behaviour.interval_ms ?? 100, behaviour.duration_ms ?? 10_000);
    case "endless_body":
      return endlessBody(behaviour.status ?? 200);
    case "reset":
      return ({ socket }) => socket.resetAndDestroy();
    case "reset_body":
      return resetBody(behaviour.status ?? 200);
    case "redirect":
      return answerWith(
        { status: behaviour.status ?? 302, headers: { location: behaviour.location } },
        "elsewhere",
      );
    case "rate_limit":
      return rateLimit(behaviour);
    case "garbage":
      return ({ socket }) => socket.end(garbage);
    case "nul_body":
      return answerWith({ status: behaviour.status ?? 200 }, nulBody);
    case "hang":
      return () => {};
    case "close":
      return ({ socket }) => socket.end();
  }
}

function answerWith(answer: Answer, defaultBody: string | Buffer): Act {
  const status = answer.status ?? 200;
  const bodiless = status === 204 || status === 205 || status === 304;
  // Text stays text: Node sends it in one write with the headers, and a Buffer in a writev (half of all time, measured).
  const body = bodiless ? undefined : (answer.body ?? defaultBody);
  const headers: OutgoingHttpHeaders = {};
  if (body !== undefined) {
    headers["content-type"] = "text/plain";
    headers["content-length"] = Buffer.byteLength(body);
  }
  for (const [name, value] of Object.entries(answer.headers ?? {})) headers[name.toLowerCase()] = value;
  return ({ response, answered }) => {
    answered(status);
    response.writeHead(status, headers);
    response.end(body);
  };
}

function slow(delayMs: number, then: Act): Act {
  return (exchange) => {
    const timers = new SocketTimers(exchange.response, exchange.socket);
    timers.after(delayMs, () => then(exchange));
  };
}

function slowBody(status: number, intervalMs: number, durationMs: number): Act {
  return ({ response, socket, answered }) => {
    const timers = new SocketTimers(response, socket);
    answered(status);
    response.on("error", ignoreLeaving);
    response.writeHead(status, { "content-type": "text/plain" });
    response.flushHeaders();
    timers.every(intervalMs, () => response.writable && response.write("."));
    timers.after(durationMs, () => response.end());
  };
}

function endlessBody(status: number): Act {
  return ({ response, answered }) => {
    answered(status);
    response.on("error", ignoreLeaving);
    response.writeHead(status, { "content-type": "text/plain" });
    const pour = (): void => {
      while (!response.destroyed && response.write(endlessChunk));
    };
    response.on("drain", pour);
    pour();
  };
}

function resetBody(status: number): Act {
  return ({ response, socket, answered }) => {
    const timers = new SocketTimers(response, socket);
    answered(status);
    response.on("error", ignoreLeaving);
    response.writeHead(status, { "content-type": "text/plain", "content-length": halfBody.length * 2 });
    response.write(halfBody, () => timers.after(resetBodyDelayMs, () => socket.resetAndDestroy()));
  };
}

function rateLimit(behaviour: Extract<Behaviour, { kind: "rate_limit" }>): Act {
  const { per_second: perSecond, retry_after_ms: retryAfterMs, retry_after_form: form } = behaviour;
  const bucket =
    perSecond === undefined ? undefined : new TokenBucket(perSecond, behaviour.burst ?? perSecond);
  const allowed = answerWith({}, "ok");
  return (exchange) => {
    const waitMs = bucket?.take(exchange.atMs);
    if (waitMs === 0) return allowed(exchange);
    const askMs = retryAfterMs ?? waitMs;
    const headers: Record<string, string> =
      askMs === undefined ? {} : { "retry-after": retryAfter(askMs, form ?? "seconds", exchange.atMs) };
    answerWith({ status: 429, headers }, "too many requests")(exchange);
  };
}

/** What is written after its reader left must not end the process. */
function ignoreLeaving(): void {}

/** RFC 9110 section 10.2.3 knows whole seconds only; both forms round up, so that nobody is told to come too early. */
function retryAfter(waitMs: number, form: "seconds" | "date", nowMs: number): string {
  if (form === "seconds") return String(Math.ceil(waitMs / 1_000));
  return new Date(Math.ceil((nowMs + waitMs) / 1_000) * 1_000).toUTCString();
}
