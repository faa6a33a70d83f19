import type { DeliveryFilter, Engine } from "@postrider/engine";
import { fillHistory } from "../load/history.ts";
import { percentile, type Result, rounded } from "../figures/result.ts";
import { forgetStatements, preparedDatabase, timeIn } from "../system/servers.ts";
import type { SinkProcess } from "../processes/sink-process.ts";
import { type LedgerKind, preparedPartners, startSystem } from "../system/system.ts";
import { deliverAll } from "./throughput.ts";

const partners = 100;
const ahead = 20_000;
const listings = 40;
const atMost = 1.2;

/** What an operator looks at, by name. */
const filters: Readonly<Record<string, DeliveryFilter>> = {
  listNewest: {},
  listPartner: { partner: "p7" },
  listDelivered: { state: "delivered" },
  listPartnerDelivered: { partner: "p7", state: "delivered" },
};

/** By name, µs: per delivery, or per listing. */
type Costs = Readonly<Record<string, number>>;

/**
 * What claiming, recording, listing and delivering cost on a ledger with a long history, as multiples of what they
 * cost on an empty one. The two are measured in turn, each first as often as the other.
 */
export async function measureSize(
  sink: SinkProcess,
  kind: Exclude<LedgerKind, "pglite">,
  { finished, events, pairs }: { readonly finished: number; readonly events: number; readonly pairs: number },
): Promise<Result[]> {
  const empty = await preparedPartners(sink, partners);
  const large = await preparedDatabase(
    `${finished} finished`,
    async (url) => fillHistory(url, finished),
    empty,
  );
  const costs: Record<"empty" | "large", Costs[]> = { empty: [], large: [] };
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? (["empty", "large"] as const) : (["large", "empty"] as const);
    for (const which of order)
      costs[which].push(await costsOn(sink, kind, which === "empty" ? empty : large, events));
  }
  const median = (which: "empty" | "large", name: string) =>
    percentile(
      costs[which].map((one) => one[name]!),
      0.5,
    );
  return Object.keys(costs.empty[0]!).map((name) => ({
    bench: "size",
    case: `${kind}, 1 worker, ${finished.toLocaleString("en")} finished deliveries against none: ${name}`,
    figures: {
      ratio: rounded(median("large", name) / median("empty", name)),
      onEmpty: rounded(median("empty", name)),
      onLarge: rounded(median("large", name)),
      pairs,
    },
    target: { figure: "ratio", atMost },
  }));
}

async function costsOn(
  sink: SinkProcess,
  kind: LedgerKind,
  template: string,
  events: number,
): Promise<Costs> {
  const system = await startSystem(kind, sink, { workers: 1, template });
  const database = system.database!.name;
  await deliverAll(system, sink, "warm", { partners, events: 5_000, ahead });
  await forgetStatements();
  const startedMs = performance.now();
  const { endedMs } = await deliverAll(system, sink, "run", { partners, events, ahead });
  const perEvent = (ms: number) => (ms * 1_000) / events;
  const claim = await timeIn(database, "%postrider.claim(%");
  const record = await timeIn(database, "%postrider.record(%");
  const lists: Record<string, number> = {};
  for (const [name, filter] of Object.entries(filters))
    lists[`${name}Micros`] = await listMicros(system.engine, filter);
  await system.stop();
  return {
    deliveryMicros: perEvent(endedMs - startedMs),
    claimMicros: perEvent(claim.ms),
    recordMicros: perEvent(record.ms),
    ...lists,
  };
}

/** The median over some first pages of a hundred. */
async function listMicros({ operations }: Engine, filter: DeliveryFilter): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < listings; n++) {
    const startedMs = performance.now();
    await operations.listDeliveries(filter, { limit: 100 });
    times.push((performance.now() - startedMs) * 1_000);
  }
  return percentile(times, 0.5);
}
