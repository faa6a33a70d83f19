import type { EndpointDocument } from "@postrider/engine";
import { addPartners } from "../load/partners.ts";
import { percentile, type Result, rounded } from "../figures/result.ts";
import { perDelivery } from "../figures/usage.ts";
import type { SinkProcess } from "../processes/sink-process.ts";
import { type LedgerKind, startSystem } from "../system/system.ts";
import { deliverAll } from "./throughput.ts";

export interface TemplatesCase {
  readonly events: number;
  /** Rounds of all kinds of requests, in turn. */
  readonly pairs: number;
}

type Run = Readonly<Record<"perSecond" | "workerCpuMicros", number>>;

/** What a tracker's URL asks for: twelve macros, with filters and values that are not there. */
const query = [
  "cid={data.click_id!}",
  "tx={data.transaction_id}",
  "payout={data.payout|scale:2}",
  "cur={data.currency|upper}",
  'st={data.status|map:{"approved":"1","rejected":"2"}}',
  "s1={data.sub1?}",
  "s2={data.sub2?}",
  'ts={occurred_at|date:"unix"}',
  "e={event_id}",
  "d={delivery_id}",
  "p={partner}",
  "n={attempt}",
].join("&");

const tookIt = { when: { json: { pointer: "/ok", equals: true } }, then: "delivered" as const };
const hadIt = { when: { json: { pointer: "/code", in: [3100, 40_901] } }, then: "duplicate" as const };
const refusedIt = { when: { contains: "success=false" }, then: "dead" as const };

/** Kinds of requests by name; the first is what the others are compared with. */
const requests: Readonly<Record<string, (url: string) => Partial<EndpointDocument>>> = {
  envelope: (url) => ({ url }),
  "GET with 12 macros": (url) => ({ url: `${url}?${query}`, method: "GET", body: "none" }),
  "envelope, four verdict rules": (url) => ({
    url,
    verdicts: [hadIt, refusedIt, tookIt, { when: { status: 200 }, then: "delivered" }],
  }),
};

/** Throughput and processor time with templates and verdict rules, against a POST of the envelope, in one run. */
export async function measureTemplates(
  sink: SinkProcess,
  kind: Exclude<LedgerKind, "pglite">,
  { events, pairs }: TemplatesCase,
): Promise<Result[]> {
  const names = Object.keys(requests);
  const runs = new Map(names.map((name) => [name, [] as Run[]]));
  for (let pair = 0; pair < pairs; pair++)
    for (const name of pair % 2 === 0 ? names : names.toReversed())
      runs.get(name)!.push(await deliver(sink, kind, requests[name]!(`http://${sink.target}/ok`), events));
  const median = (name: string, figure: keyof Run) =>
    percentile(
      runs.get(name)!.map((run) => run[figure]),
      0.5,
    );
  const [plain, ...others] = names;
  return others.map((name) => ({
    bench: "templates",
    case: `${kind}, 1 worker, 100 partners: ${name}, against ${plain}`,
    figures: {
      ratio: rounded(median(name, "perSecond") / median(plain!, "perSecond")),
      perSecond: Math.round(median(name, "perSecond")),
      plainPerSecond: Math.round(median(plain!, "perSecond")),
      workerCpuMicros: median(name, "workerCpuMicros"),
      plainWorkerCpuMicros: median(plain!, "workerCpuMicros"),
      pairs,
    },
    target: { figure: "ratio", atLeast: 0.9 },
  }));
}

async function deliver(
  sink: SinkProcess,
  kind: LedgerKind,
  endpoint: Partial<EndpointDocument>,
  events: number,
): Promise<Run> {
  const partners = 100;
  const system = await startSystem(kind, sink, { workers: 1 });
  await addPartners(system.engine, sink, partners, { endpoint });
  const load = { partners, ahead: 20_000 };
  await deliverAll(system, sink, "warm", { ...load, events: Math.min(events, 5_000) });
  const used = await system.usage();
  const startedMs = performance.now();
  const { endedMs } = await deliverAll(system, sink, "run", { ...load, events });
  const { workerCpuMicros } = perDelivery(used, await system.usage(), events);
  await system.stop();
  return { perSecond: (events / (endedMs - startedMs)) * 1_000, workerCpuMicros: workerCpuMicros! };
}
