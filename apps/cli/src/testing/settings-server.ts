/** A server that remembers partners and endpoints, for tests of commands that change many. */
import { completeEndpoint, partnerDocument } from "@postrider/contract";
import { parseExactJson } from "@postrider/contract/exact-json";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { aCircuit, aPartner } from "./documents.ts";

type Shown = Record<string, unknown>;

export interface SettingsServer extends AsyncDisposable {
  readonly url: string;
  readonly partners: Map<string, Shown>;
  /** Under `partner/endpoint`. */
  readonly endpoints: Map<string, Shown>;
  /** Names of secrets that are set, by partner. */
  readonly secrets: Map<string, readonly string[]>;
  /** `METHOD /path`, without what was only read. */
  readonly changes: string[];
  /** Called before a change is made; a code it answers refuses the change. */
  refuse: (change: string) => string | null;
}

/** Starts it, without partners. */
export async function startSettingsServer(): Promise<SettingsServer> {
  const partners = new Map<string, Shown>();
  const endpoints = new Map<string, Shown>();
  const changes: string[] = [];
  const secrets = new Map<string, readonly string[]>();
  const endpointsOf = (id: string) =>
    [...endpoints].filter(([key]) => key.startsWith(`${id}/`)).map(([, one]) => one);
  const partnerView = (shown: Shown) => ({
    ...shown,
    endpoints: { ...aPartner().endpoints, total: endpointsOf(String(shown["id"])).length },
  });

  const secretsOf = (id: string) => ({
    secrets: (secrets.get(id) ?? []).map((name) => ({ name, set_at: "2026-01-31T09:00:00Z", endpoints: [] })),
  });

  function answer(method: string, path: string, body: string): { status: number; json: unknown } {
    const found = (one: unknown) => (one === undefined ? missing(path) : { status: 200, json: one });
    if (path === "/v1/delivery-groups") return found({ matched: 3, groups: [] });
    if (path === "/v1/partners") return found({ partners: [...partners.values()].map(partnerView) });
    const [, owner] = /^\/v1\/partners\/([^/]+)\/secrets$/.exec(path) ?? [];
    if (owner !== undefined) return found(partners.has(owner) ? secretsOf(owner) : undefined);
    const [, id = "", below, name = ""] =
      /^\/v1\/partners\/([^/]+)(\/endpoints)?(?:\/([^/]+))?$/.exec(path) ?? [];
    const [store, key] = below === undefined ? [partners, id] : [endpoints, `${id}/${name}`];
    if (method === "GET") {
      if (below !== undefined && name === "")
        return found(partners.has(id) ? { endpoints: endpointsOf(id) } : undefined);
      const one = store.get(key);
      return found(one && (below === undefined ? partnerView(one) : one));
    }
    const code = server.refuse(`${method} ${path}`);
    if (code !== null) return { status: 400, json: { error: { code, message: `It is refused: ${code}.` } } };
    changes.push(`${method} ${path}`);
    const before = store.get(key);
    if (method === "DELETE") {
      store.delete(key);
      if (below === undefined)
        for (const one of endpointsOf(id)) endpoints.delete(`${id}/${String(one["id"])}`);
      return { status: 204, json: undefined };
    }
    if (below === undefined) {
      partners.set(id, { ...aPartner(), id, ...partnerDocument.parse(JSON.parse(body)) });
      const secret = before === undefined ? { signing_secret: `whsec_of_${id}` } : {};
      return { status: 200, json: { ...partners.get(id), ...secret } };
    }
    if (!partners.has(id)) return missing(path);
    const document = completeEndpoint(parseExactJson(body) as { url: string });
    endpoints.set(key, {
      ...document,
      id: name,
      partner: id,
      version: 1,
      state: "active",
      held_until: null,
      note: null,
      circuit: aCircuit(),
    });
    return { status: 200, json: { ...endpoints.get(key), warnings: [] } };
  }

  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = (request.url ?? "/").split("?")[0]!;
      const { status, json } = answer(request.method ?? "", path, Buffer.concat(chunks).toString("utf8"));
      response.writeHead(status, { "content-type": "application/json" });
      response.end(json === undefined ? "" : JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const server: SettingsServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    partners,
    endpoints,
    secrets,
    changes,
    refuse: () => null,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return server;
}

const missing = (path: string) => ({
  status: 404,
  json: { error: { code: "not_found", message: `There is nothing at ${path}.` } },
});
