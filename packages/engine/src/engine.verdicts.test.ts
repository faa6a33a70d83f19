/** Partners' answers over HTTP, each judged by the rules of the recipes in docs/guide/answers.md. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { endpointDefaults, type EndpointDocument, partnerDefaults } from "./core/documents.ts";
import { type RecipeAnswer, recipesOf } from "./core/verdicts/recipes.fixture.ts";
import { type Engine, openEngine } from "./engine.ts";
import { type HttpPartner, startHttpPartner } from "./testing/http-partner.ts";
import { createDatabase } from "./testing/postgres-server.ts";

const cases = recipesOf("guide/answers.md").flatMap(({ name, verdicts, answers = [] }, recipe) =>
  answers.map((answer, n) => ({
    what: `${name} ${answer.status} ${answer.body}`,
    verdicts,
    answer,
    id: `r${recipe}-${n}`,
  })),
);

/** How a delivery ends without retries. By a rule, or by the status where no rule knew it (`byStatus`). */
const ends = {
  delivered: { byRule: "accepted_by_rule", byStatus: "accepted_by_partner" },
  duplicate: { byRule: "duplicate", byStatus: null },
  retry: { byRule: "not_accepted", byStatus: "retries_exhausted" },
  slow: { byRule: "rejected_by_rule", byStatus: "rejected" },
  dead: { byRule: "refused_by_rule", byStatus: null },
  pause: { byRule: null, byStatus: null },
  unknown: { byRule: null, byStatus: "verdict_unknown" },
} as const satisfies Record<RecipeAnswer["is"], object>;

const noRetries = { ...endpointDefaults.retry, schedule: [], client_error_schedule: [] };

function verdictTests(open: (allowTargets: readonly string[]) => Promise<Engine>): void {
  let engine: Engine;
  let partner: HttpPartner;
  const answers = new Map<string, (n: number) => Pick<RecipeAnswer, "status" | "body" | "headers">>();
  const seen = new Map<string, number>();
  beforeAll(async () => {
    partner = await startHttpPartner((request, response) => {
      request.resume().on("end", () => {
        const id = (request.url ?? "").slice(1);
        const n = (seen.get(id) ?? 0) + 1;
        seen.set(id, n);
        const { status, body, headers } = answers.get(id)?.(n) ?? { status: 404, body: "" };
        response.writeHead(status, headers).end(body);
      });
    });
    engine = await open([partner.target]);
    await engine.start();
  });
  afterAll(async () => {
    await engine.stop(1_000);
    await partner.stop();
  });

  const put = async (id: string, document: Partial<EndpointDocument>) =>
    engine.operations.putEndpoint(
      id,
      "main",
      {
        ...endpointDefaults,
        body: "envelope",
        url: `http://${partner.target}/${id}`,
        retry: noRetries,
        ...document,
      },
      Date.now(),
    );
  const create = async (
    id: string,
    document: Partial<EndpointDocument>,
    answer: (n: number) => Pick<RecipeAnswer, "status" | "body" | "headers">,
  ) => {
    answers.set(id, answer);
    await engine.operations.putPartner(id, { name: id, ...partnerDefaults }, Date.now());
    await put(id, document);
  };
  const send = async (to: string, eventId: string) => {
    const event = { event_id: eventId, type: "a.b", partner: to, data_text: '{"n":1}' };
    const { partnerNos } = await engine.events.accept([event], Date.now());
    engine.ring(partnerNos);
  };
  const delivery = async (eventId: string) => (await engine.operations.getEvent(eventId))!.deliveries[0]!;
  const until = <Result>(fact: () => Promise<Result>) => vi.waitFor(fact, { timeout: 20_000, interval: 20 });

  test("each answer of each recipe ends its delivery as the page says", { timeout: 60_000 }, async () => {
    // LevelPlay's answer repeats the event's id.
    const eventOf = (id: string) => (id.startsWith("r1-") ? `${id}-event` : `event-${id}`);
    for (const { id, verdicts, answer } of cases) {
      const body = answer.body.replace("conv-1001", eventOf(id));
      await create(id, { verdicts }, () => ({ ...answer, body }));
      await send(id, eventOf(id));
    }
    for (const { id, what, answer, verdicts } of cases) {
      const ended = await until(async () => {
        const found = await delivery(eventOf(id));
        expect(found.state, what).not.toBe("pending");
        return found;
      });
      const isByRule = verdicts.some(({ then }) => then === answer.is);
      const { byRule, byStatus } = ends[answer.is];
      const reason = isByRule ? byRule : byStatus;
      expect([what, ended.reason, ended.attempts_made]).toEqual([what, reason, 1]);
      const isGood = answer.is === "delivered" || answer.is === "duplicate";
      expect([what, ended.state]).toEqual([what, isGood ? "delivered" : "dead"]);
      // An error names the rule or the status, and never what the partner answered.
      if (isGood) expect(ended.last_error).toBeNull();
      else expect(ended.last_error).toMatch(/^(\w+: )?status \d+/);
      if (answer.body.length > 3) expect(ended.last_error ?? "").not.toContain(answer.body.slice(0, 12));
    }
  });

  test("a wait in the body holds the endpoint, and one in a header too", async () => {
    const telegram = recipesOf("guide/answers.md").find(({ name }) => name.includes("Telegram"))!;
    const retry = { ...endpointDefaults.retry, schedule: ["1ms"], jitter: "none" as const };
    const inBody = { status: 429, body: '{"ok":false,"parameters":{"retry_after":35}}' };
    await create("waits-body", { verdicts: telegram.verdicts, retry }, () => inBody);
    const header = {
      when: { contains: "slow down" },
      then: "retry",
      wait: { header: "X-Reset-After" },
    } as const;
    await create("waits-header", { verdicts: [header], retry }, () => ({
      status: 200,
      body: "slow down",
      headers: { "x-reset-after": "35" },
    }));
    for (const id of ["waits-body", "waits-header"]) {
      await send(id, `event-${id}`);
      const before = Date.now();
      await until(async () => {
        const endpoint = await engine.operations.getEndpoint(id, "main", Date.now());
        expect(endpoint?.state).toBe("held");
        const heldMs = Date.parse(endpoint!.held_until!) - before;
        expect(heldMs).toBeGreaterThan(20_000);
        expect(heldMs).toBeLessThanOrEqual(36_000);
        expect(endpoint!.note).toContain("not_accepted: status");
      });
    }
  });

  test("pause keeps the delivery, and its note names the rule", async () => {
    const rule = {
      when: { contains: "account closed" },
      then: "pause",
      note: "the account is closed",
    } as const;
    await create("pauses", { verdicts: [rule] }, () => ({
      status: 200,
      body: "account closed, client 4711",
    }));
    await send("pauses", "event-pauses");
    await until(async () =>
      expect(await engine.operations.getEndpoint("pauses", "main", Date.now())).toMatchObject({
        state: "paused",
        note: "The answer matched verdicts[0] (the account is closed): paused until an operator resumes it.",
      }),
    );
    await until(async () =>
      expect(await delivery("event-pauses")).toMatchObject({ state: "pending", attempts_made: 1 }),
    );
  });

  test("a body beyond what is read of it is unknown, if the rules need it", async () => {
    const rules = [{ when: { json: { pointer: "/code", equals: 0 } }, then: "delivered" }] as const;
    const body = `{"code":0,"filler":"${"x".repeat(70_000)}"}`;
    await create("cut", { verdicts: rules }, () => ({ status: 200, body }));
    await send("cut", "event-cut");
    await until(async () =>
      expect(await delivery("event-cut")).toMatchObject({
        reason: "verdict_unknown",
        last_error:
          "verdict_unknown: status 200, and the body that verdicts[0] asks for went on past what is read of it, or could not be read",
      }),
    );
  });

  test("a test postback says which rule decided", async () => {
    const rule = { when: { equals: "{event_id}" }, then: "delivered" } as const;
    const slow = { when: { equals: "no" }, then: "slow", note: "refused" } as const;
    await create("tested", { verdicts: [rule, slow] }, () => ({ status: 200, body: "no" }));
    expect(await engine.testPostback("tested", "main")).toMatchObject({
      verdict: "client_error",
      rule: { index: 1, then: "slow", note: "refused" },
      error: "rejected_by_rule: status 200, verdicts[1] (refused)",
    });
  });

  test("reclassify finds what was booked wrongly before there were rules, and a replay sends exactly that again", {
    timeout: 60_000,
  }, async () => {
    const { reclassify, createReplay, getReplay } = engine.operations;
    const bodyOf = (n: number) =>
      [
        "success=true;",
        "success=false; err_msg=Invalid transaction id",
        "success=false; err_msg=Duplicate conversion",
        "hello",
      ][n % 4]!;
    const id = "booked";
    let mended = false;
    await create(id, {}, (n) =>
      mended ? { status: 200, body: "success=true;" } : { status: 200, body: bodyOf(n) },
    );
    const count = 12;
    for (let n = 0; n < count; n += 1) {
      await send(id, `booked-${n}`);
      await until(async () => expect((await delivery(`booked-${n}`)).reason).toBe("accepted_by_partner"));
    }
    const { verdicts } = recipesOf("guide/answers.md")[0]!;
    expect(await reclassify(id, "main", { limit: 100 })).toMatchObject({
      groups: [{ reason: "accepted_by_partner", would_be: "delivered", rule: null, count }],
      wronglyDelivered: [],
    });
    const found = (await reclassify(id, "main", { verdicts, limit: 100 }))!;
    expect(found.judged).toBe(count);
    expect(found.next_cursor).toBeUndefined();
    expect(found.groups.map(({ would_be, rule, count: n }) => [would_be, rule, n]).toSorted()).toEqual([
      ["delivered", 1, 3],
      ["duplicate", 0, 3],
      ["slow", 2, 3],
      ["unknown", null, 3],
    ]);
    const slow = found.groups.find(({ would_be }) => would_be === "slow")!;
    expect(slow).toMatchObject({
      state: "delivered",
      reason: "accepted_by_partner",
      note: "TUNE refused it",
    });
    expect(slow.examples).toHaveLength(3);
    expect(slow.examples[0]).toMatchObject({ status: 200, answer: bodyOf(1) });
    expect(found.wronglyDelivered).toHaveLength(6);

    // By pages it is the same.
    let cursor: string | undefined;
    const paged: string[] = [];
    do {
      const page = (await reclassify(id, "main", { verdicts, limit: 5, cursor }))!;
      paged.push(...page.wronglyDelivered);
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(paged).toEqual(found.wronglyDelivered);
    const past = { since: "2020-01-01T00:00:00Z", until: "2020-01-02T00:00:00Z" };
    expect(await reclassify(id, "main", { verdicts, ...past, limit: 10 })).toMatchObject({
      judged: 0,
      groups: [],
    });
    expect(await reclassify(id, "nowhere", { limit: 10 })).toBeNull();
    await expect(
      reclassify(id, "main", { verdicts: [{ when: { equals: "{oops" }, then: "dead" }], limit: 1 }),
    ).rejects.toMatchObject({
      code: "invalid_template",
      issues: [{ path: "verdicts[0].when.equals" }],
    });

    await put(id, { verdicts });
    mended = true;
    const filter = { delivery_ids: found.wronglyDelivered };
    const { replay } = await createReplay({ filter, ratePerSecond: null, requestedBy: "test" }, Date.now());
    engine.sweepNow();
    await until(async () =>
      expect(await getReplay(replay.replay_id)).toMatchObject({ state: "done", replayed: 6, skipped: 0 }),
    );
    await until(async () => {
      const after = (await reclassify(id, "main", { limit: 100 }))!;
      expect([after.judged, after.wronglyDelivered]).toEqual([count, []]);
    });
    expect(seen.get(id)).toBe(count + 6);
  });

  test("reclassify counts apart what had no answer and what was cut, and reads macros from the events", async () => {
    const verdicts = [{ when: { equals: "{event_id}:OK" }, then: "delivered" }] as const;
    await create("apart", {}, (n) => ({
      status: 200,
      body: n === 1 ? "apart-1:OK" : n === 2 ? "else" : "x".repeat(66_000),
    }));
    for (const n of [1, 2, 3]) {
      await send("apart", `apart-${n}`);
      await until(async () => expect((await delivery(`apart-${n}`)).state).toBe("delivered"));
    }
    await put("apart", { url: `http://${partner.target}/apart{data.none!}` });
    await send("apart", "apart-4");
    await until(async () => expect((await delivery("apart-4")).reason).toBe("missing_macro"));
    expect(await engine.operations.reclassify("apart", "main", { verdicts, limit: 100 })).toMatchObject({
      judged: 2,
      not_judged: { no_answer: 1, not_kept: 0, cut: 1 },
      wronglyDelivered: [(await delivery("apart-2")).id],
    });
  });
}

const masterKeys = [new Uint8Array(32).fill(7)];

describe("verdict rules, embedded", () => {
  verdictTests((allowTargets) => openEngine({ dataDir: "memory://", masterKeys, allowTargets }));
});

const postgresUrl = inject("postgresUrl");
// Where there is none, the global set-up has printed why.
describe.skipIf(postgresUrl === null)("verdict rules, on PostgreSQL", () => {
  verdictTests(async (allowTargets) => {
    const databaseUrl = await createDatabase(postgresUrl!, `verdicts_${randomUUID().replaceAll("-", "")}`);
    return openEngine({ databaseUrl, dataDir: "", masterKeys, allowTargets });
  });
});
