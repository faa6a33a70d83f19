import {
  type Engine,
  type KeyOperations,
  type NameOperations,
  type PartnerOperations,
  parseDurationMs,
  PostriderError,
} from "@postrider/engine";
import { z } from "zod";
import { deletedAnswer, deletedAnswers } from "../deleted-answer.ts";
import { pageOf } from "../delivery-filter.ts";
import { type Route, route } from "../route.ts";
import {
  createdPartnerView,
  keysView,
  pageQuery,
  partnerId,
  partnerRequest,
  partnersView,
  partnerView,
  rotatedView,
  rotateRequest,
} from "@postrider/contract";

const params = z.strictObject({ id: partnerId });
const tag = "partners";

/** The error if a partner was named that does not exist. Its words are for callers of the API and of the command. */
export async function noPartner(
  { operations }: { readonly operations: NameOperations },
  id: string,
): Promise<PostriderError> {
  const near = await operations.nearestName({ partner: id });
  return new PostriderError("not_found", `There is no partner ${id}.`, {
    hint: `${didYouMean(near)}List the partners, or create it first.`,
  });
}

export const didYouMean = (near: string | null): string => (near === null ? "" : `Did you mean ${near}? `);

/** Partners: who receives, how fast, and with which keys. */
export function partnerRoutes(engine: Engine): Route[] {
  const { operations } = engine;

  const put = route(
    "PUT",
    "/v1/partners/{id}",
    {
      operationId: "putPartner",
      tag,
      summary: "Create or replace a partner.",
      params,
      body: partnerRequest,
      answers: {
        200: { meaning: "Replaced.", schema: createdPartnerView },
        201: { meaning: "Created; the signing secret is shown this once.", schema: createdPartnerView },
      },
      errors: ["invalid_secret"],
    },
    async ({ params: { id }, body, nowMs }) => {
      const { signing_secret: secret, ...document } = body;
      const given = secret === undefined ? {} : { secret };
      const { partner, created, signingSecret } = await operations.putPartner(id, document, nowMs, given);
      engine.sweepNow();
      const shown = signingSecret === null ? {} : { signing_secret: signingSecret };
      const taken = secret === undefined ? {} : { signing_secret_given: true };
      return { status: created ? 201 : 200, json: { ...partner, ...shown, ...taken } };
    },
  );

  const get = route(
    "GET",
    "/v1/partners/{id}",
    {
      operationId: "getPartner",
      tag,
      summary: "A partner.",
      params,
      answers: { 200: { meaning: "The partner.", schema: partnerView } },
      errors: ["not_found"],
    },
    async ({ params: { id }, signal }) => {
      const partner = await operations.getPartner(id, signal);
      if (partner === null) throw await noPartner(engine, id);
      return { status: 200, json: partner };
    },
  );

  const list = route(
    "GET",
    "/v1/partners",
    {
      operationId: "listPartners",
      tag,
      summary: "All partners, by id.",
      query: pageQuery,
      answers: { 200: { meaning: "A page of partners.", schema: partnersView } },
    },
    async ({ query, signal }) => ({
      status: 200,
      json: await operations.listPartners(pageOf(query), signal),
    }),
  );

  const remove = route(
    "DELETE",
    "/v1/partners/{id}",
    {
      operationId: "deletePartner",
      tag,
      summary: "Delete a partner; its waiting deliveries are cancelled.",
      params,
      answers: deletedAnswers,
      errors: ["not_found"],
    },
    async ({ params: { id }, nowMs }) => {
      const deleted = await operations.deletePartner(id, nowMs);
      if (deleted === null) throw await noPartner(engine, id);
      return deletedAnswer(deleted);
    },
  );

  return [list, put, get, remove, ...stateRoutes(engine), ...keyRoutes(engine)];
}

/** The signing keys of a partner. */
function keyRoutes(
  engine: Pick<Engine, "sweepNow"> & {
    readonly operations: KeyOperations & NameOperations & PartnerOperations;
  },
): Route[] {
  const { operations } = engine;

  const rotate = route(
    "POST",
    "/v1/partners/{id}/rotate-secret",
    {
      operationId: "rotateSecret",
      tag,
      summary: "Make the next signing key; the older ones go on signing until the overlap ends.",
      params,
      body: rotateRequest,
      answers: {
        200: {
          meaning: "The next key; the secret of one that was made is shown this once.",
          schema: rotatedView,
        },
      },
      errors: ["not_found", "invalid_secret", "too_many_keys"],
    },
    async ({ params: { id }, body, nowMs }) => {
      const { overlap, scheme, signing_secret: secret } = body;
      const options = {
        overlapMs: parseDurationMs(overlap),
        scheme,
        ...(secret === undefined ? {} : { secret }),
      };
      const rotated = await operations.rotateSecret(id, options, nowMs);
      if (rotated === null) throw await noPartner(engine, id);
      // Deliveries may have waited for a key of this scheme.
      engine.sweepNow();
      const { signingSecret: signing_secret, publicKey: public_key, keys } = rotated;
      const taken = secret === undefined ? {} : { signing_secret_given: true };
      return { status: 200, json: { signing_secret, ...taken, public_key, keys } };
    },
  );

  const keys = route(
    "GET",
    "/v1/partners/{id}/keys",
    {
      operationId: "listKeys",
      tag,
      summary: "The signing keys of a partner, without their secrets.",
      params,
      answers: { 200: { meaning: "The keys.", schema: keysView } },
      errors: ["not_found"],
    },
    async ({ params: { id }, nowMs, signal }) => {
      if ((await operations.getPartner(id, signal)) === null) throw await noPartner(engine, id);
      return { status: 200, json: { keys: await operations.listKeys(id, nowMs, signal) } };
    },
  );

  return [rotate, keys];
}

/** Pausing a partner and resuming it. */
function stateRoutes(engine: Engine): Route[] {
  const stateRoute = (verb: "pause" | "resume", state: "paused" | "active", summary: string) =>
    route(
      "POST",
      `/v1/partners/{id}/${verb}`,
      {
        operationId: `${verb}Partner`,
        tag,
        summary,
        params,
        answers: { 200: { meaning: "The partner.", schema: partnerView } },
        errors: ["not_found"],
      },
      async ({ params: { id }, nowMs }) => {
        const partner = await engine.operations.setPartnerState(id, state, nowMs);
        if (partner === null) throw await noPartner(engine, id);
        engine.sweepNow();
        return { status: 200, json: partner };
      },
    );

  return [
    stateRoute("pause", "paused", "Stop sending to a partner; its backlog is kept."),
    stateRoute("resume", "active", "Send to a partner again."),
  ];
}
