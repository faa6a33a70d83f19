import { isSenderError, type SenderError } from "./errors.ts";
import type { EventDocument } from "./event.ts";
import type { PreparedEvent } from "./prepare.ts";
import { type Connection, encode, post } from "./request.ts";
import type { BatchResult, EventResult, FailedResult } from "./result.ts";

/** How many events one request holds at most; the server's contract. */
export const maxBatchEvents = 1_000;

/**
 * Sends prepared events chunk by chunk, and tells each one's result in order.
 *
 * @throws SenderError when a request fails for good before any was answered
 */
export async function sendAll(connection: Connection, prepared: Chunk): Promise<BatchResult[]> {
  const results: BatchResult[] = [];
  const waiting = chunksOf(prepared);
  let answered = false;
  for (let chunk = waiting.shift(); chunk !== undefined; chunk = waiting.shift()) {
    const outcome = await postChunk(connection, chunk);
    if (Array.isArray(outcome)) {
      answered = true;
      results.push(...outcome);
    } else if (outcome.code === "payload_too_large") {
      // Speaks of these events alone: smaller requests may pass, and one event that is too large stops no other.
      if (chunk.length > 1) waiting.unshift(...halvesOf(chunk));
      else results.push(...failed(chunk, outcome));
    } else if (answered) {
      // Anything else would meet the next request as well.
      results.push(...failed([...chunk, ...waiting.splice(0).flat()], outcome));
    } else {
      throw forAll(outcome, prepared);
    }
  }
  return results;
}

type Chunk = readonly PreparedEvent[];

async function postChunk(connection: Connection, chunk: Chunk): Promise<EventResult[] | SenderError> {
  const body = encode(`{"events":[${chunk.map(({ text }) => text).join(",")}]}`);
  try {
    return await post(connection, { events: documentsOf(chunk), body });
  } catch (error) {
    if (!isSenderError(error)) throw error;
    const [only, ...more] = documentsOf(chunk);
    if (error.code !== "invalid_event" || only === undefined || more.length > 0) return error;
    // The server may answer a request of one event by its status; in a batch that is still this event's result.
    return [{ event_id: only.event_id, status: "invalid", deliveries: 0, error: error.message }];
  }
}

function chunksOf(prepared: Chunk): Chunk[] {
  const count = Math.ceil(prepared.length / maxBatchEvents);
  return Array.from({ length: count }, (_, index) =>
    prepared.slice(index * maxBatchEvents, (index + 1) * maxBatchEvents),
  );
}

function halvesOf(chunk: Chunk): [Chunk, Chunk] {
  const middle = Math.ceil(chunk.length / 2);
  return [chunk.slice(0, middle), chunk.slice(middle)];
}

function failed(chunk: Chunk, { code, message }: SenderError): FailedResult[] {
  return chunk.map(({ document }) => ({
    event_id: document.event_id,
    status: "failed",
    deliveries: 0,
    error: message,
    code,
  }));
}

function documentsOf(chunk: Chunk): EventDocument[] {
  return chunk.map(({ document }) => document);
}

/** The error of a first request speaks for the whole batch: all of its events are to be sent again. */
function forAll(error: SenderError, prepared: Chunk): SenderError {
  return Object.defineProperty(error, "events", { value: documentsOf(prepared) });
}
