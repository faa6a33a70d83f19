import { type EndpointDocument, type Engine, endpointDefaults, partnerDefaults } from "@postrider/engine";
import type { SinkProcess } from "../processes/sink-process.ts";

/** Set at the same time. */
const together = 10;

export interface PartnerSettings {
  /** The number of the first. Default 0. */
  readonly from?: number;
  /** At the sink, by the partner's number. Default `/ok`. */
  readonly path?: (n: number) => string;
  /** Instead of the sink, by the partner's number. */
  readonly url?: (n: number) => string;
  readonly maxInFlight?: number;
  readonly ratePerSecond?: number | null;
  readonly burst?: number;
  readonly timeout?: string;
  /** The waits between attempts, without jitter. */
  readonly schedule?: readonly string[];
  /** Null: no circuit breaker. Default: the ordinary one. */
  readonly breaker?: null;
  /** Other keys of the endpoint's document, instead of a POST of the envelope. */
  readonly endpoint?: Partial<EndpointDocument>;
}

/** Registers partners `p0` … with one endpoint each. */
export async function addPartners(
  { operations }: Pick<Engine, "operations">,
  sink: SinkProcess,
  count: number,
  {
    from = 0,
    path = () => "/ok",
    url,
    maxInFlight = 64,
    ratePerSecond = null,
    burst,
    timeout = "10s",
    schedule,
    breaker,
    endpoint: others,
  }: PartnerSettings = {},
): Promise<void> {
  const retry = schedule
    ? { ...endpointDefaults.retry, schedule, jitter: "none" as const }
    : endpointDefaults.retry;
  const add = async (n: number) => {
    const partner = {
      ...partnerDefaults,
      name: `Partner ${n}`,
      max_in_flight: maxInFlight,
      rate_per_second: ratePerSecond,
      burst: burst ?? null,
    };
    await operations.putPartner(`p${n}`, partner, Date.now());
    const endpoint = {
      ...endpointDefaults,
      body: "envelope" as const,
      url: url?.(n) ?? `http://${sink.target}${path(n)}`,
      timeout,
      retry,
      ...(breaker === null ? { breaker } : {}),
      ...others,
    };
    await operations.putEndpoint(`p${n}`, "main", endpoint, Date.now());
  };
  for (let n = from; n < from + count; n += together) {
    const last = Math.min(together, from + count - n);
    await Promise.all(Array.from({ length: last }, (_, offset) => add(n + offset)));
  }
}
