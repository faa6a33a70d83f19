import { describe, expect, test } from "vitest";
import { type Arrival, reconcile, type Sides } from "./reconcile.ts";

const arrival = (webhookId: string, given: Partial<Arrival> = {}): Arrival => ({
  webhookId,
  answered: 200,
  verified: true,
  right: true,
  ...given,
});

/** One delivery at once, one after a failure. */
const balanced: Sides = {
  partner: "acme",
  sent: ["e-1", "e-2"],
  ledger: [
    { id: "d-1", event_id: "e-1", state: "delivered", attempts_made: 1 },
    { id: "d-2", event_id: "e-2", state: "delivered", attempts_made: 2 },
  ],
  arrivals: [arrival("d-1"), arrival("d-2", { answered: 500 }), arrival("d-2")],
  wereDead: 0,
};
const [first, second] = balanced.ledger;

test("books that balance have no problems, and repeats are retries", () => {
  expect(reconcile(balanced)).toEqual({
    partner: "acme",
    events: 2,
    delivered: 2,
    attempts: 3,
    retries: 1,
    replayed: 0,
    verified: 3,
    repeats: 1,
    problems: [],
  });
  expect(reconcile({ ...balanced, wereDead: 1 })).toMatchObject({ retries: 0, replayed: 1, problems: [] });
});

describe("a problem is named", () => {
  const cases: readonly (readonly [problem: string, change: Partial<Sides>])[] = [
    ["1 events have no delivery", { sent: ["e-1", "e-2", "e-3"] }],
    ["1 deliveries are not delivered", { ledger: [first!, { ...second!, state: "dead" }] }],
    [
      "1 deliveries never reached the partner",
      { arrivals: [arrival("d-1"), arrival("d-2", { answered: 500 }), arrival("d-2", { answered: null })] },
    ],
    ["1 deliveries came more often than was attempted", { arrivals: [...balanced.arrivals, arrival("d-1")] }],
    ["1 deliveries came less often than was attempted", { arrivals: [arrival("d-1"), arrival("d-2")] }],
    ["1 webhook-ids are unknown to the ledger", { arrivals: [...balanced.arrivals, arrival("d-9")] }],
    [
      "1 signatures do not verify",
      { arrivals: [arrival("d-1", { verified: false }), ...balanced.arrivals.slice(1)] },
    ],
    [
      "1 requests have other content than was sent",
      { arrivals: [arrival("d-1", { right: false }), ...balanced.arrivals.slice(1)] },
    ],
    [
      "1 events have more than one delivery",
      {
        ledger: [...balanced.ledger, { ...first!, id: "d-3" }],
        arrivals: [...balanced.arrivals, arrival("d-3")],
      },
    ],
  ];
  test.each(cases)("%s", (problem, change) => {
    expect(reconcile({ ...balanced, ...change }).problems).toEqual([`acme: ${problem}`]);
  });
});
