import { parseSecret } from "@postrider/protocol";
import { expect, test } from "vitest";
import { endpointDefaults, partnerDefaults } from "../../core/documents.ts";
import { parseExactJson } from "@postrider/contract/exact-json";
import type { JsonObject } from "../../core/template/index.ts";
import { type Bench, dayMs, minuteMs, suiteNowMs as now } from "./bench.ts";

const document = { ...endpointDefaults, url: "https://partner.example/pb", body: "envelope" as const };

/** Partners, endpoints, keys: what operators change. */
export function operationsTests(bench: () => Bench): void {
  test("a partner is created once, with a secret shown once; putting it again replaces the document", async () => {
    const { operations, name } = bench();
    const id = name("partner");
    const first = await operations.putPartner(id, { name: "Acme", ...partnerDefaults }, now);
    expect(first).toMatchObject({
      created: true,
      partner: { id, name: "Acme", rate_per_second: null, max_in_flight: 16, state: "active" },
    });
    expect(parseSecret(first.signingSecret!).kind).toBe("whsec");
    const second = await operations.putPartner(
      id,
      {
        name: "Acme Ltd",
        rate_per_second: 0.5,
        burst: 2,
        max_in_flight: 1,
        silent_after: null,
        max_backlog: null,
        constants: { currency: "EUR" },
      },
      now + minuteMs,
    );
    expect(second).toMatchObject({
      created: false,
      signingSecret: null,
      partner: { name: "Acme Ltd", rate_per_second: 0.5, burst: 2, constants: { currency: "EUR" } },
    });
    expect(await operations.getPartner(id)).toEqual(second.partner);
    expect(second.partner.updated_at).toBe(new Date(now + minuteMs).toISOString());
    expect(await operations.setPartnerState(id, "paused", now)).toMatchObject({ state: "paused" });
    expect(await operations.setPartnerState("nobody", "paused", now)).toBeNull();
    expect(await operations.getPartner("nobody")).toBeNull();
  });

  test("partners are listed by id, page by page", async () => {
    const { operations, partner } = bench();
    const made = [await partner(), await partner(), await partner()].map(({ id }) => id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await operations.listPartners({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.partners.length).toBeLessThanOrEqual(2);
      seen.push(...page.partners.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual([...new Set(seen)].toSorted());
    expect(seen).toEqual(expect.arrayContaining(made));
    await expect(operations.listPartners({ limit: 2, cursor: "!" })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });

  test("a deleted partner's backlog ends as cancelled; its name is free, its history stays", async () => {
    const { operations, partner, endpoint, enqueue, waiting, door, event } = bench();
    const acme = await partner(["main", "second"]);
    const ids = await enqueue(acme, 3);
    expect(await operations.deletePartner(acme.id, now + minuteMs)).toEqual({ cancelling: false });
    expect(await operations.deletePartner(acme.id, now)).toBeNull();
    expect(await operations.getPartner(acme.id)).toBeNull();
    expect(await operations.listEndpoints(acme.id, now)).toBeNull();
    expect(await operations.listKeys(acme.id, now)).toEqual([]);
    expect(await waiting(acme)).toEqual([]);
    const gone = await operations.getDelivery(ids[0]!);
    expect(gone).toMatchObject({
      partner: acme.id,
      state: "cancelled",
      reason: "partner_deleted",
      finished_at: new Date(now + minuteMs).toISOString(),
    });
    expect(await operations.putPartner(acme.id, { name: "Anew", ...partnerDefaults }, now)).toMatchObject({
      created: true,
    });
    await endpoint(acme.id, "main");
    expect((await door.accept([event(acme)], now)).results).toMatchObject([{ deliveries: 1 }]);
    const states = (await operations.listDeliveries({ partner: acme.id }, { limit: 50 })).deliveries.map(
      ({ state }) => state,
    );
    expect(states.toSorted()).toEqual([...ids.map(() => "cancelled"), "pending"]);
  });

  test("a deleted endpoint's backlog ends as cancelled, the other endpoint's goes on", async () => {
    const { operations, partner, enqueue, turn } = bench();
    const acme = await partner(["main", "second"]);
    await enqueue(acme, 2);
    expect(await operations.deleteEndpoint(acme.id, "second", now)).toEqual({ cancelling: false });
    expect(await operations.deleteEndpoint(acme.id, "second", now)).toBeNull();
    expect(await operations.deleteEndpoint("nobody", "main", now)).toBeNull();
    expect((await turn(acme, now)).deliveries).toHaveLength(2);
    expect(await operations.groupDeliveries({ partner: acme.id, endpoint: "second" })).toMatchObject({
      matched: 2,
      groups: [{ state: "cancelled", reason: "endpoint_deleted", count: 2 }],
    });
  });

  test("a large backlog is not waited for: it says that it is being cancelled, and it is", async () => {
    const { operations, partner, enqueue, waiting, dispatch, turn } = bench();
    const acme = await partner();
    await enqueue(acme, 2_500);
    expect(await operations.deletePartner(acme.id, now)).toEqual({ cancelling: true });
    expect((await turn(acme, now)).deliveries).toEqual([]);
    await dispatch.keepUp(now, { deliveredMs: 35 * dayMs, undeliveredMs: 35 * dayMs });
    while ((await waiting(acme)).length > 0);
    expect(await operations.groupDeliveries({ partner: acme.id })).toMatchObject({
      matched: 2_500,
      groups: [{ state: "cancelled", reason: "partner_deleted" }],
    });
  });

  test("what slipped in while an endpoint was being deleted is ended by upkeep", async () => {
    const { operations, partner, enqueue, dispatch, sql, waiting } = bench();
    const acme = await partner();
    await enqueue(acme, 1);
    await sql.query("update postrider.endpoints set deleted_at = now() where partner_no = $1::int", [
      acme.no,
    ]);
    await dispatch.keepUp(now, { deliveredMs: 35 * dayMs, undeliveredMs: 35 * dayMs });
    expect(await waiting(acme)).toEqual([]);
    expect(await operations.groupDeliveries({ partner: acme.id })).toMatchObject({
      groups: [{ reason: "endpoint_deleted" }],
    });
  });

  test("endpoints and their subscriptions change together, even from several connections at once", async () => {
    const { operations, partner, sql, door, event } = bench();
    const acme = await partner();
    const put = (events: string[]) => operations.putEndpoint(acme.id, "main", { ...document, events }, now);
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => put([`${acme.id}.kind-${index}`, `${acme.id}.both`])),
    );
    const stored = await sql.query<{ pattern: string }>(
      "select pattern from postrider.subscriptions where partner_no = $1::int order by 1",
      [acme.no],
    );
    const endpoint = await operations.getEndpoint(acme.id, "main", now);
    expect(stored.map(({ pattern }) => pattern).toSorted()).toEqual([...endpoint!.events].toSorted());
    expect(endpoint?.version).toBe(13);
    await Promise.all([put([`${acme.id}.late`]), operations.deleteEndpoint(acme.id, "main", now)]);
    if ((await operations.getEndpoint(acme.id, "main", now)) !== null)
      await operations.deleteEndpoint(acme.id, "main", now);
    expect(
      (
        await door.accept(
          [event(acme, { type: `${acme.id}.late` }), event(acme, { type: `${acme.id}.both` })],
          now,
        )
      ).results,
    ).toMatchObject([{ deliveries: 0 }, { deliveries: 0 }]);
  });

  test("a pause by the partner outlives a change of anything but the URL", async () => {
    const { operations, partner, dispatch } = bench();
    const acme = await partner();
    await dispatch.hold([
      { endpointNo: (await dispatch.locate(acme.id, "main"))!.endpointNo, untilMs: null, note: "status 410" },
    ]);
    const before = (await operations.getEndpoint(acme.id, "main", now))!;
    expect(
      (await operations.putEndpoint(acme.id, "main", { ...document, url: before.url, timeout: "3s" }, now))
        ?.endpoint,
    ).toMatchObject({ state: "paused", note: "status 410" });
    expect(
      (await operations.putEndpoint(acme.id, "main", { ...document, url: "https://new.example/" }, now))
        ?.endpoint,
    ).toMatchObject({ state: "active", note: null });
  });

  test.each([
    [
      "a macro in the host",
      { url: "https://{data.host}.example/" },
      { code: "invalid_template", issues: [{ path: "url", position: 8, code: "macro_not_allowed" }] },
    ],
    [
      "a private address",
      { url: "https://10.0.0.1/{data.x}" },
      { code: "invalid_target", issues: [{ path: "url" }] },
    ],
    ["plain http", { url: "http://partner.example/" }, { code: "invalid_target" }],
    [
      "a duration without a unit",
      { retry: { ...endpointDefaults.retry, schedule: ["5s", "10"] } },
      { code: "invalid_duration", issues: [{ path: "retry.schedule[1]" }] },
    ],
    [
      "a pattern with a star inside",
      { events: ["a.*", "a.*.b"] },
      { code: "invalid_request", issues: [{ path: "events[1]" }] },
    ],
  ])("an endpoint with %s is refused, with its place", async (_what, wrong, error) => {
    const { operations, partner } = bench();
    const acme = await partner([]);
    await expect(
      operations.putEndpoint(acme.id, "main", { ...document, ...wrong }, now),
    ).rejects.toMatchObject(error);
    expect(await operations.listEndpoints(acme.id, now)).toEqual([]);
    expect(await operations.putEndpoint("nobody", "main", document, now)).toBeNull();
  });

  test("the digits of a body are stored and read as they were written", async () => {
    const { operations, partner, dispatch } = bench();
    const acme = await partner([]);
    const body = '{"rate":10.50,"ids":[12345678901234567890,-0,1E5],"__proto__":{"n":1.0},"note":"1.0"}';
    const put = await operations.putEndpoint(
      acme.id,
      "main",
      { ...document, body: parseExactJson(body) as JsonObject },
      now,
    );
    const [settings] = await dispatch.settings([acme.no], now);
    for (const shown of [
      put?.endpoint.body,
      (await operations.getEndpoint(acme.id, "main", now))?.body,
      (await operations.listEndpoints(acme.id, now))?.[0]?.body,
      settings?.endpoints[0]?.document.body,
    ])
      expect(JSON.stringify(shown)).toBe(body);
  });

  test("a document that was stored with U+0000 and half a surrogate pair can be changed and deleted", async () => {
    const { operations, partner, dispatch, sql } = bench();
    const acme = await partner();
    const old = JSON.stringify({
      ...document,
      body: { "a\0": "x\0y", half: "\ud800" },
      url: "https://old.example/\udc00",
    });
    const { endpointNo } = (await dispatch.locate(acme.id, "main"))!;
    await sql.query(
      "update postrider.endpoints set document = $2::text::json, paused_at = now() where endpoint_no = $1::int",
      [endpointNo, old],
    );
    expect((await operations.getEndpoint(acme.id, "main", now))?.state).toBe("paused");
    expect((await dispatch.settings([acme.no], now))[0]!.endpoints[0]!.document.body).toEqual({
      "a\0": "x\0y",
      half: "\ud800",
    });
    expect((await operations.putEndpoint(acme.id, "main", document, now))?.endpoint.state).toBe("active");
    await sql.query("update postrider.endpoints set document = $2::text::json where endpoint_no = $1::int", [
      endpointNo,
      old,
    ]);
    expect(await operations.deleteEndpoint(acme.id, "main", now)).toEqual({ cancelling: false });
  });

  test("ping tells the server's clock and version, and the migration", async () => {
    const { serverTimeMs, version, migration } = await bench().operations.ping();
    expect(Math.abs(serverTimeMs - Date.now())).toBeLessThan(5_000);
    expect(version).toMatch(/^\d+/);
    expect(migration).toBeGreaterThanOrEqual(1);
  });
}
