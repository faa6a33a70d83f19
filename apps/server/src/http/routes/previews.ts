import {
  attemptRequestView,
  completeEndpoint,
  previewRequest,
  previewView,
  testKeys,
  testPostbackView,
  testRequest,
} from "@postrider/contract";
import { type Engine, PostriderError } from "@postrider/engine";
import { z } from "zod";
import { choiceLimits, readEventChoice } from "../event-choice.ts";
import { checked } from "../issues.ts";
import { type Route, route } from "../route.ts";
import { endpointParams, endpointPath, noEndpoint, readEndpoint } from "./endpoints.ts";

const previewRest = z.strictObject({ document: z.unknown().optional() });
const testRest = z.strictObject({
  keys: z.enum(testKeys, { error: "must be all or newest" }).default("all"),
});

/** Requests that are shown before they are sent, or after. */
export function previewRoutes(engine: Engine): Route[] {
  const preview = route(
    "POST",
    `${endpointPath}/preview`,
    {
      operationId: "previewEndpoint",
      tag: "endpoints",
      summary:
        "Render the stored document, or a draft, for an event: nothing is sent or stored. A draft may be of an endpoint that does not exist yet.",
      params: endpointParams,
      body: previewRequest,
      rawBody: true,
      limits: choiceLimits,
      answers: { 200: { meaning: "The request, or why there is none; and warnings.", schema: previewView } },
      errors: ["invalid_template", "invalid_target", "invalid_duration", "invalid_event", "not_found"],
    },
    async ({ params, body, signal }) => {
      const { choice, others, textOf } = readEventChoice(body);
      const { document } = checked(previewRest, others, "body");
      const draft = document === undefined ? null : readEndpoint(textOf("document"));
      const shown = await engine.shown.preview(
        params.id,
        params.endpoint_id,
        { ...choice, ...(draft === null ? {} : { document: completeEndpoint(draft) }) },
        signal,
      );
      if (shown === null) throw await noEndpoint(engine, params);
      return { status: 200, json: shown };
    },
  );

  const test = route(
    "POST",
    `${endpointPath}/test`,
    {
      operationId: "testEndpoint",
      tag: "endpoints",
      summary: "Send one real, flagged test postback and answer with the exchange.",
      params: endpointParams,
      body: testRequest,
      rawBody: true,
      limits: choiceLimits,
      answers: { 200: { meaning: "What was sent and what came back.", schema: testPostbackView } },
      errors: ["invalid_event", "not_found"],
    },
    async ({ params, body }) => {
      const { choice, others } = readEventChoice(body);
      const { keys } = checked(testRest, others, "body");
      const exchange = await engine.testPostback(params.id, params.endpoint_id, { ...choice, keys });
      if (exchange === null) throw await noEndpoint(engine, params);
      return { status: 200, json: exchange };
    },
  );

  const attempt = route(
    "GET",
    "/v1/deliveries/{id}/attempts/{n}/request",
    {
      operationId: "getAttemptRequest",
      tag: "deliveries",
      summary:
        "What an attempt sent, rendered again from its event and its version of the endpoint's document.",
      params: z.strictObject({
        id: z.string().max(100),
        n: z
          .string()
          .regex(/^([1-9]\d{0,4}|last)$/, "must be the number of an attempt, or last")
          .describe("The number of the attempt, from 1, or `last`."),
      }),
      answers: { 200: { meaning: "The request, without its signature.", schema: attemptRequestView } },
      errors: ["not_found"],
    },
    async ({ params: { id, n }, signal }) => {
      const shown = await engine.shown.attemptRequest(id, n === "last" ? null : Number(n), signal);
      if (shown === null) throw await noAttempt(engine, id, n);
      return { status: 200, json: shown };
    },
  );

  return [preview, test, attempt];
}

async function noAttempt({ operations }: Engine, id: string, n: string): Promise<PostriderError> {
  if ((await operations.getDelivery(id)) === null)
    return new PostriderError("not_found", `There is no delivery ${id}.`, { hint: "List the deliveries." });
  const which = n === "last" ? "attempt" : `attempt ${n}`;
  return new PostriderError("not_found", `The delivery ${id} has no ${which}.`, {
    hint: "Show the delivery: it has its attempts. What ended before a request was made has none.",
  });
}
