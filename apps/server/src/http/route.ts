import type { ErrorCode } from "@postrider/engine";
import type { Slices } from "@postrider/engine/json-text";
import type { z } from "zod";
import { type DocumentLimits, documentLimits } from "./document-check.ts";
import type { Tag } from "./tags.ts";

/** What a handler answers: JSON or text with a status. Frameworks stay out of handlers. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A call that was authenticated and checked. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  /** Checked by the route's schema; with `rawBody` the text as it came. */
  readonly body: Body;
  /** Names the key that made the call, without giving it away. */
  readonly caller: string;
  readonly nowMs: number;
  /** Aborts if the caller goes away before the answer: what is only read for the answer ends then. */
  readonly signal: AbortSignal;
  /** For work that may be long: it holds the event loop a slice at a time. */
  readonly slices: Slices;
}

/** One route, declared once: the router, the checks and the OpenAPI document are made from it. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** OpenAPI form, `/v1/partners/{id}`. */
  readonly path: string;
  /** The name of its function in generated clients: a verb first, such as `putPartner`. */
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  /** True: no API key is asked for. */
  readonly open: boolean;
  readonly params: z.ZodObject | null;
  readonly query: z.ZodObject | null;
  readonly body: z.ZodType | null;
  /** The body's text goes to the handler unparsed; the schema only documents it. */
  readonly rawBody: boolean;
  /** Of the body; null: it is no document, and as large as any body may be. */
  readonly limits: DocumentLimits | null;
  readonly answers: Readonly<
    Record<
      number,
      { readonly meaning: string; readonly schema: z.ZodType | null; readonly contentType?: string }
    >
  >;
  /** Beyond those that every route may answer with. */
  readonly errors: readonly ErrorCode[];
  readonly handle: (call: Call<never, never, never>) => Promise<Answer> | Answer;
}

type Out<Schema> = Schema extends z.ZodType ? z.output<Schema> : null;

interface RouteGiven<Params, Query, Body> {
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly rawBody?: boolean;
  /** Default 256 KiB and 5,000 values. */
  readonly limits?: DocumentLimits | null;
  readonly open?: boolean;
  readonly answers: Route["answers"];
  readonly errors?: readonly ErrorCode[];
}

/**
 * Declares a route; the handler's call is typed by the schemas given.
 *
 * @example route("GET", "/v1/partners/{id}", { operationId, tag, summary, params, answers }, ({ params }) => ({ status: 200, json: params.id }))
 */
export function route<
  Params extends z.ZodObject | null = null,
  Query extends z.ZodObject | null = null,
  Body extends z.ZodType | null = null,
>(
  method: Route["method"],
  path: string,
  given: RouteGiven<Params, Query, Body>,
  handle: (call: Call<Out<Params>, Out<Query>, Out<Body>>) => Promise<Answer> | Answer,
): Route {
  return {
    method,
    path,
    operationId: given.operationId,
    tag: given.tag,
    summary: given.summary,
    open: given.open ?? false,
    params: given.params ?? null,
    query: given.query ?? null,
    body: given.body ?? null,
    rawBody: given.rawBody ?? false,
    limits: given.limits === undefined ? documentLimits : given.limits,
    answers: given.answers,
    errors: given.errors ?? [],
    handle,
  };
}
