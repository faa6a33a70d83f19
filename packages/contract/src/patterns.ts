/** Forms of texts that several places judge: schemas here, the engine where events come in, SQL by the same rules. No zod. */

/** Ids that applications choose: events, order keys. */
export const visibleAscii = /^[!-~]{1,200}$/;
/** Words of letters, digits, `_` and `-` with dots between them. */
export const eventTypeForm = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
export const longestEventType = 100;
export const largestSchemaVersion = 999_999_999;
/** Ids of partners and endpoints. */
export const idForm = /^[a-z0-9][a-z0-9_-]{0,63}$/;
/** Names of a partner's secrets and constants. */
export const nameForm = /^[a-z0-9_]{1,40}$/;
/** An event type, a prefix such as `conversion.*`, or `*`. */
export const eventPatternForm = /^(\*|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?)$/;
/** An ISO 8601 instant with a zone, as far as a pattern can say it: February has 31 days in it. */
export const instantForm =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;
