import { reclassificationView, verdictRules, withExactRules } from "@postrider/contract";
import type { Engine } from "@postrider/engine";
import { parseExactJson } from "@postrider/engine/exact-json";
import { z } from "zod";
import { definedFilter, instant, pageKeys } from "../delivery-filter.ts";
import { documentLimits, readDocument } from "../document-check.ts";
import { type Route, route } from "../route.ts";
import { endpointParams, endpointPath, noEndpoint } from "./endpoints.ts";
import { replayRate } from "./replays.ts";

const reclassifyRequest = z
  .strictObject(
    {
      verdicts: verdictRules.optional().describe("Rules to try. Default: those of the endpoint."),
      since: instant.optional().describe("Accepted at or after."),
      until: instant.optional().describe("Accepted before."),
      limit: z
        .int({ error: "must be a whole number from 1 to 10000" })
        .min(1, "must be at least 1")
        .max(10_000, "must be at most 10000")
        .default(10_000)
        .describe("Ended deliveries to look at, the newest first. A call reads for 15 s at most."),
      cursor: pageKeys.cursor,
      replay: z
        .boolean({ error: "must be true or false" })
        .default(false)
        .describe("True: those wrongly delivered are replayed. False: count only."),
      rate_per_second: replayRate,
    },
    { error: "must be an object" },
  )
  .prefault({})
  .meta({ id: "ReclassifyRequest" });

/** The request of a body's text; the numbers of its rules keep their digits. @throws PostriderError `invalid_request` */
function readRequest(text: string): z.output<typeof reclassifyRequest> {
  const request = readDocument(reclassifyRequest, text, documentLimits);
  if (request.verdicts === undefined) return request;
  const exact = parseExactJson(text) as { verdicts: NonNullable<typeof request.verdicts> };
  return {
    ...request,
    verdicts: withExactRules(request.verdicts, exact.verdicts) as typeof request.verdicts,
  };
}

/** Judging kept answers again. */
export function reclassifyRoutes(engine: Engine): Route[] {
  const { operations } = engine;
  const reclassify = route(
    "POST",
    `${endpointPath}/reclassify`,
    {
      operationId: "reclassifyEndpoint",
      tag: "endpoints",
      summary:
        "Judge kept answers by verdict rules, stored or tried, and replay what was wrongly booked as delivered.",
      params: endpointParams,
      body: reclassifyRequest,
      rawBody: true,
      answers: { 200: { meaning: "What the answers would be.", schema: reclassificationView } },
      errors: ["invalid_template", "not_found"],
    },
    async ({ params, body, caller, nowMs, signal }) => {
      const given: unknown = body;
      const { replay, rate_per_second, since, until, ...request } =
        typeof given === "string" ? readRequest(given) : body;
      const span = definedFilter({ since, until }, nowMs);
      const { id, endpoint_id } = params;
      const found = await operations.reclassify(id, endpoint_id, { ...request, ...span }, signal);
      if (found === null) throw await noEndpoint(engine, params);
      const { wronglyDelivered, ...counted } = found;
      const json = { ...counted, wrongly_delivered: wronglyDelivered.length, replay: null };
      if (!replay || wronglyDelivered.length === 0) return { status: 200, json };
      const { replay: made, ...selected } = await operations.createReplay(
        {
          filter: { delivery_ids: wronglyDelivered },
          ratePerSecond: rate_per_second,
          requestedBy: caller,
        },
        nowMs,
      );
      engine.sweepNow();
      return { status: 200, json: { ...json, replay: { replay_id: made.replay_id, ...selected } } };
    },
  );
  return [reclassify];
}
