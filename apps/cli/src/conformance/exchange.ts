import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

/** A request, whole: what is signed and what is sent may differ on purpose. */
export interface Request {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** Sends the body in so many pieces with a pause before each. */
  readonly pieces?: { readonly count: number; readonly pause: () => Promise<void> };
}

/** What came back. */
export interface Reply {
  /** Null where no answer came; `fault` then says why. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The first 4 KiB, as text. */
  readonly body: string;
  readonly durationMs: number;
  readonly fault: string | null;
}

/** Sends one request over a connection of its own; redirects are not followed. Never rejects for what the partner does. */
export type Exchange = (request: Request) => Promise<Reply>;

const keptBytes = 4096;

/** @param timeoutMs the longest wait for the whole exchange, pauses between pieces not counted */
export function createExchange(url: URL, method: string, timeoutMs: number, signal: AbortSignal): Exchange {
  const open = url.protocol === "https:" ? httpsRequest : httpRequest;
  return async ({ headers, body, pieces }) => {
    const startedMs = performance.now();
    const deadline = new AbortController();
    const overdue = setTimeout(
      () => deadline.abort(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    try {
      const outgoing = open(url, {
        method,
        agent: false,
        headers: { ...Object.fromEntries(headers), "content-length": String(body.length) },
        signal: AbortSignal.any([deadline.signal, signal]),
      });
      outgoing.on("response", resolve);
      outgoing.on("error", reject);
      // A partner that answers before it has the whole body may close: what it said counts, not the failed write.
      await write(outgoing, body, pieces).catch(() => undefined);
      const response = await promise;
      const text = await readStart(response);
      return {
        status: response.statusCode ?? null,
        headers: flat(response),
        body: text,
        durationMs: since(startedMs),
        fault: null,
      };
    } catch (error) {
      if (signal.aborted) throw error;
      const reason: unknown = deadline.signal.aborted ? deadline.signal.reason : error;
      return { status: null, headers: {}, body: "", durationMs: since(startedMs), fault: words(reason) };
    } finally {
      clearTimeout(overdue);
    }
  };
}

async function write(
  outgoing: ReturnType<typeof httpRequest>,
  body: Uint8Array,
  pieces: Request["pieces"],
): Promise<void> {
  const size = Math.max(1, Math.ceil(body.length / (pieces?.count ?? 1)));
  if (pieces !== undefined) {
    for (let from = 0; from < body.length; from += size) {
      await pieces.pause();
      outgoing.write(body.subarray(from, from + size));
    }
    outgoing.end();
  } else outgoing.end(body);
}

/** Reads on to the end so that the answer is complete, and keeps its start. */
async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let kept = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (kept >= keptBytes) continue;
    chunks.push(chunk.subarray(0, keptBytes - kept));
    kept += chunk.length;
  }
  return Buffer.concat(chunks).toString("utf8");
}

const flat = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(", ")]));

const since = (startedMs: number): number => Math.round(performance.now() - startedMs);

function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string"
    ? `${error.code}: ${error.message}`
    : error.message;
}
