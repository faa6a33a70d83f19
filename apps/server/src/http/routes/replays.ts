import { type Engine, PostriderError } from "@postrider/engine";
import { z } from "zod";
import { definedFilter } from "../delivery-filter.ts";
import { selectionLimits } from "../document-check.ts";
import { type Route, route } from "../route.ts";
import { createdReplayView, limitQuery, replayRequest, replaysView, replayView } from "@postrider/contract";

const params = z.strictObject({ id: z.string().max(100) });
const tag = "replays";

function noReplay(id: string): PostriderError {
  return new PostriderError("not_found", `There is no replay ${id}.`, {
    hint: "List the replays.",
  });
}

/** Replays: putting chosen deliveries back to pending. */
export function replayRoutes(engine: Engine): Route[] {
  const { operations } = engine;

  const create = route(
    "POST",
    "/v1/replays",
    {
      operationId: "createReplay",
      tag,
      summary: "Replay deliveries by ids or filter, or count what would be replayed.",
      body: replayRequest,
      limits: selectionLimits,
      answers: { 202: { meaning: "Begun (or counted, for a dry run).", schema: createdReplayView } },
      errors: ["not_found"],
    },
    async ({ body, caller, nowMs, signal }) => {
      const filter = definedFilter(body.filter, nowMs);
      if (filter.state === "pending") {
        throw new PostriderError(
          "invalid_request",
          "Pending deliveries are still to be sent, so they cannot be replayed.",
          {
            issues: [{ path: "filter.state", message: "must be a terminal state" }],
          },
        );
      }
      if (body.dry_run) {
        return {
          status: 202,
          json: { replay_id: null, ...(await operations.previewReplay(filter, nowMs, signal)) },
        };
      }
      const request = { filter, ratePerSecond: body.rate_per_second, requestedBy: caller };
      const { replay, ...selected } = await operations.createReplay(request, nowMs);
      engine.sweepNow();
      return { status: 202, json: { replay_id: replay.replay_id, ...selected } };
    },
  );

  const get = route(
    "GET",
    "/v1/replays/{id}",
    {
      operationId: "getReplay",
      tag,
      summary: "A replay and its progress.",
      params,
      answers: { 200: { meaning: "The replay.", schema: replayView } },
      errors: ["not_found"],
    },
    async ({ params: { id }, signal }) => {
      const replay = await operations.getReplay(id, signal);
      if (replay === null) throw noReplay(id);
      return { status: 200, json: replay };
    },
  );

  const list = route(
    "GET",
    "/v1/replays",
    {
      operationId: "listReplays",
      tag,
      summary: "Replays, newest first.",
      query: limitQuery,
      answers: { 200: { meaning: "The replays.", schema: replaysView } },
    },
    async ({ query, signal }) => ({
      status: 200,
      json: { replays: await operations.listReplays(query.limit, signal) },
    }),
  );

  const cancel = route(
    "DELETE",
    "/v1/replays/{id}",
    {
      operationId: "cancelReplay",
      tag,
      summary: "Cancel a replay: what was not yet put back stays as it is.",
      params,
      answers: { 200: { meaning: "The replay.", schema: replayView } },
      errors: ["not_found"],
    },
    async ({ params: { id }, nowMs }) => {
      const replay = await operations.cancelReplay(id, nowMs);
      if (replay === null) throw noReplay(id);
      return { status: 200, json: replay };
    },
  );

  return [create, list, get, cancel];
}
