/**
 * Credentials that stand in an endpoint document as they are. Everybody who may read documents can see them, and so can
 * whoever reads a backup of the ledger: a secret of the partner belongs in their place.
 *
 * @packageDocumentation
 */
import { isCredentialName, wordsOf } from "./credential-names.ts";
import type { EndpointDocument } from "./documents.ts";
import { isRawNumber } from "@postrider/contract/exact-json";
import { memberField } from "./template/compile-body.ts";

/** A place that holds what looks like a credential. The credential itself is in no field. */
export interface OpenCredential {
  /** Where: `url`, `headers.authorization`, `body.user.api_key`. */
  readonly field: string;
  /** The name for a secret in its place: `access_token`. */
  readonly secret: string;
  /** What to write there: `Bearer {secret.access_token}`. */
  readonly write: string;
}

/** An endpoint document, or as much of it as is looked at. */
export interface OpenDocument extends Pick<EndpointDocument, "url"> {
  readonly headers?: EndpointDocument["headers"];
  readonly body?: EndpointDocument["body"];
  readonly parameters?: unknown;
}

const mostFound = 10;

/**
 * The places of a document that hold what looks like a credential, at most ten. What a macro fills is none.
 *
 * @example findOpenCredentials(document) // [{ field: "url", secret: "token", write: "token={secret.token}" }]
 */
export function findOpenCredentials({
  url,
  headers = {},
  body = "none",
  parameters = [],
}: OpenDocument): readonly OpenCredential[] {
  return [
    ...inPath(url),
    ...inQuery(url),
    ...Object.entries(headers).flatMap(([name, value]) => inHeader(name, value)),
    ...inJson(parameters, "parameters", ""),
    ...inJson(body, "body", ""),
  ].slice(0, mostFound);
}

/**
 * What to tell of one, without the credential.
 *
 * @example openCredentialMessage("acme", found) // "url holds what looks like a credential, …"
 */
export const openCredentialMessage = (partner: string, { field, secret, write }: OpenCredential): string =>
  `${field} holds what looks like a credential, and everybody who may read documents can see it. ` +
  `Set it as a secret (postrider secrets set ${partner} ${secret}), and write ${write} in its place.`;

/** Shorter texts are words such as a method or a version. */
const shortestCredential = 6;

/** The text without its macros and doubled braces. */
const literalOf = (text: string): string => text.replace(/\{\{|\}\}/g, "").replace(/\{[^{}]*\}/g, "");

const isOpen = (text: string): boolean => {
  const literal = literalOf(text).trim();
  return literal.length >= shortestCredential && !/\s/.test(literal);
};

function inHeader(name: string, value: string): readonly OpenCredential[] {
  const field = memberField("headers", name);
  const [, scheme, credential] = /^\s*(basic|bearer)\s+(\S.*)$/is.exec(value) ?? [];
  if (scheme !== undefined && credential !== undefined) {
    const secret = scheme.toLowerCase() === "basic" ? "basic_auth" : "access_token";
    return isOpen(credential) ? [{ field, secret, write: `${scheme} {secret.${secret}}` }] : [];
  }
  if (!isCredentialName(name)) return [];
  const [, word = "", rest = value] = /^\s*([A-Za-z]{1,20}\s+)?(\S.*)$/s.exec(value) ?? [];
  const secret = secretNameOf(name);
  return isOpen(rest) ? [{ field, secret, write: `${word}{secret.${secret}}` }] : [];
}

function inQuery(url: string): readonly OpenCredential[] {
  // Macros may hold "&" and "=" in their own texts.
  const query =
    /\?([^#]*)/.exec(url.replace(/\{[^{}]*\}/g, (macro) => "{".padEnd(macro.length, "}")))?.[1] ?? "";
  return query.split("&").flatMap((parameter) => {
    const at = parameter.indexOf("=");
    const name = parameter.slice(0, Math.max(at, 0));
    if (!isCredentialName(name) || !isOpen(parameter.slice(at + 1).replace(/\{\}*/g, ""))) return [];
    const secret = secretNameOf(name);
    return [{ field: "url", secret, write: `${name}={secret.${secret}}` }];
  });
}

/** Tokens that are a part of the path, as their services write them. */
const paths: readonly (readonly [RegExp, Omit<OpenCredential, "field">])[] = [
  // https://core.telegram.org/bots/api#making-requests
  [/\/bot\d{6,}:[\w-]{20,}/, { secret: "bot_token", write: "/bot{secret.bot_token}" }],
  // https://api.slack.com/messaging/webhooks
  [
    /\/\/hooks\.slack\.com\/services\/[\w/]{20,}/,
    { secret: "webhook_path", write: "{secret.webhook_path} for the last part of the path" },
  ],
  // https://discord.com/developers/docs/resources/webhook
  [
    /\/api\/webhooks\/\d+\/[\w-]{30,}/,
    { secret: "webhook_token", write: "{secret.webhook_token} for the last part of the path" },
  ],
];

function inPath(url: string): readonly OpenCredential[] {
  return paths.flatMap(([pattern, found]) => (pattern.test(url) ? [{ field: "url", ...found }] : []));
}

/** @param name of the nearest key around the value */
function inJson(value: unknown, field: string, name: string): readonly OpenCredential[] {
  if (typeof value === "string") {
    if (!isCredentialName(name) || !isOpen(value)) return [];
    const secret = secretNameOf(name);
    return [{ field, secret, write: `{secret.${secret}}` }];
  }
  if (typeof value !== "object" || value === null || isRawNumber(value)) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => inJson(item, `${field}[${index}]`, name));
  return Object.entries(value).flatMap(([key, inner]) =>
    // A node such as $json stands for what is in it.
    inJson(inner, memberField(field, key), key.startsWith("$") ? name : key),
  );
}

const secretNameOf = (name: string): string => wordsOf(name).join("_").slice(0, 40);
