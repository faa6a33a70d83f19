import { describe, expect, it } from "vitest";
import { explainEvent, type ExplanationFacts } from "./explanation.ts";
import { aCircuit, aDelivery, anEndpoint, anEvent, aPartner } from "./testing/documents.ts";
import { runCli, testNowMs } from "./testing/run-cli.ts";

const meaning = "Every retry of the endpoint's schedule was used and none succeeded.";
const facts = (changes: Partial<ExplanationFacts> = {}): ExplanationFacts => ({
  nowMs: testNowMs,
  meanings: new Map([["retries_exhausted", meaning]]),
  partners: new Map([["acme", aPartner()]]),
  endpoints: new Map([["acme/main", anEndpoint()]]),
  notAlone: new Set(),
  ...changes,
});
const pending = {
  state: "pending",
  reason: null,
  finished_at: null,
  next_attempt_at: "2026-01-31T12:04:00Z",
} as const;
const only = (delivery: Parameters<typeof aDelivery>[0], changes?: Partial<ExplanationFacts>) =>
  explainEvent(anEvent({ deliveries: [aDelivery(delivery)] }), facts(changes)).deliveries[0];

/** As the engine words it: `missingKeyNote` there. */
const missingKeyNote =
  "signing_key_missing: it asks for v1a signatures and the partner has no live v1a key, so nothing is sent.";

describe("explain", () => {
  it("tells a dead delivery: why, every attempt, what to do", () => {
    const { summary, deliveries } = explainEvent(anEvent(), facts());
    expect(summary).toBe(
      "Event conv-1001 (conversion.approved) was accepted 10m ago (2026-01-31 11:50:00Z). It went to 1 endpoint: 1 ended otherwise.",
    );
    expect(deliveries[0]).toEqual({
      id: "dlv_1",
      to: "acme/main",
      state: "dead",
      reason: "retries_exhausted",
      why: meaning,
      attempts: [
        '1. 2026-01-31 11:50:00Z, answered 503 after 12ms: "try later"',
        "2. 2026-01-31 11:52:00Z, no answer after 10s (timeout)",
      ],
      next: null,
      advice: [
        "See whether the partner answers now: postrider endpoints test acme main",
        "Send it again: postrider dead-letters replay dlv_1",
      ],
    });
  });

  it("names the macro, if nothing was sent because of it", () => {
    const meanings = new Map([["personal_data", "Nothing was sent."]]);
    const told = (error: string | null) =>
      only({ reason: "personal_data", attempts: [], attempts_made: 0, last_error: error }, { meanings });
    const error = "personal_data: {data.sub1} holds what looks like an e-mail address.";
    expect(told(error)?.why).toBe("Nothing was sent. {data.sub1} holds what looks like an e-mail address.");
    expect(told(error)?.advice[1]).toContain("--personal-data url:email");
    expect(told(null)?.why).toBe("Nothing was sent.");
  });

  it("says what to do if no rule knows the answer of a delivery that waits", () => {
    const error = "verdict_unknown: status 200, and no rule of verdicts matched the answer";
    const told = (last_error: string) => only({ ...pending, attempts_made: 1, last_error })?.advice;
    expect(told(error)?.[0]).toContain("postrider endpoints put acme main --verdicts @rules.json");
    expect(told("HTTP 503")).toEqual(["Try the endpoint by hand: postrider endpoints test acme main"]);
  });

  it("tells the items of an endpoint by their numbers, endpoint by endpoint", () => {
    const items = [2, 1, 3].map((item) => aDelivery({ id: `main-${item}`, item, items: 3 }));
    const other = aDelivery({ id: "other", endpoint: "other" });
    const event = anEvent({ deliveries: [items[0]!, other, items[1]!, items[2]!] });
    expect(explainEvent(event, facts()).deliveries.map(({ id }) => id)).toEqual([
      "main-1",
      "main-2",
      "main-3",
      "other",
    ]);
  });

  it("does not repeat what an attempt says", () => {
    const error = "rejected_by_rule: status 200, verdicts[2]";
    const [first] = aDelivery().attempts ?? [];
    const told = only({ reason: "rejected_by_rule", last_error: error, attempts: [{ ...first!, error }] });
    expect(told?.why).toBe("");
  });

  it("names the rule that took a delivery, if it can have been only one", () => {
    const meanings = new Map([["accepted_by_rule", "A rule says so."]]);
    const told = (verdicts: ReturnType<typeof anEndpoint>["verdicts"]) =>
      only(
        { state: "delivered", reason: "accepted_by_rule" },
        { meanings, endpoints: new Map([["acme/main", anEndpoint({ verdicts })]]) },
      )?.why;
    const rule = { when: { equals: "ok" }, then: "delivered", note: "Slack" } as const;
    expect(told([{ when: { equals: "no" }, then: "dead" }, rule])).toBe(
      "A rule says so. The endpoint has one such rule: verdicts[1] (Slack).",
    );
    expect(told([rule, { ...rule, when: { equals: "OK" } }])).toBe("A rule says so.");
    expect(told([])).toBe("A rule says so.");
  });

  it.each([
    [
      '{"success":false}\u001b[2J',
      '1. 2026-01-31 11:50:00Z, answered 200 after 12ms: "{"success":false}\\u001b[2J"',
    ],
    ["x".repeat(300), `1. 2026-01-31 11:50:00Z, answered 200 after 12ms: "${"x".repeat(199)}…"`],
    ["", "1. 2026-01-31 11:50:00Z, answered 200 after 12ms"],
  ])("tells what a 2xx said: %j", (response_body, line) => {
    const attempts = [
      { n: 1, endpoint_version: 3, at: "2026-01-31T11:50:00Z", duration_ms: 12, status: 200, response_body },
    ];
    const told = only({ state: "delivered", reason: "accepted_by_partner", attempts });
    expect(told?.attempts).toEqual([line]);
  });

  it("tells which master key is missing, where no process can sign", () => {
    const partners = new Map([["acme", aPartner({ missing_master_keys: ["1a2b3c4d"] })]]);
    const told = only({ ...pending, attempts_made: 0, attempts: [] }, { partners });
    expect(told?.why).toMatch(/^It was not attempted yet: no process .* of acme \(key id 1a2b3c4d\)/);
    expect(told?.why).not.toContain("behind the partner's other deliveries");
    expect(told?.advice).toEqual([expect.stringContaining("old,new everywhere, then new,old, then new")]);
  });

  it("tells of a deleted endpoint by its own lights, not by those of what has its id now", () => {
    const told = only({ endpoint_deleted: true });
    expect(told?.to).toBe("acme/main (deleted)");
    expect(told?.advice).toEqual(["The endpoint does not exist any more, so it cannot be sent again."]);
  });

  it("tells one partner only of itself", async () => {
    const event = anEvent({
      deliveries: [
        aDelivery({ state: "delivered", reason: "accepted_by_partner" }),
        aDelivery({ id: "dlv_2", partner: "rival" }),
      ],
    });
    const routes = {
      "GET /v1/events/conv-1001": { body: event },
      "GET /v1/reasons": { body: { reasons: [] } },
      "GET /v1/partners/other": { body: aPartner({ id: "other" }) },
      "GET /v1/partners/amce": {
        status: 404,
        body: {
          error: { code: "not_found", message: "There is no partner amce.", hint: "Did you mean acme?" },
        },
      },
    };
    for (const more of [[], ["--json"]]) {
      const { code, stdout, calls } = await runCli(["explain", "conv-1001", "--partner", "acme", ...more], {
        routes,
      });
      expect(code).toBe(0);
      expect(stdout).toContain("It went to 1 endpoint: 1 delivered.");
      expect(stdout + calls.map(({ path }) => path).join(" ")).not.toContain("rival");
    }
    const none = await runCli(["explain", "conv-1001", "--partner", "other"], { routes });
    expect([none.code, none.stderr]).toEqual([4, expect.stringContaining("has no delivery to other.")]);
    const mistyped = await runCli(["explain", "conv-1001", "--partner", "amce"], { routes });
    expect([mistyped.code, mistyped.stderr]).toEqual([4, expect.stringContaining("Did you mean acme?")]);
  });

  it("tells when no endpoint wanted the event", () => {
    expect(explainEvent(anEvent({ deliveries: [] }), facts()).summary).toContain(
      "No endpoint was subscribed to conversion.approved at that time",
    );
    expect(explainEvent(anEvent({ deliveries: [], partner: "acme" }), facts()).summary).toContain(
      "No endpoint of acme was subscribed",
    );
  });

  it("tells what the event itself put off, and by what", () => {
    const first = aDelivery({ ...pending, attempts_made: 0, attempts: [] });
    const told = (changes: Parameters<typeof anEvent>[0], delivery = first) =>
      explainEvent(anEvent({ ...changes, deliveries: [delivery] }), facts()).deliveries[0];
    expect(told({ not_before: "2026-01-31T12:04:00Z" })).toMatchObject({
      why: "It was not attempted yet: the event asked not to be sent before its time.",
      next: "The first attempt is in 4m (2026-01-31 12:04:00Z).",
      advice: ["To cancel it: postrider cancel dlv_1"],
    });
    expect(told({ order_key: "t-7" }, { ...first, waits_for: "dlv_0" })).toMatchObject({
      why: "It was not attempted yet: it waits for the delivery before it with the order key t-7.",
      next: "It is sent when that one has ended, or in 4m (2026-01-31 12:04:00Z) at the latest.",
      advice: ["See that one: postrider deliveries show dlv_0", "To cancel it: postrider cancel dlv_1"],
    });
  });

  it("tells what a waiting delivery waits for", () => {
    expect(only(pending)).toMatchObject({
      why: "It was attempted 2 times without success; it waits for its next retry.",
      next: "The next attempt is in 4m (2026-01-31 12:04:00Z).",
    });
  });

  const due = { ...pending, attempts_made: 0, next_attempt_at: "2026-01-31T11:59:50Z" };

  it("names other deliveries before a due one only if there are others", () => {
    expect(only(due, { notAlone: new Set(["dlv_1"]) })).toMatchObject({
      why: "It was not attempted yet; it is due now: it is being sent, or waits behind the partner's other deliveries, at 50 a second.",
      next: "It was due 10s ago.",
      advice: [],
    });
    expect(only(due)).toMatchObject({
      why: "It was not attempted yet; it is due now: it is being sent, or will be within a second.",
      next: "It was due 10s ago.",
      advice: [],
    });
    const doctor = "If this does not change, check whether the dispatcher runs: postrider doctor";
    const later = { ...due, next_attempt_at: "2026-01-31T11:59:20Z" };
    expect(only(later)?.advice).toEqual([doctor]);
    expect(only(later, { notAlone: new Set(["dlv_1"]) })?.advice).toEqual([]);
    const old = { ...due, next_attempt_at: "2026-01-31T11:50:00Z" };
    expect(only(old, { notAlone: new Set(["dlv_1"]) })?.advice).toEqual([doctor]);
  });

  it.each([
    [["dlv_1"], "within a second"],
    [["dlv_1", "dlv_7"], "behind the partner's other deliveries"],
    [["dlv_7", "dlv_8"], "behind the partner's other deliveries"],
  ])("asks what else is pending (%j)", async (ids, words) => {
    const routes = {
      "GET /v1/events/conv-1001": { body: anEvent({ deliveries: [aDelivery(due)] }) },
      "GET /v1/reasons": { body: { reasons: [] } },
      "GET /v1/partners/acme": { body: aPartner() },
      "GET /v1/partners/acme/endpoints": { body: { endpoints: [anEndpoint()] } },
      "GET /v1/deliveries": { body: { deliveries: ids.map((id) => aDelivery({ ...due, id })) } },
    };
    const { stdout, calls } = await runCli(["explain", "conv-1001"], { routes });
    expect(stdout).toContain(words);
    expect(calls.map(({ path }) => path)).toContain("/v1/deliveries?state=pending&partner=acme&limit=2");
  });

  it.each([
    [
      { partners: new Map([["acme", aPartner({ state: "paused" })]]) },
      "the partner is paused",
      "postrider partners resume acme",
    ],
    [
      { endpoints: new Map([["acme/main", anEndpoint({ state: "disabled" })]]) },
      "the endpoint is disabled",
      "postrider endpoints put acme main --enable",
    ],
    [
      { endpoints: new Map([["acme/main", anEndpoint({ state: "paused", note: "it answered 410" })]]) },
      "paused (it answered 410)",
      "postrider endpoints resume acme main",
    ],
    [
      {
        endpoints: new Map([["acme/main", anEndpoint({ state: "paused", note: missingKeyNote })]]),
      },
      "has no live v1a key",
      "postrider partners rotate-secret acme --scheme v1a",
    ],
    [
      {
        endpoints: new Map([
          ["acme/main", anEndpoint({ state: "held", held_until: "2026-01-31T12:10:00Z" })],
        ]),
      },
      "Retry-After",
      "postrider endpoints resume acme main",
    ],
    [
      {
        endpoints: new Map([
          [
            "acme/main",
            anEndpoint({
              state: "held",
              held_until: "2026-01-31T12:10:00Z",
              note: "Postrider itself could not send, and tries again: local: no descriptor left (EMFILE).",
            }),
          ],
        ]),
      },
      "no descriptor left (EMFILE). This costs no retry.",
      "postrider endpoints resume acme main",
    ],
    [
      {
        endpoints: new Map([
          [
            "acme/main",
            anEndpoint({
              state: "held",
              held_until: "2026-01-31T12:10:00Z",
              circuit: aCircuit({
                state: "open",
                since: "2026-01-31T11:55:00Z",
                failures: 12,
                next_probe_at: "2026-01-31T12:10:00Z",
              }),
            }),
          ],
        ]),
      },
      "circuit is open since 2026-01-31 11:55:00Z (12 failures in a row). Its backlog is kept, and this costs no attempts.",
      "postrider endpoints test acme main",
    ],
  ])("names what holds it back (%#)", (changes, why, advice) => {
    const told = only(pending, changes);
    expect(told?.why).toContain(why);
    expect(told?.advice.join()).toContain(advice);
  });

  it("offers no replay to an endpoint that is gone, and says nothing of a delivered one", () => {
    expect(only({}, { endpoints: new Map() })?.advice).toEqual([
      "The endpoint does not exist any more, so it cannot be sent again.",
    ]);
    expect(only({ state: "delivered", reason: "accepted_by_partner" })?.advice).toEqual([]);
    for (const reason of ["endpoint_deleted", "partner_deleted"] as const)
      expect(only({ state: "cancelled", reason }, { endpoints: new Map() })?.advice).toEqual([
        expect.stringMatching(/^It cannot be sent again\. .* send the event under a new id\.$/),
      ]);
  });

  it("is printed as sentences, and as a document under --json", async () => {
    const routes = {
      "GET /v1/events/conv-1001": { body: anEvent() },
      "GET /v1/reasons": { body: { reasons: [{ reason: "retries_exhausted", state: "dead", meaning }] } },
      "GET /v1/partners/acme": { body: aPartner() },
      "GET /v1/partners/acme/endpoints": { body: { endpoints: [anEndpoint()] } },
    };
    const { code, stdout } = await runCli(["explain", "conv-1001"], { routes });
    expect(code).toBe(0);
    expect(stdout).toContain(`acme/main is dead. ${meaning}\n  1. 2026-01-31 11:50:00Z, answered 503`);
    expect(JSON.parse((await runCli(["explain", "conv-1001", "--json"], { routes })).stdout)).toMatchObject({
      event_id: "conv-1001",
      deliveries: [{ state: "dead", why: meaning }],
    });
    expect((await runCli(["explain", "nothing"], { routes })).code).toBe(4);
  });
});
