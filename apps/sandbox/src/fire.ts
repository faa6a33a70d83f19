import { parseSecret, type Secret, secretFromBytes, serializeEnvelope, sign } from "@postrider/protocol";
import { SandboxError } from "./errors.ts";

/** What may be wrong with a test-fired message, to see what a receiver and the doctor make of it. */
export const faults = ["none", "reserialised", "tampered", "stale", "wrong_secret", "unsigned"] as const;

/** One of {@link faults}. */
export type Fault = (typeof faults)[number];

/** What to fire: the body of `POST /_sandbox/fire`. */
export interface Shot {
  target: URL;
  /** Undefined: those of the sandbox's own partner that is the target. */
  secret: Secret | undefined;
  fault: Fault;
  type: string;
  data: object;
}

/** What came of it. */
export interface Fired {
  webhook_id: string;
  /** Null if no answer came; `error` then says why. */
  status: number | null;
  duration_ms: number;
  /** The first 2,000 characters. */
  body: string;
  error?: string;
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const shownCharacters = 2_000;
const timeoutMs = 10_000;
const staleSeconds = 3_600;

/** Whether an URL's or a `Host` header's name is this machine. URLs are normalized, so `0x7f.1` counts too. */
export const isLoopback = (hostname: string): boolean => loopback.test(hostname);

/**
 * Reads and checks a shot. A path is one of the sandbox itself.
 *
 * @throws SandboxError `request_invalid`, `target_refused`, `secret_invalid`
 */
export function parseShot(document: Readonly<Record<string, unknown>>, sandboxUrl: string): Shot {
  const { target, secret, fault = "none", type = "postrider.test", data = { test: true } } = document;
  if (typeof target !== "string" || !URL.canParse(target, sandboxUrl))
    throw new SandboxError(
      "request_invalid",
      '"target" must be a path such as /p/acme, or a URL on this machine.',
    );
  const url = new URL(target, sandboxUrl);
  if (url.protocol !== "http:" || !isLoopback(url.hostname))
    throw new SandboxError(
      "target_refused",
      "Test messages go to http URLs on this machine only (127.0.0.1, localhost, [::1]).",
    );
  const known = faults.find((name) => name === fault);
  if (known === undefined)
    throw new SandboxError("request_invalid", `"fault" must be one of ${faults.join(", ")}.`);
  if (typeof type !== "string" || typeof data !== "object" || data === null)
    throw new SandboxError("request_invalid", '"type" must be a string and "data" an object.');
  return { target: url, secret: readSecret(secret), fault: known, type, data };
}

function readSecret(text: unknown): Secret | undefined {
  if (text === undefined || text === null || text === "") return undefined;
  try {
    const secret = parseSecret(text as string);
    if (secret.kind === "whsec") return secret;
  } catch {
    // Said below, in the same words for every cause: the text is a secret.
  }
  throw new SandboxError("secret_invalid", '"secret" must be a whole whsec_….');
}

/** The request to send: signed, then spoiled as asked. */
export async function shotRequest(
  { type, data, fault }: Pick<Shot, "type" | "data" | "fault">,
  secrets: readonly Secret[],
  id: string,
  nowMs: number,
): Promise<{ headers: Record<string, string>; body: string }> {
  const envelope = {
    eventId: `event-${id}`,
    type,
    occurredAt: new Date(nowMs).toISOString(),
    schemaVersion: 1,
  };
  const body = serializeEnvelope({ ...envelope, dataText: JSON.stringify(data) });
  const timestampSeconds = Math.floor(nowMs / 1000) - (fault === "stale" ? staleSeconds : 0);
  const signers = fault === "wrong_secret" ? [secretFromBytes("whsec", new Uint8Array(32).fill(7))] : secrets;
  const signed = fault === "unsigned" ? {} : await sign(body, { id, timestampSeconds, secrets: signers });
  return {
    headers: {
      "content-type": "application/json",
      "user-agent": "Postrider-Sandbox/0.1",
      "webhook-test": "1",
      ...signed,
    },
    body:
      fault === "reserialised"
        ? JSON.stringify(JSON.parse(body), null, 2)
        : fault === "tampered"
          ? body.replace('"id":"event-', '"id":"other-')
          : body,
  };
}

/** Sends it and tells what came back. Redirects are not followed: they could lead off this machine. */
export async function fire(
  shot: Shot,
  secrets: readonly Secret[],
  id: string,
  nowMs: number,
): Promise<Fired> {
  const request = await shotRequest(shot, secrets, id, nowMs);
  const startedMs = performance.now();
  const since = (): number => Math.round(performance.now() - startedMs);
  try {
    const response = await fetch(shot.target, {
      method: "POST",
      ...request,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await startOf(response);
    return { webhook_id: id, status: response.status, duration_ms: since(), body };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { webhook_id: id, status: null, duration_ms: since(), body: "", error: String(cause) };
  }
}

/** A body may be endless: it is left as soon as enough of it came. */
async function startOf(response: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length >= shownCharacters) break;
  }
  return text.slice(0, shownCharacters);
}
