import {
  type DeliveryView,
  type Endpoint,
  type EndpointDocument,
  type EventView,
  type Operations,
  type Partner,
  PostriderError,
  type ReplaySelection,
  type ReplayView,
  type StatusOperations,
  type VersionOperations,
} from "@postrider/engine";

const at = "2026-01-31T10:00:00.000Z";

const aDelivery: DeliveryView = {
  id: "dlv_1",
  event_id: "conv-1",
  type: "conversion.approved",
  partner: "acme",
  endpoint: "main",
  state: "dead",
  reason: "rejected",
  attempts_made: 1,
  next_attempt_at: null,
  accepted_at: at,
  finished_at: at,
  last_status: 400,
  last_error: "status 400",
  attempts: [
    { n: 1, endpoint_version: 1, at, duration_ms: 12, status: 400, error: "status 400", response_body: "no" },
  ],
};

const anEvent: EventView = {
  event_id: "conv-1",
  type: "conversion.approved",
  schema_version: 1,
  occurred_at: at,
  accepted_at: at,
  partner: null,
  data: { payout: 1.5 },
  data_text: '{"payout":1.50}',
  deliveries: [aDelivery],
};

const aReplay: ReplayView = {
  replay_id: "rpl_1",
  state: "running",
  filter: {},
  rate_per_second: null,
  requested_by: "test",
  created_at: at,
  finished_at: null,
  matched: 2,
  replayed: 0,
  skipped: 0,
  skipped_causes: [],
};

const group = {
  partner: "acme",
  endpoint: "main",
  state: "dead",
  reason: "rejected",
  last_error: "status 400",
  last_status: 400,
  count: 2,
  oldest_accepted_at: at,
  newest_accepted_at: at,
} as const;

const selected: ReplaySelection = {
  matched: 2,
  groups: [group],
  skipped: [{ cause: "endpoint_deleted", count: 1 }],
  waiting: [{ cause: "partner_paused", count: 2 }],
};

const partner = (
  id: string,
  document: Omit<Partner, "id" | "state" | "endpoints" | "created_at" | "updated_at">,
): Partner => ({
  ...document,
  id,
  state: "active",
  endpoints: { total: 0, paused: 0, open: 0, refusing: 0, failing: 0 },
  created_at: at,
  updated_at: at,
});

/** Of an endpoint that is well. */
export const circuit = {
  state: "closed",
  since: null,
  failing_since: null,
  failures: 0,
  next_probe_at: null,
  in_flight_limit: null,
  disabled_at: null,
  refusing_since: null,
  refusals: 0,
} as const;

const endpoint = (owner: string, id: string, document: EndpointDocument): Endpoint => {
  if (document.url.includes("{host}")) {
    throw new PostriderError("invalid_template", "The URL has a macro in its host.", {
      issues: [{ path: "url", message: "no macro here", position: 8 }],
    });
  }
  return {
    ...document,
    id,
    partner: owner,
    version: 1,
    state: "active",
    held_until: null,
    note: null,
    circuit,
  };
};

/** Each endpoint has one version: what it is. */
function fakeVersions(endpoints: ReadonlyMap<string, Endpoint>): VersionOperations {
  return {
    listEndpointVersions: async (owner, id) =>
      endpoints.has(`${owner}/${id}`)
        ? { versions: [{ version: 1, at, by: "local" }], next_cursor: "next" }
        : null,
    async getEndpointVersion(owner, id, version) {
      const found = endpoints.get(`${owner}/${id}`);
      if (found === undefined || version !== found.version) return null;
      const {
        id: _id,
        partner: _partner,
        version: _version,
        state: _state,
        held_until: _held,
        note: _note,
        circuit: _circuit,
        ...document
      } = found;
      return { partner: owner, endpoint: id, version, at, by: "local", document };
    },
    restoreEndpointVersion: async (owner, id, version) => {
      const found = endpoints.get(`${owner}/${id}`);
      return found?.version === version ? found : null;
    },
    readAttempt: async () => null,
  };
}

function fakeStatus(): StatusOperations {
  return {
    conservation: async () => ({ accepted: 3, pending: 1, finished: { delivered: 2 }, drift: 0 }),
    backlog: async () => ({
      pending: 7,
      oldestDueMs: 1,
      partners: [{ partner: "acme", pending: 7, oldestDueMs: 1 }],
    }),
    pausedEndpoints: async () => 5,
    vacuumState: async () => ({
      heldBackBy: [
        {
          kind: "transaction",
          name: "pg_dump, pid 4711",
          state: "active",
          sinceMs: Date.parse(at),
          transactions: 9,
        },
      ],
      unseen: 2,
      deadPending: 1_000,
    }),
    circuits: async () => ({ open: 1, half_open: 0, ramping: 2, failing: 3, refusing: 4 }),
    numbers: async () => [],
    ping: async () => ({ serverTimeMs: Date.parse(at), version: "fake 1", migration: 1 }),
  };
}

/** Operations without a ledger, over the maps given. */
export function createFakeOperations(
  partners: Map<string, Partner>,
  endpoints: Map<string, Endpoint>,
): Operations {
  return {
    async putPartner(id, document, _nowMs, { secret } = {}) {
      const created = !partners.has(id);
      partners.set(id, partner(id, document));
      return {
        partner: partners.get(id) as Partner,
        created,
        signingSecret: created && secret === undefined ? "whsec_c2hvd24gb25jZQ==" : null,
      };
    },
    getPartner: async (id) => partners.get(id) ?? null,
    listPartners: async () => ({ partners: [...partners.values()] }),
    deletePartner: async (id) => (partners.delete(id) ? { cancelling: id === "large" } : null),
    async setPartnerState(id, state) {
      const found = partners.get(id);
      return found === undefined ? null : { ...found, state };
    },
    async rotateSecret(id, { scheme, secret }) {
      return partners.has(id)
        ? {
            signingSecret: scheme === "v1" && secret === undefined ? "whsec_bmV4dA==" : null,
            publicKey: scheme === "v1a" ? "whpk_cHVibGlj" : null,
            keys: [],
          }
        : null;
    },
    listKeys: async () => [{ id: "key_1", scheme: "v1", public_key: null, created_at: at, retires_at: null }],
    missingKeys: async () => [],
    putSecret: async (id, name, _value, nowMs) =>
      partners.has(id)
        ? {
            secret: { name, set_at: new Date(nowMs).toISOString(), endpoints: ["main"] },
            created: name !== "known",
          }
        : null,
    listSecrets: async (id) =>
      partners.has(id) ? [{ name: "access_token", set_at: at, endpoints: ["main"] }] : null,
    async deleteSecret(id, name) {
      if (name === "used")
        throw new PostriderError("secret_in_use", "The endpoint main of acme uses {secret.used}.");
      return partners.has(id) ? name === "known" : null;
    },
    async putEndpoint(owner, id, document) {
      if (!partners.has(owner)) return null;
      const created = !endpoints.has(`${owner}/${id}`);
      endpoints.set(`${owner}/${id}`, endpoint(owner, id, document));
      return { endpoint: endpoints.get(`${owner}/${id}`) as Endpoint, created };
    },
    getEndpoint: async (owner, id) => endpoints.get(`${owner}/${id}`) ?? null,
    listEndpoints: async (owner) =>
      partners.has(owner) ? [...endpoints.values()].filter((one) => one.partner === owner) : null,
    deleteEndpoint: async (owner, id) => (endpoints.delete(`${owner}/${id}`) ? { cancelling: false } : null),
    resumeEndpoint: async (owner, id) => endpoints.get(`${owner}/${id}`) ?? null,
    ...fakeVersions(endpoints),
    documentWarnings: async () => [],
    async endpointWarnings(only) {
      const macro = {
        code: "unfilled_macro",
        macro: "data.payuot",
        nearest: "data.payout",
        message: "Did you mean data.payout?",
      } as const;
      const warned = only ?? { partner: "acme", endpoint: "main" };
      return { checked: 1, more: false, warnings: [{ endpoint: "main", ...warned, ...macro }] };
    },
    getEvent: async (id) => (id === anEvent.event_id ? anEvent : null),
    getDelivery: async (id) => (id === aDelivery.id ? aDelivery : null),
    async listDeliveries(_filter, { cursor }) {
      if (cursor === "bad") throw new PostriderError("invalid_request", "The cursor is not one of ours.");
      return { deliveries: [aDelivery], next_cursor: "next" };
    },
    groupDeliveries: async () => ({
      matched: 3,
      groups: [group, { ...group, state: "pending", reason: null, count: 1 }],
    }),
    previewReplay: async () => selected,
    createReplay: async ({ filter, requestedBy }) => ({
      ...selected,
      replay: { ...aReplay, filter, requested_by: requestedBy },
    }),
    reclassify: async (owner, id) =>
      endpoints.has(`${owner}/${id}`)
        ? {
            judged: 2,
            groups: [
              {
                state: "delivered",
                reason: "accepted_by_partner",
                would_be: "dead",
                rule: 1,
                note: "unknown click",
                count: 2,
                examples: [{ delivery_id: "dlv_1", status: 200, answer: "success=false" }],
              },
            ],
            not_judged: { no_answer: 0, not_kept: 1, cut: 0 },
            wronglyDelivered: ["dlv_1", "dlv_2"],
            next_cursor: "next",
          }
        : null,
    retryNow: async (_filter, { dryRun }) => ({
      result: {
        ...selected,
        due_waiting: [{ cause: "endpoint_paused", count: 1 }],
        retried: dryRun ? 0 : selected.matched,
      },
      partnerNos: dryRun ? [] : [7],
    }),
    getReplay: async (id) => (id === aReplay.replay_id ? aReplay : null),
    listReplays: async () => [aReplay],
    cancelReplay: async (id) => (id === aReplay.replay_id ? { ...aReplay, state: "cancelled" } : null),
    cancelDeliveries: async ({ event_id }, { dryRun }) =>
      event_id === undefined || event_id === anEvent.event_id
        ? { matched: 2, cancelled: dryRun ? 0 : 2, groups: [{ ...group, state: "pending", reason: null }] }
        : { matched: 0, cancelled: 0, groups: [] },
    nearestName: async ({ partner: near, endpoint }) =>
      (endpoint ?? near).startsWith("nea") ? (endpoint ?? near).replace("nea", "near-") : null,
    ...fakeStatus(),
  };
}
