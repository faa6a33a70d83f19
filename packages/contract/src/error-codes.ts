/**
 * Every error that Postrider answers with: a stable code, what it means, the HTTP status the API gives it.
 * `docs/reference/errors.md` lists the same codes; a test holds the two together.
 */
export const errorCodes = {
  invalid_request: {
    status: 400,
    meaning: "The request does not have the documented form; `issues` names each place.",
  },
  invalid_template: {
    status: 400,
    meaning:
      "The endpoint's URL, headers or body hold a macro that cannot be compiled; `issues` gives the character.",
  },
  invalid_target: {
    status: 400,
    meaning:
      "The endpoint's URL may not be called: plain http or a private address that POSTRIDER_ALLOW_TARGETS does not name.",
  },
  signing_key_missing: {
    status: 400,
    meaning:
      "The endpoint asks for a signature scheme that its partner has no live key for: make the key first, by rotate-secret.",
  },
  invalid_secret: {
    status: 400,
    meaning:
      "The signing secret cannot be used: give whsec_ and the base64 of 24 to 64 bytes, or a whsk_ for v1a, and one that the partner does not sign with already.",
  },
  too_many_keys: {
    status: 409,
    meaning:
      "The partner would have more live signing keys than a request can be signed with: let older ones retire.",
  },
  secret_in_use: {
    status: 409,
    meaning: "An endpoint uses the secret, so it cannot be removed: take it out of the endpoint first.",
  },
  too_many_secrets: {
    status: 409,
    meaning: "The partner has as many secrets as it may have: remove one that nothing uses.",
  },
  invalid_event: { status: 400, meaning: "The event is not valid; nothing was stored." },
  unauthorized: { status: 401, meaning: "The API key is missing or unknown." },
  not_found: { status: 404, meaning: "There is nothing under this id." },
  method_not_allowed: { status: 405, meaning: "The path exists, but not with this method." },
  conflict: { status: 409, meaning: "The event id exists with other content; nothing was changed." },
  backlog_full: {
    status: 429,
    meaning:
      "The backlog of the partner that the event is addressed to has reached its `max_backlog`; nothing was stored, so send again later.",
  },
  busy: {
    status: 429,
    meaning:
      "The ledger gets too many reads at once, and nothing was done; ask again after Retry-After. Events are still accepted and sent.",
  },
  payload_too_large: { status: 413, meaning: "The body is larger than the limit." },
  unsupported_media_type: { status: 415, meaning: "The body must be application/json, not compressed." },
  unknown_host: {
    status: 421,
    meaning:
      "The server listens on loopback only, and the call used a name that is not in POSTRIDER_ALLOWED_HOSTS.",
  },
  rate_limited: { status: 429, meaning: "Too many requests at once; try again after Retry-After." },
  internal: { status: 500, meaning: "A fault in Postrider; the log has the details under the request id." },
  too_slow: {
    status: 504,
    meaning:
      "The ledger stopped the statement at its time limit, because it had too much to read: narrow since/until, partner or state.",
  },
  ledger_unavailable: {
    status: 503,
    meaning:
      "The ledger cannot be reached, has no connection free, took too long, or lost a right; nothing was accepted, so send again.",
  },
  ledger_full: {
    status: 503,
    meaning:
      "The ledger has no room: its disk is full, or it has reached a limit of the settings; nothing was accepted.",
  },
  numbers_exhausted: {
    status: 507,
    meaning:
      "A counter of the ledger (of partners, endpoints or keys) is used up; nothing was changed, and deliveries go on.",
  },
  ledger_read_only: {
    status: 503,
    meaning: "The database of the ledger is read-only, for example a standby; nothing was accepted.",
  },
  shutting_down: { status: 503, meaning: "This process is stopping; send to another or try again." },
  invalid_settings: {
    status: 500,
    meaning: "A setting is wrong; the message names it and the nearest known one.",
  },
  invalid_duration: {
    status: 400,
    meaning: "A duration must be a number with a unit: 250ms, 5s, 10m, 2h, 3d.",
  },
  secret_unreadable: { status: 500, meaning: "A sealed secret cannot be opened with the given master keys." },
  ledger_too_new: {
    status: 500,
    meaning: "The ledger was migrated by a newer Postrider; start that version.",
  },
  database_unreachable: {
    status: 500,
    meaning:
      "At start PostgreSQL could not be reached or refused the login; the message names host, port, database and role, and what to do.",
  },
  database_unsuitable: {
    status: 500,
    meaning:
      "PostgreSQL was reached, but cannot hold a ledger: version, encoding, rights, read-only, or a pooler in transaction or statement mode.",
  },
  ledger_copied: {
    status: 500,
    meaning:
      "The ledger was copied or restored to another place, so nothing is sent from it until you adopt it; the message says how.",
  },
  ledger_differs: {
    status: 500,
    meaning: "The ledger was made by a migration with a different text; start the version that made it.",
  },
} as const satisfies Record<string, { status: number; meaning: string }>;

/** A code of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;
