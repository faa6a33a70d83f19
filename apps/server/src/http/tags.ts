/** The groups of routes, with what the OpenAPI document says of each. */
export const tags = {
  events: "What happened: sent by the application, accepted once, cancelled.",
  partners: "Who receives, how fast, and the keys that sign what they get.",
  endpoints: "Where a partner receives: the request, the retries, the breaker. Tested and resumed.",
  deliveries: "One event on its way to one endpoint: its state, its attempts, and why it ended.",
  replays: "Deliveries that ended are sent again, many at once.",
  cancellations: "Deliveries that wait are given up, many at once.",
  status: "How the whole system does, and what the reasons of deliveries mean.",
  health: "For load balancers, monitors and tools. No API key is asked for.",
} as const;

/** The name of a group of routes. */
export type Tag = keyof typeof tags;
