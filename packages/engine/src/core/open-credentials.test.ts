import { expect, test } from "vitest";
import { endpointDefaults, type EndpointDocument } from "./documents.ts";
import { findOpenCredentials, openCredentialMessage } from "./open-credentials.ts";

const found = (document: Partial<EndpointDocument> & { parameters?: unknown }) =>
  findOpenCredentials({ ...endpointDefaults, url: "https://t.example/", body: "none", ...document });
const fields = (document: Parameters<typeof found>[0]) =>
  found(document).map(({ field, write }) => [field, write]);

const credential = "MzRhYjEyLXNlY3JldA==";

test.each([
  ["authorization", `Basic ${credential}`, "Basic {secret.basic_auth}"],
  ["Authorization", `Bearer ${credential}`, "Bearer {secret.access_token}"],
  ["authorization", `Token ${credential}`, "Token {secret.authorization}"],
  ["x-api-key", credential, "{secret.api_key}"],
  ["Access-Token", credential, "{secret.access_token}"],
  ["x-anything", `bearer ${credential}`, "bearer {secret.access_token}"],
  ["cookie", "session=12345678", "{secret.cookie}"],
])("the header %s: %s is one, for which %s is written", (name, value, write) => {
  expect(found({ headers: { [name]: value } }).map((one) => one.write)).toEqual([write]);
});

test.each([
  ["authorization", "Bearer {secret.access_token}"],
  ["authorization", "Basic {secret.user}:{secret.pass}"],
  ["x-auth", "v1"],
  ["content-type", "application/x-www-form-urlencoded"],
  ["x-order-key", "conversion-0001"],
  ["x-author", "somebody else"],
])("the header %s: %s is none", (name, value) => {
  expect(found({ headers: { [name]: value } })).toEqual([]);
});

test.each([
  ["?access_token=EAAB1234567&x=1", "access_token={secret.access_token}"],
  ['?cid={data.a|default:"x&token=abcdefgh"}&key=12345678', "key={secret.key}"],
  ["?sig=0123456789abcdef", "sig={secret.sig}"],
  ["?apiKey=0123456789abcdef", "apiKey={secret.api_key}"],
  ["?postback_key=0123456789&o={data.o}", "postback_key={secret.postback_key}"],
])("the query %s has one, for which %s is written", (query, write) => {
  expect(fields({ url: `https://t.example/pb${query}` })).toEqual([["url", write]]);
});

test.each([
  "?token={secret.token}",
  "?token={data.token!}&event_token=abcdef12&key=v1",
  "?idempotency_key=0123456789&sort_key=conversion",
  "?monkey=0123456789&tokens=0123456789&password",
  '?cid={data.a|default:"token=abcdefgh"}',
])("the query %s has none", (query) => {
  expect(found({ url: `https://t.example/pb${query}` })).toEqual([]);
});

test.each([
  [`https://api.telegram.org/bot123456789:${"A".repeat(35)}/sendMessage`, "/bot{secret.bot_token}"],
  [
    `https://hooks.slack.com/services/T0000000/B0000000/${"x".repeat(24)}`,
    "{secret.webhook_path} for the last part of the path",
  ],
  [
    `https://discord.com/api/webhooks/1234567890/${"x".repeat(68)}`,
    "{secret.webhook_token} for the last part of the path",
  ],
])("the path of %s is one", (url, write) => {
  expect(fields({ url })).toEqual([["url", write]]);
  expect(found({ url: "https://api.telegram.org/bot{secret.bot_token}/sendMessage" })).toEqual([]);
});

test("a JSON body is looked at by its keys, at every depth, and so are groups of parameters", () => {
  const body = {
    api_key: credential,
    user: { password: "hunter22", name: "password" },
    list: [{ token: credential }],
    wrapped: { $json: { secret: credential } },
    token: "{secret.token}",
    key: "short",
    number: { token: 12345678 },
  };
  expect(fields({ body })).toEqual([
    ["body.api_key", "{secret.api_key}"],
    ["body.user.password", "{secret.password}"],
    ["body.list[0].token", "{secret.token}"],
    ["body.wrapped.$json.secret", "{secret.secret}"],
  ]);
  expect(fields({ parameters: [{ params: { token: credential, x: "{data.x}" } }] })).toEqual([
    ["parameters[0].params.token", "{secret.token}"],
  ]);
});

test("what is told names the place, the secret and the command, and never the credential", () => {
  const document = {
    url: `https://t.example/?token=${credential}`,
    headers: { authorization: `Basic ${credential}` },
    body: { api_key: credential },
  };
  const told = found(document).map((one) => openCredentialMessage("acme", one));
  expect(told).toHaveLength(3);
  expect(told.join("\n")).not.toContain(credential);
  expect(told[1]).toBe(
    "headers.authorization holds what looks like a credential, and everybody who may read documents can see it. Set it as a secret (postrider secrets set acme basic_auth), and write Basic {secret.basic_auth} in its place.",
  );
});
