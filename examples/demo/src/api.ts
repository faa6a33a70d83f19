import {
  type Client,
  createClient,
  type EndpointInput,
  type PartnerInput,
  type ReplayRequest,
} from "@postrider/client";

type Answer<Name extends "conservation" | "createReplay" | "delivery" | "replay"> = Awaited<
  ReturnType<Client[Name]>
>;

/** Every delivery, by where it stands. */
export type Books = Answer<"conservation">;

/** The calls of the operators' API that the story needs. */
export interface Api {
  /** Resolves to the signing secret, which is shown this once. */
  createPartner(id: string, document: PartnerInput, endpoint: EndpointInput): Promise<string>;
  books(): Promise<Books>;
  deadLetters(): Promise<Awaited<ReturnType<Client["groups"]>>["groups"]>;
  /** All deliveries of a partner. */
  deliveries(partner: string): Promise<readonly Answer<"delivery">[]>;
  replay(filter: ReplayRequest["filter"], dryRun: boolean): Promise<Answer<"createReplay">>;
  replayState(id: string): Promise<Answer<"replay">>;
}

/** Calls to one server. */
export function createApi(url: string, apiKey: string): Api {
  const client = createClient({ url, apiKey });
  return {
    async createPartner(id, document, endpoint) {
      const { signing_secret: secret } = await client.putPartner(id, document);
      if (secret === undefined) throw new Error(`the partner ${id} was there before`);
      await client.putEndpoint(id, "main", endpoint);
      return secret;
    },
    books: () => client.conservation(),
    deadLetters: async () => (await client.groups({ state: "dead" })).groups,
    async deliveries(partner) {
      const all: Answer<"delivery">[] = [];
      for await (const delivery of client.allDeliveries({ partner })) all.push(delivery);
      return all;
    },
    replay: (filter, dry_run) => client.createReplay({ filter, dry_run }),
    replayState: (id) => client.replay(id),
  };
}
