import {
  completeEndpoint,
  endpointDocument,
  endpointId,
  partnerId,
  withExactNumbers,
} from "@postrider/contract";
import { type Endpoint, type Engine, PostriderError } from "@postrider/engine";
import { parseExactJson } from "@postrider/contract/exact-json";
import { memberText } from "@postrider/engine/json-text";
import { z } from "zod";
import { deletedAnswer, deletedAnswers } from "../deleted-answer.ts";
import { documentLimits, readDocument } from "../document-check.ts";
import { type Route, route } from "../route.ts";
import { endpointsView, endpointView, endpointWarningsView, storedEndpointView } from "@postrider/contract";
import { didYouMean, noPartner } from "./partners.ts";

/** The parameters of {@link endpointPath}. */
export const endpointParams = z.strictObject({ id: partnerId, endpoint_id: endpointId });
const params = endpointParams;
/** The path of an endpoint. */
export const endpointPath = "/v1/partners/{id}/endpoints/{endpoint_id}";
const path = endpointPath;
const tag = "endpoints";

/** The error if an endpoint was named that does not exist. */
export async function noEndpoint(
  engine: Engine,
  { id, endpoint_id }: Pick<z.output<typeof params>, "id" | "endpoint_id">,
): Promise<PostriderError> {
  if ((await engine.operations.getPartner(id)) === null) return noPartner(engine, id);
  const near = await engine.operations.nearestName({ partner: id, endpoint: endpoint_id });
  return new PostriderError("not_found", `The partner ${id} has no endpoint ${endpoint_id}.`, {
    hint: `${didYouMean(near)}List the endpoints of ${id}.`,
  });
}

/**
 * The document of a request's text. The numbers of its body keep their digits.
 *
 * @throws PostriderError `invalid_request`
 */
export function readEndpoint(text: string): z.output<typeof endpointDocument> {
  const document = readDocument(endpointDocument, text, documentLimits);
  const hasJson = typeof document.body === "object" || document.parameters.length > 0;
  if (!hasJson && document.verdicts.length === 0) return document;
  return withExactNumbers(document, {
    body: exactPart(text, "body"),
    parameters: exactPart(text, "parameters"),
    verdicts: exactPart(text, "verdicts"),
  });
}

/** A part of the document whose numbers keep their digits; undefined if it has no such key. */
function exactPart(text: string, key: "body" | "parameters" | "verdicts"): unknown {
  const part = memberText(text, key);
  if (part === null) return undefined;
  if (part.length > longestPart) {
    const message = `must have at most ${longestPart} characters, and has ${part.length}`;
    throw new PostriderError("invalid_request", `The body is not valid: ${key} ${message}.`, {
      hint: "A template is small: put long texts into the event's data, and a macro in their place.",
      issues: [{ path: key, message }],
    });
  }
  return parseExactJson(part);
}

/** Characters of a JSON body. Compiling it is one step of the event loop: 64 kB of short values take 30 ms. */
const longestPart = 65_536;

/** An endpoint that was just stored, with what is most likely wrong with it. */
export async function withWarnings({ operations }: Engine, endpoint: Endpoint): Promise<object> {
  // The endpoint is stored: a fault while looking for warnings must not change that.
  const { warnings } = await operations
    .endpointWarnings({ partner: endpoint.partner, endpoint: endpoint.id })
    .catch(() => ({ warnings: [] }));
  return { ...endpoint, warnings };
}

/** Endpoints: the destinations of a partner. */
export function endpointRoutes(engine: Engine): Route[] {
  const { operations } = engine;

  const put = route(
    "PUT",
    path,
    {
      operationId: "putEndpoint",
      tag,
      summary: "Create or replace an endpoint.",
      params,
      body: endpointDocument,
      rawBody: true,
      answers: {
        200: { meaning: "Replaced.", schema: storedEndpointView },
        201: { meaning: "Created.", schema: storedEndpointView },
      },
      errors: ["invalid_template", "invalid_target", "invalid_duration", "signing_key_missing", "not_found"],
    },
    async ({ params: { id, endpoint_id }, body, caller, nowMs }) => {
      const document = completeEndpoint(readEndpoint(body as unknown as string));
      const put = await operations.putEndpoint(id, endpoint_id, document, nowMs, { by: caller });
      if (put === null) throw await noPartner(engine, id);
      engine.sweepNow();
      return { status: put.created ? 201 : 200, json: await withWarnings(engine, put.endpoint) };
    },
  );

  const get = route(
    "GET",
    path,
    {
      operationId: "getEndpoint",
      tag,
      summary: "An endpoint.",
      params,
      answers: { 200: { meaning: "The endpoint.", schema: endpointView } },
      errors: ["not_found"],
    },
    async ({ params, nowMs, signal }) => {
      const endpoint = await operations.getEndpoint(params.id, params.endpoint_id, nowMs, signal);
      if (endpoint === null) throw await noEndpoint(engine, params);
      return { status: 200, json: endpoint };
    },
  );

  const list = route(
    "GET",
    "/v1/partners/{id}/endpoints",
    {
      operationId: "listEndpoints",
      tag,
      summary: "The endpoints of a partner.",
      params: z.strictObject({ id: partnerId }),
      answers: { 200: { meaning: "The endpoints.", schema: endpointsView } },
      errors: ["not_found"],
    },
    async ({ params: { id }, nowMs, signal }) => {
      const endpoints = await operations.listEndpoints(id, nowMs, signal);
      if (endpoints === null) throw await noPartner(engine, id);
      return { status: 200, json: { endpoints } };
    },
  );

  const remove = route(
    "DELETE",
    path,
    {
      operationId: "deleteEndpoint",
      tag,
      summary: "Delete an endpoint; its waiting deliveries are cancelled.",
      params,
      answers: deletedAnswers,
      errors: ["not_found"],
    },
    async ({ params, nowMs }) => {
      const deleted = await operations.deleteEndpoint(params.id, params.endpoint_id, nowMs);
      if (deleted === null) throw await noEndpoint(engine, params);
      return deletedAnswer(deleted);
    },
  );

  const warnings = route(
    "GET",
    "/v1/endpoint-warnings",
    {
      operationId: "listEndpointWarnings",
      tag,
      summary:
        "What is most likely wrong with endpoints: credentials in clear, secrets that were never set, and macros that no recent event had a value for (of the 200 endpoints changed last).",
      answers: { 200: { meaning: "What was found.", schema: endpointWarningsView } },
    },
    async ({ signal }) => ({ status: 200, json: await operations.endpointWarnings(undefined, signal) }),
  );

  return [list, put, get, remove, warnings, ...actionRoutes(engine)];
}

/** What can be done with an endpoint besides changing its document. */
function actionRoutes(engine: Engine): Route[] {
  const resume = route(
    "POST",
    `${path}/resume`,
    {
      operationId: "resumeEndpoint",
      tag,
      summary: "End a pause, hold or open circuit that the partner's answers caused.",
      params,
      answers: { 200: { meaning: "The endpoint.", schema: endpointView } },
      errors: ["not_found"],
    },
    async ({ params, nowMs }) => {
      const endpoint = await engine.operations.resumeEndpoint(params.id, params.endpoint_id, nowMs);
      if (endpoint === null) throw await noEndpoint(engine, params);
      engine.sweepNow();
      return { status: 200, json: endpoint };
    },
  );

  return [resume];
}
