/** What of a person may leave in a request, and where. No zod. */

/** What values are looked through for, in every delivery. */
export const personalKinds = ["email", "phone", "card"] as const;
/** A kind of personal data that a value may look like. */
export type PersonalKind = (typeof personalKinds)[number];

/**
 * Where personal data leaks. `url`: path and query, which each server and proxy on the way writes into its log.
 * `header`: often logged, too. `plain_http`: any place of a request that is sent without TLS.
 */
export const personalPlaces = ["url", "header", "plain_http"] as const;
/** A place where personal data leaks. */
export type PersonalPlace = (typeof personalPlaces)[number];

/**
 * What an endpoint may allow: a place and what may leave there. `hashed` is a hash of an e-mail address, a phone number
 * or other normalised personal data, `whole_data` the whole data of the event.
 */
export const personalPermits = [
  ...personalPlaces.flatMap((place) =>
    [...personalKinds, "hashed" as const].map((what) => `${place}:${what}` as const),
  ),
  "url:whole_data",
  "header:whole_data",
] as const;
/** One entry of the endpoint's `personal_data`, such as `url:email`. */
export type PersonalPermit = (typeof personalPermits)[number];
