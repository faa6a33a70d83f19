import { partnerId, secretName, secretRequest, secretsView, secretView } from "@postrider/contract";
import { type Engine, PostriderError } from "@postrider/engine";
import { z } from "zod";
import { documentLimits, readDocument } from "../document-check.ts";
import { type Route, route } from "../route.ts";
import { noPartner } from "./partners.ts";

const params = z.strictObject({ id: partnerId, name: secretName });
const path = "/v1/partners/{id}/secrets/{name}";
const tag = "partners";

/** The secrets of a partner: set, listed by name, removed. No answer has a value. */
export function secretRoutes(engine: Engine): Route[] {
  const { operations } = engine;

  const list = route(
    "GET",
    "/v1/partners/{id}/secrets",
    {
      operationId: "listSecrets",
      tag,
      summary:
        "The secrets of a partner, without their values; also those that its endpoints use and that were never set.",
      params: z.strictObject({ id: partnerId }),
      answers: { 200: { meaning: "The secrets, by name.", schema: secretsView } },
      errors: ["not_found"],
    },
    async ({ params: { id }, signal }) => {
      const secrets = await operations.listSecrets(id, signal);
      if (secrets === null) throw await noPartner(engine, id);
      return { status: 200, json: { secrets } };
    },
  );

  const put = route(
    "PUT",
    path,
    {
      operationId: "putSecret",
      tag,
      summary: "Set a secret of a partner; endpoints that waited for it go on.",
      params,
      body: secretRequest,
      rawBody: true,
      answers: {
        200: { meaning: "It has another value now.", schema: secretView },
        201: { meaning: "Set for the first time.", schema: secretView },
      },
      errors: ["too_many_secrets", "not_found"],
    },
    async ({ params: { id, name }, body, nowMs }) => {
      const { value } = readSecret(body as unknown as string);
      const put = await operations.putSecret(id, name, value, nowMs);
      if (put === null) throw await noPartner(engine, id);
      // Deliveries may have waited for it.
      engine.sweepNow();
      return { status: put.created ? 201 : 200, json: put.secret };
    },
  );

  const remove = route(
    "DELETE",
    path,
    {
      operationId: "deleteSecret",
      tag,
      summary: "Remove a secret that no endpoint uses.",
      params,
      answers: { 204: { meaning: "Removed.", schema: null } },
      errors: ["secret_in_use", "not_found"],
    },
    async ({ params: { id, name } }) => {
      const deleted = await operations.deleteSecret(id, name);
      if (deleted === null) throw await noPartner(engine, id);
      if (!deleted)
        throw new PostriderError("not_found", `The partner ${id} has no secret ${name}.`, {
          hint: `List its secrets: GET /v1/partners/${id}/secrets.`,
        });
      return { status: 204 };
    },
  );

  return [list, put, remove];
}

/** The words of a parser repeat a part of what it read, and this is a secret. @throws PostriderError `invalid_request` */
function readSecret(text: string): z.output<typeof secretRequest> {
  try {
    JSON.parse(text);
  } catch {
    throw new PostriderError("invalid_request", "The body is not JSON.", {
      hint: 'Send {"value": "…"}; line ends and quotes within the value are escaped.',
    });
  }
  return readDocument(secretRequest, text, documentLimits);
}
