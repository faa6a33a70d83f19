import {
  endpointId,
  endpointVersionsView,
  endpointVersionView,
  pageQuery,
  partnerId,
  storedEndpointView,
} from "@postrider/contract";
import { type Engine, PostriderError } from "@postrider/engine";
import { z } from "zod";
import { pageOf } from "../delivery-filter.ts";
import { type Route, route } from "../route.ts";
import { endpointParams, endpointPath, noEndpoint, withWarnings } from "./endpoints.ts";

const tag = "endpoints";
const versionParams = z.strictObject({
  id: partnerId,
  endpoint_id: endpointId,
  version: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, "must be the number of a version")
    .describe("The number of the version."),
});

/** The versions of an endpoint's document. */
export function endpointVersionRoutes(engine: Engine): Route[] {
  const { operations } = engine;

  const list = route(
    "GET",
    `${endpointPath}/versions`,
    {
      operationId: "listEndpointVersions",
      tag,
      summary: "The versions of an endpoint's document, newest first.",
      params: endpointParams,
      query: pageQuery,
      answers: { 200: { meaning: "A page of versions.", schema: endpointVersionsView } },
      errors: ["not_found"],
    },
    async ({ params, query, signal }) => {
      const page = await operations.listEndpointVersions(
        params.id,
        params.endpoint_id,
        pageOf(query),
        signal,
      );
      if (page === null) throw await noEndpoint(engine, params);
      return { status: 200, json: page };
    },
  );

  const get = route(
    "GET",
    `${endpointPath}/versions/{version}`,
    {
      operationId: "getEndpointVersion",
      tag,
      summary: "A version of an endpoint's document.",
      params: versionParams,
      answers: { 200: { meaning: "The version.", schema: endpointVersionView } },
      errors: ["not_found"],
    },
    async ({ params, signal }) => {
      const { id, endpoint_id, version } = params;
      const found = await operations.getEndpointVersion(id, endpoint_id, Number(version), signal);
      if (found === null) throw await noVersion(engine, params);
      return { status: 200, json: found };
    },
  );

  const restore = route(
    "POST",
    `${endpointPath}/versions/{version}/restore`,
    {
      operationId: "restoreEndpointVersion",
      tag,
      summary: "Make a new version with the document of an old one, which is checked as any other.",
      params: versionParams,
      answers: { 200: { meaning: "The endpoint as it is now.", schema: storedEndpointView } },
      errors: ["invalid_template", "invalid_target", "invalid_duration", "signing_key_missing", "not_found"],
    },
    async ({ params, caller, nowMs }) => {
      const { id, endpoint_id, version } = params;
      const endpoint = await operations.restoreEndpointVersion(id, endpoint_id, Number(version), nowMs, {
        by: caller,
      });
      if (endpoint === null) throw await noVersion(engine, params);
      engine.sweepNow();
      return { status: 200, json: await withWarnings(engine, endpoint) };
    },
  );

  return [list, get, restore];
}

async function noVersion(engine: Engine, params: z.output<typeof versionParams>): Promise<PostriderError> {
  const { id, endpoint_id, version } = params;
  if ((await engine.operations.getEndpoint(id, endpoint_id, engine.now())) === null)
    return noEndpoint(engine, params);
  return new PostriderError("not_found", `${id}/${endpoint_id} has no version ${version} in the ledger.`, {
    hint: "List the versions of the endpoint. One that no kept attempt used is removed in time, except for the newest 20.",
  });
}
