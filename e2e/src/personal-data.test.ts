/** Personal data in an event leaves in no URL, header or plain request, and stands in no text about the delivery. */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { ledgers } from "./ledgers.ts";
import { eventFor } from "./partners.ts";
import { apiKey, type ServerProcess, serverNode, startServer } from "./server-process.ts";
import { until } from "./until.ts";

const cli = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));

const values = {
  email: "john.q-doe@mail.partner.example",
  phone: "+1 415 555 2671",
  card: "4111-1111-1111-1111",
} as const;
type Kind = keyof typeof values;
const kinds = Object.keys(values) as Kind[];

/** Pieces of the values that no other text has. */
const traces = [
  "john.q-doe",
  "john.q",
  "mail.partner.example",
  "555 2671",
  "555%202671",
  "5552671",
  "4111-1111",
  "4111",
];
const tracesIn = (where: string, text: string): string[] =>
  traces.filter((trace) => text.includes(trace)).map((trace) => `${where}: ${trace}`);

async function startPartner() {
  const got: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      got.push(`${request.url} ${JSON.stringify(request.headers)} ${Buffer.concat(chunks).toString()}`);
      response.end("ok");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  // An address of this machine that does not look like one: plain http to loopback is allowed.
  const host = `[::ffff:127.0.0.1]:${(server.address() as AddressInfo).port}`;
  return { host, got, url: (path: string) => `http://${host}${path}` };
}

/** Places that leak. All are over plain http, so `plain_http` alone must not be enough for a URL or a header. */
const endpoints = (url: (path: string) => string) => {
  const overHttp = kinds.map((kind) => `plain_http:${kind}`);
  return {
    query: { method: "GET", url: url("/query?s={data.sub1}"), personal_data: overHttp },
    path: { method: "POST", url: url("/path/{data.sub1}"), body: "none", personal_data: overHttp },
    nested: { method: "GET", url: url("/nested?u={data.user}"), personal_data: overHttp },
    joined: {
      method: "GET",
      url: url("/joined"),
      parameters: [{ each: "data.items", join: "|", params: { skus: "{item.sku}" } }],
      personal_data: overHttp,
    },
    item: { method: "GET", url: url("/item?s={item.sku}"), fan_out: "data.items", personal_data: overHttp },
    header: {
      method: "POST",
      url: url("/header"),
      headers: { "x-sub": "{data.sub1}" },
      body: "none",
      personal_data: overHttp,
    },
    envelope: { method: "POST", url: url("/envelope") },
    form: { method: "POST", url: url("/form?s={data.sub1}"), body: "form" },
    json: { method: "POST", url: url("/json"), body: { a: ["{data.user}"] } },
  };
};

const dataWith = (value: string) => ({ sub1: value, user: { about: [value] }, items: [{ sku: value }] });

async function commandTexts(server: ServerProcess, event: string): Promise<string> {
  const run = async (...argv: string[]) => {
    const env = { PATH: process.env["PATH"], POSTRIDER_URL: server.url, POSTRIDER_API_KEY: apiKey };
    const ran = await promisify(execFile)(serverNode, [cli, ...argv], { env }).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    expect(ran.stdout + ran.stderr).not.toBe("");
    return `${argv.join(" ")}\n${ran.stdout}${ran.stderr}`;
  };
  const texts = [await run("explain", event), await run("dead-letters"), await run("doctor")];
  expect(texts[0]).toContain("personal_data");
  expect(texts[2]).toContain("personal data");
  return texts.join("\n");
}

describe.each(ledgers)("with the $name ledger", ({ fresh }) => {
  test("an e-mail address, a phone and a card number leave nowhere that leaks, until the endpoint allows it", {
    timeout: 120_000,
  }, async () => {
    using ledger = await fresh();
    const partner = await startPartner();
    const server = await startServer({
      ...ledger.env,
      POSTRIDER_ALLOW_TARGETS: partner.host,
      POSTRIDER_LOG_LEVEL: "debug",
      POSTRIDER_OPERATOR_PARTNER: "ops",
    });
    onTestFinished(() => server[Symbol.asyncDispose]());
    await server.ok("PUT", "/v1/partners/ops", { name: "Operators" });
    await server.ok("PUT", "/v1/partners/ops/endpoints/main", {
      url: partner.url("/ops"),
      events: ["delivery.dead"],
    });
    await server.ok("PUT", "/v1/partners/acme", { name: "Acme" });
    const documents = endpoints(partner.url);
    const put = (more: object) =>
      Promise.all(
        Object.entries(documents).map(([id, document]) =>
          server.ok("PUT", `/v1/partners/acme/endpoints/${id}`, { ...document, ...more }),
        ),
      );
    await put({});
    for (const kind of kinds)
      await server.ok("POST", "/v1/events", eventFor("acme", `e-${kind}`, dataWith(values[kind])));
    const found: string[] = [];
    const count = Object.keys(documents).length;
    const states = async (kind: Kind) => (await server.ok("GET", `/v1/events/e-${kind}`)).deliveries;
    for (const kind of kinds) {
      const deliveries = await until(`all of ${kind} to be dead`, async () => {
        const all = await states(kind);
        return all.length >= count && all.every((one: any) => one.state === "dead") ? all : null;
      });
      for (const delivery of deliveries) {
        expect(delivery).toMatchObject({ reason: "personal_data", attempts_made: 0 });
        const whole = await server.ok("GET", `/v1/deliveries/${delivery.id}`);
        expect(JSON.stringify(whole)).toContain(`:${kind}`);
        // The event itself is kept and shown as it was accepted.
        const about = JSON.stringify(whole, (key, value: unknown) =>
          key === "data" || key === "data_text" ? null : value,
        );
        found.push(...tracesIn(`delivery of ${kind}`, about));
      }
    }
    await until("operators to be told", () => partner.got.some((text) => text.startsWith("/ops")));

    for (const id of Object.keys(documents)) {
      const event = { type: "conversion.approved", data: dataWith(values.email) };
      const path = `/v1/partners/acme/endpoints/${id}`;
      const previewed = await server.ok("POST", `${path}/preview`, { event });
      expect([id, previewed.failure?.reason]).toEqual([id, "personal_data"]);
      const tested = await server.call("POST", `${path}/test`, { event });
      found.push(...tracesIn(`preview and test of ${id}`, JSON.stringify([previewed, tested.json])));
    }
    found.push(...tracesIn("a command", await commandTexts(server, "e-email")));
    for (const path of [
      "/metrics",
      "/v1/endpoint-warnings",
      "/v1/deliveries",
      "/v1/dead-letter-groups",
      "/v1/partners/acme/endpoints",
    ]) {
      const answer = await fetch(server.url + path, { headers: { authorization: `Bearer ${apiKey}` } });
      found.push(...tracesIn(path, await answer.text()));
    }

    // A replay is looked at as the first time was.
    await server.ok("POST", "/v1/replays", { filter: { partner: "acme", state: "dead" } });
    await until("the replayed ones to be dead again", async () => {
      const { replays } = await server.ok("GET", "/v1/replays");
      if (replays.some((one: any) => one.state !== "done")) return false;
      const all = (await Promise.all(kinds.map(states))).flat();
      return all.every((one: any) => one.state === "dead");
    });
    found.push(...tracesIn("the partner", partner.got.join("\n")), ...tracesIn("the log", server.output()));
    expect(server.output()).toContain("personal_data");
    expect(partner.got.every((text) => text.startsWith("/ops"))).toBe(true);
    expect(found).toEqual([]);

    // With the permit of its place all of them go, replayed under the same ids.
    const all = (place: string) => kinds.map((kind) => `${place}:${kind}`);
    const personal_data = ["plain_http", "url", "header"].flatMap(all);
    await put({ personal_data });
    await server.ok("POST", "/v1/replays", { filter: { partner: "acme", state: "dead" } });
    for (const kind of kinds)
      await until(`all of ${kind} to be delivered`, async () =>
        (await states(kind)).every((one: any) => one.state === "delivered"),
      );
    for (const id of Object.keys(documents)) {
      const got = partner.got.filter((text) => text.startsWith(`/${id}`)).join("\n");
      // The plus is written in several ways.
      const text = decodeURIComponent(got.replaceAll("+", "%20"));
      for (const kind of kinds) expect(text).toContain(values[kind].replace("+", ""));
    }
    expect(tracesIn("the log", server.output())).toEqual([]);
  });
});
