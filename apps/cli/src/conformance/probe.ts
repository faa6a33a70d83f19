import { type Secret, serializeEnvelope, sign } from "@postrider/protocol";
import type { Probe, Sample } from "./check.ts";
import type { Exchange } from "./exchange.ts";

interface ProbeOptions {
  readonly exchange: Exchange;
  readonly secrets: readonly Secret[];
  readonly strangerSecret: Secret;
  readonly sample: Sample;
  readonly method: string;
  readonly userAgent: string;
  /** Makes ids of this run its own: partners remember ids for weeks. */
  readonly runId: string;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Signs and sends as the dispatcher does, flagged `webhook-test: 1`. */
export function createProbe(options: ProbeOptions): Probe {
  const { exchange, secrets, strangerSecret, sample, method, userAgent, runId, now, sleep } = options;
  let ids = 0;
  const newId = (): string => `conformance_${runId}_${(ids += 1)}`;
  const isoAgo = (seconds: number): string => new Date(now() - seconds * 1000).toISOString();
  return {
    secrets,
    strangerSecret,
    sample,
    newId,
    now,
    sleep,
    send: exchange,
    async message({ id = newId(), ageSeconds = 0, body, event = {}, secrets: signers = secrets } = {}) {
      const text = serializeEnvelope({
        eventId: `event-${id}`,
        type: sample.type,
        occurredAt: isoAgo(event.occurredAgoSeconds ?? 0),
        schemaVersion: event.schemaVersion ?? sample.schemaVersion,
        dataText: event.dataText ?? sample.dataText,
      });
      const content = method === "GET" ? "" : (body ?? text);
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      const timestampSeconds = Math.floor(now() / 1000) - ageSeconds;
      const signed = await sign(bytes, { id, timestampSeconds, secrets: signers });
      const type = method === "GET" ? [] : [["content-type", "application/json"] as const];
      const headers = [...type, ["user-agent", userAgent] as const, ["webhook-test", "1"] as const];
      return { headers: [...headers, ...Object.entries(signed)], body: bytes };
    },
  };
}
