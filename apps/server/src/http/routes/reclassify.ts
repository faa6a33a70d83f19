import { reclassificationView, reclassifyRequest, withExactRules } from "@postrider/contract";
import type { Engine } from "@postrider/engine";
import { parseExactJson } from "@postrider/contract/exact-json";
import type { z } from "zod";
import { definedFilter } from "../delivery-filter.ts";
import { documentLimits, readDocument } from "../document-check.ts";
import { type Route, route } from "../route.ts";
import { endpointParams, endpointPath, noEndpoint } from "./endpoints.ts";

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
