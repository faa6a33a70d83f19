import type { Answer } from "../src/server-process.ts";

/** A partner of the load, and how the sink answers it. */
export interface LoadPartner {
  readonly id: string;
  readonly behaviour: "ok" | "slow" | "flaky" | "hang";
  readonly rate?: { readonly perSecond: number; readonly burst: number };
}

/** The one with a rate. */
export const limited = { id: "limited", behaviour: "ok", rate: { perSecond: 50, burst: 20 } } as const;

/** Healthy ones, and one of each kind that a fault might turn against the others. */
export const loadPartners: readonly LoadPartner[] = [
  ...["ok-1", "ok-2", "ok-3", "ok-4", "ok-5", "ok-6"].map((id) => ({ id, behaviour: "ok" }) as const),
  { id: "slow-1", behaviour: "slow" },
  { id: "slow-2", behaviour: "slow" },
  { id: "flaky", behaviour: "flaky" },
  limited,
  { id: "hanging", behaviour: "hang" },
];

/** Requests in flight at most for each partner and process. */
const maxInFlight = 32;

type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** Creates the partners, each with one endpoint at the sink. @throws Error with what was answered instead of 2xx */
export async function register(
  call: Call,
  target: string,
  partners: readonly LoadPartner[] = loadPartners,
): Promise<void> {
  for (const { id, behaviour, rate } of partners) {
    await ok(call, `/v1/partners/${id}`, {
      name: id,
      max_in_flight: maxInFlight,
      ...(rate ? { rate_per_second: rate.perSecond, burst: rate.burst } : {}),
    });
    await ok(call, `/v1/partners/${id}/endpoints/main`, {
      url: `http://${target}/${behaviour}/${id}`,
      timeout: behaviour === "hang" ? "2s" : "10s",
      // Short, so that a run ends; many, so that no fault of ours makes a dead letter.
      // And no circuit breaker, whose waits would be the partner's doing: what is shown here is ours.
      breaker: null,
      retry: { schedule: ["200ms", ...Array.from({ length: 20 }, () => "1s")], jitter: "none" },
    });
  }
}

async function ok(call: Call, path: string, document: unknown): Promise<void> {
  const { status, json } = await call("PUT", path, document);
  if (status >= 300) throw new Error(`PUT ${path} answered ${status}: ${JSON.stringify(json)}`);
}

/** Of 25 events one goes to `limited` and one to `flaky`; `hanging` gets five in all; the others share the rest. */
export function partnerOf(n: number): string {
  if (n % 1_000 === 7 && n < 5_000) return "hanging";
  if (n % 25 === 0) return "limited";
  if (n % 25 === 1) return "flaky";
  return loadPartners[n % 8]!.id;
}

/** The n-th event, as the API takes it: the same for the same number, as a repetition must be. */
export function eventAt(n: number, partner: string = partnerOf(n)) {
  return {
    event_id: `${partner}.${n}`,
    type: "conversion.approved",
    occurred_at: "2026-01-31T10:00:00Z",
    partner,
    data: { click_id: `c-${n}`, payout: "1.20", note: "n".repeat(200) },
  };
}
