import { type ErrorCode, errorCodes } from "@postrider/engine";
import { z } from "zod";
import type { Route } from "./route.ts";
import { errorView } from "@postrider/contract";

type Json = Record<string, unknown>;

/** The named schemas of the document. */
interface Components {
  readonly schemas: Json;
  /** Those of requests. */
  readonly asked: Set<string>;
}

const componentPath = "#/components/schemas/";

/** Any call may end with these. */
const everyRoute: readonly ErrorCode[] = [
  "unauthorized",
  "unknown_host",
  "rate_limited",
  "busy",
  "internal",
  "ledger_unavailable",
  "ledger_full",
  "ledger_read_only",
  "shutting_down",
];

/**
 * The OpenAPI 3.1 document of the routes. OpenAPI 3.1 takes JSON Schema 2020-12, which zod writes itself.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const components: Components = { schemas: {}, asked: new Set() };
  const paths: Record<string, Json> = {};
  // Requests come first: the form that an answer has of the same document then gets a name of its own.
  for (const { body } of routes) if (body !== null) schemaOf(body, "input", components);
  for (const route of routes) {
    const item = (paths[route.path] ??= {});
    item[route.method.toLowerCase()] = operation(route, components);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Postrider",
      version,
      description: "Outbound postbacks, delivered: signed, retried durably, limited exactly, explained.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ apiKey: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { apiKey: { type: "http", scheme: "bearer" } },
      schemas: Object.fromEntries(Object.entries(components.schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operation(route: Route, components: Components): Json {
  const parameters = [...parametersOf("path", route.params), ...parametersOf("query", route.query)];
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.open ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === null
      ? {}
      : {
          requestBody: {
            required: !route.body.safeParse(undefined).success,
            content: { "application/json": { schema: schemaOf(route.body, "input", components) } },
          },
        }),
    responses: { ...answersOf(route, components), ...refusalsOf(route, components) },
  };
}

/** `PUT /v1/partners/{id}/endpoints/{endpoint_id}` is `put_partners_id_endpoints_endpoint_id`. */
function operationId({ method, path }: Route): string {
  const words = path
    .replace(/^\/v1/, "")
    .replaceAll(/[{}]/g, "")
    .split(/[^a-z0-9_]+/i);
  return [method.toLowerCase(), ...words.filter((word) => word !== "")].join("_");
}

function parametersOf(place: "path" | "query", schema: z.ZodObject | null): Json[] {
  if (schema === null) return [];
  return Object.entries(schema.shape).map(([name, property]) => {
    const { description = "", ...plain } = schemaOf(property as z.ZodType, "input", {
      schemas: {},
      asked: new Set(),
    });
    const required = place === "path" || !(property as z.ZodType).safeParse(undefined).success;
    return { name, in: place, required, description, schema: plain };
  });
}

function answersOf(route: Route, components: Components): Json {
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, { meaning, schema, contentType = "application/json" }]) => {
      if (status === "204") return [status, { description: meaning }];
      const content = schema === null ? {} : schemaOf(schema, "output", components);
      return [status, { description: meaning, content: { [contentType]: { schema: content } } }];
    }),
  );
}

/** The codes that this route may refuse with. */
export function refusals(route: Route): ErrorCode[] {
  if (route.open) return ["unknown_host", "internal"];
  const checks: ErrorCode[] =
    route.params !== null || route.query !== null || route.body !== null ? ["invalid_request"] : [];
  const body: ErrorCode[] = route.body === null ? [] : ["payload_too_large", "unsupported_media_type"];
  // Events are no document: to accept them nothing is read by a filter.
  const slow: ErrorCode[] = route.limits === null ? [] : ["too_slow"];
  return [...new Set([...checks, ...body, ...route.errors, ...everyRoute, ...slow])];
}

function refusalsOf(route: Route, components: Components): Json {
  const byStatus = Map.groupBy(refusals(route), (code) => errorCodes[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${errorCodes[code].meaning}`).join(" "),
        content: {
          "application/json": {
            schema: schemaOf(route.answers[status]?.schema ?? errorView, "output", components),
          },
        },
      },
    ]),
  );
}

/**
 * A schema, with the named ones it uses moved to the components. In an answer every key of a document is there, in a
 * request those with a default may be left out: if the two differ, the answer's is named `Complete…`.
 */
function schemaOf(schema: z.ZodType, io: "input" | "output", components: Components): Json {
  const {
    $defs = {},
    $schema: _dialect,
    id,
    ...root
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      // A custom check says nothing of its type: what `meta` says is all there is, and it must not be lost.
      if (zodSchema._zod.def.type === "custom") Object.assign(jsonSchema, z.globalRegistry.get(zodSchema));
      // Answers may grow: a client that refuses unknown keys would break on the next version.
      if (io === "output" && jsonSchema.additionalProperties === false)
        delete jsonSchema.additionalProperties;
    },
  }) as Json & { $defs?: Record<string, Json> };
  const named: Record<string, Json> = typeof id === "string" ? { ...$defs, [id]: root } : $defs;
  const names = new Map<string, string>();
  for (const [name, { id: _id, ...definition }] of Object.entries(named)) {
    const differs = io === "output" && !isSame(components.schemas[name], pointed(definition, new Map()));
    names.set(name, differs && components.asked.has(name) ? `Complete${name}` : name);
    if (io === "input") components.asked.add(name);
  }
  for (const [name, { id: _id, ...definition }] of Object.entries(named))
    components.schemas[names.get(name) ?? name] = pointed(definition, names);
  return typeof id === "string" ? { $ref: componentPath + names.get(id) } : (pointed(root, names) as Json);
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** References into `$defs`, made to point to the components, by the names they have there. */
function pointed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((part) => pointed(part, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      if (key !== "$ref" || typeof part !== "string") return [key, pointed(part, names)];
      const name = part.replace(/^#\/\$defs\//, "");
      return [key, componentPath + (names.get(name) ?? name)];
    }),
  );
}
