/** Documents as the API answers them, for tests. */
import { endpointDefaults } from "@postrider/contract";
import type {
  EndpointCircuit,
  DeliveryGroup,
  DeliveryView,
  Endpoint,
  EventView,
  Partner,
  ReplayView,
} from "@postrider/engine";

export const aPartner = (changes: Partial<Partner> = {}): Partner => ({
  id: "acme",
  name: "Acme",
  rate_per_second: 50,
  burst: 50,
  max_in_flight: 16,
  silent_after: null,
  max_backlog: null,
  constants: {},
  state: "active",
  endpoints: { total: 1, paused: 0, open: 0, refusing: 0, failing: 0 },
  created_at: "2026-01-31T09:00:00Z",
  updated_at: "2026-01-31T09:00:00Z",
  ...changes,
});

export const aCircuit = (changes: Partial<EndpointCircuit> = {}): EndpointCircuit => ({
  state: "closed",
  since: null,
  failing_since: null,
  failures: 0,
  next_probe_at: null,
  in_flight_limit: null,
  disabled_at: null,
  refusing_since: null,
  refusals: 0,
  ...changes,
});

export const anEndpoint = (changes: Partial<Endpoint> = {}): Endpoint => ({
  id: "main",
  partner: "acme",
  ...endpointDefaults,
  url: "https://acme.example/postback",
  events: ["conversion.*"],
  headers: { "x-source": "postrider" },
  body: "envelope",
  retry: { ...endpointDefaults.retry, schedule: ["5s", "1m"], client_error_schedule: ["5m"] },
  version: 3,
  state: "active",
  held_until: null,
  note: null,
  circuit: aCircuit(),
  ...changes,
});

export const aDelivery = (changes: Partial<DeliveryView> = {}): DeliveryView => ({
  id: "dlv_1",
  event_id: "conv-1001",
  type: "conversion.approved",
  partner: "acme",
  endpoint: "main",
  state: "dead",
  reason: "retries_exhausted",
  attempts_made: 2,
  next_attempt_at: null,
  accepted_at: "2026-01-31T11:50:00Z",
  finished_at: "2026-01-31T11:52:00Z",
  last_status: 503,
  last_error: "HTTP 503",
  ...changes,
});

export const anEvent = (changes: Partial<EventView> = {}): EventView => ({
  event_id: "conv-1001",
  type: "conversion.approved",
  schema_version: 1,
  occurred_at: "2026-01-31T11:49:59Z",
  accepted_at: "2026-01-31T11:50:00Z",
  partner: null,
  data: { click_id: "c-1" },
  data_text: '{"click_id":"c-1"}',
  deliveries: [
    aDelivery({
      attempts: [
        {
          n: 1,
          endpoint_version: 3,
          at: "2026-01-31T11:50:00.100Z",
          duration_ms: 12,
          status: 503,
          error: "HTTP 503",
          response_body: "try later",
        },
        {
          n: 2,
          endpoint_version: 3,
          at: "2026-01-31T11:52:00Z",
          duration_ms: 10_004,
          status: null,
          error: "timeout",
        },
      ],
    }),
  ],
  ...changes,
});

export const aGroup = (changes: Partial<DeliveryGroup> = {}): DeliveryGroup => ({
  partner: "acme",
  endpoint: "main",
  state: "dead",
  reason: "retries_exhausted",
  last_error: "HTTP 503",
  last_status: 503,
  count: 12,
  oldest_accepted_at: "2026-01-31T10:00:00Z",
  newest_accepted_at: "2026-01-31T11:58:00Z",
  ...changes,
});

export const aReplay = (changes: Partial<ReplayView> = {}): ReplayView => ({
  replay_id: "rpl_1",
  state: "running",
  filter: { state: "dead", partner: "acme" },
  rate_per_second: null,
  requested_by: "api",
  created_at: "2026-01-31T11:59:00Z",
  finished_at: null,
  matched: 12,
  replayed: 0,
  skipped: 0,
  skipped_causes: [],
  ...changes,
});
