import type { DeliveryFilter, DeliveryGroup, DeliveryView, ReplayView } from "@postrider/engine";

/** Every delivery, by where it stands. */
export interface Books {
  readonly accepted: number;
  readonly pending: number;
  readonly finished: Readonly<Record<string, number>>;
  /** accepted - pending - finished. */
  readonly drift: number;
}

/** The calls of the operators' API that the story needs. */
export interface Api {
  /** Resolves to the signing secret, which is shown this once. */
  createPartner(id: string, document: object, endpoint: object): Promise<string>;
  books(): Promise<Books>;
  deadLetters(): Promise<readonly DeliveryGroup[]>;
  /** All deliveries of a partner. */
  deliveries(partner: string): Promise<readonly DeliveryView[]>;
  replay(
    filter: DeliveryFilter,
    dryRun: boolean,
  ): Promise<{ readonly replay_id: string; readonly matched: number }>;
  replayState(id: string): Promise<ReplayView>;
}

/** Calls to one server. Everything but a 2xx throws with what came back. */
export function createApi(url: string, apiKey: string): Api {
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  };
  return {
    async createPartner(id, document, endpoint) {
      const path = `/v1/partners/${id}`;
      const { signing_secret: secret } = await call<{ signing_secret: string }>("PUT", path, document);
      await call("PUT", `${path}/endpoints/main`, endpoint);
      return secret;
    },
    books: () => call("GET", "/v1/conservation"),
    deadLetters: async () =>
      (await call<{ groups: DeliveryGroup[] }>("GET", "/v1/delivery-groups?state=dead")).groups,
    async deliveries(partner) {
      const all: DeliveryView[] = [];
      for (let cursor = ""; ; ) {
        const path = `/v1/deliveries?partner=${partner}&limit=500${cursor}`;
        const page = await call<{ deliveries: DeliveryView[]; next_cursor?: string }>("GET", path);
        all.push(...page.deliveries);
        if (page.next_cursor === undefined) return all;
        cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
      }
    },
    replay: (filter, dryRun) => call("POST", "/v1/replays", { filter, dry_run: dryRun }),
    replayState: (id) => call("GET", `/v1/replays/${id}`),
  };
}
