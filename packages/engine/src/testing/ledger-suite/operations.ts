import { parseSecret, publicKeyOf } from "@postrider/protocol";
import { expect, test } from "vitest";
import { endpointDefaults, partnerDefaults } from "../../core/documents.ts";
import { parseExactJson } from "../../core/exact-json.ts";
import { missingKeyNote } from "../../core/missing-key.ts";
import type { JsonObject } from "../../core/template/index.ts";
import { createDispatchLedger } from "../../ledger/dispatch-ledger.ts";
import { createOperations } from "../../ledger/operations/index.ts";
import { createSeal } from "../../ledger/seal.ts";
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
      { name: "Acme Ltd", rate_per_second: 0.5, burst: 2, max_in_flight: 1, silent_after: null },
      now + minuteMs,
    );
    expect(second).toMatchObject({
      created: false,
      signingSecret: null,
      partner: { name: "Acme Ltd", rate_per_second: 0.5, burst: 2 },
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

  test("an endpoint that asks for a scheme without a live key is refused until there is one", async () => {
    const { operations, partner, sql } = bench();
    const acme = await partner([]);
    const put = (signing: ("v1" | "v1a")[]) =>
      operations.putEndpoint(acme.id, "main", { ...document, signing }, now);
    await expect(put(["v1a"])).rejects.toMatchObject({
      code: "signing_key_missing",
      issues: [{ path: "signing[0]" }],
      hint: expect.stringContaining("rotate-secret"),
    });
    await expect(put(["v1", "v1a"])).rejects.toMatchObject({ issues: [{ path: "signing[1]" }] });
    expect((await put([]))?.created).toBe(true);
    await operations.rotateSecret(acme.id, { scheme: "v1a", overlapMs: 0 }, now);
    expect((await put(["v1", "v1a"]))?.endpoint.signing).toEqual(["v1", "v1a"]);
    await sql.query(
      "update postrider.signing_keys set retires_at = to_timestamp($2::float8 / 1000) where partner_no = $1::int and scheme = 'v1'",
      [acme.no, now],
    );
    await expect(put(["v1"])).rejects.toMatchObject({ code: "signing_key_missing" });
  });

  test("endpoints that were stored with a scheme without a key are found; a word in a body is none", async () => {
    const { operations, partner, dispatch, sql } = bench();
    const acme = await partner(["main", "other", "plain"]);
    const store = async (id: string, more: object) =>
      sql.query("update postrider.endpoints set document = $2::text::json where endpoint_no = $1::int", [
        (await dispatch.locate(acme.id, id))!.endpointNo,
        JSON.stringify({ ...document, ...more }),
      ]);
    await store("main", { signing: ["v1", "v1a"], body: { nul: "\0" } });
    await store("other", { signing: ["v1"], body: { signing: ["v1a"] } });
    const found = async () => (await operations.missingKeys(now)).filter((one) => one.partner === acme.id);
    expect(await found()).toEqual([{ partner: acme.id, endpoint: "main", scheme: "v1a" }]);
    await operations.rotateSecret(acme.id, { scheme: "v1a", overlapMs: 0 }, now);
    expect(await found()).toEqual([]);
    await sql.query("delete from postrider.signing_keys where partner_no = $1::int and scheme = 'v1'", [
      acme.no,
    ]);
    expect((await found()).map(({ endpoint, scheme }) => [endpoint, scheme])).toEqual([
      ["main", "v1"],
      ["other", "v1"],
      ["plain", "v1"],
    ]);
    await operations.deletePartner(acme.id, now);
    expect(await found()).toEqual([]);
  });

  test("an endpoint that is paused for a missing key goes on with the key, or without the scheme", async () => {
    const { operations, partner, dispatch } = bench();
    const acme = await partner(["main", "other", "gone"]);
    const pause = async (id: string, note: string) =>
      dispatch.hold([{ endpointNo: (await dispatch.locate(acme.id, id))!.endpointNo, untilMs: null, note }]);
    const states = async () =>
      (await operations.listEndpoints(acme.id, now))!.map(({ id, state, note }) => [id, state, note]);
    await pause("main", missingKeyNote("v1a"));
    await pause("other", missingKeyNote("v1"));
    await pause("gone", "status 410");
    await operations.rotateSecret(acme.id, { scheme: "v1a", overlapMs: 0 }, now);
    expect(await states()).toEqual([
      ["gone", "paused", "status 410"],
      ["main", "active", null],
      ["other", "paused", missingKeyNote("v1")],
    ]);
    const { url } = (await operations.getEndpoint(acme.id, "other", now))!;
    await operations.putEndpoint(acme.id, "other", { ...document, url, signing: [] }, now);
    await operations.putEndpoint(acme.id, "gone", { ...document, url, signing: [] }, now);
    expect(await states()).toEqual([
      ["gone", "paused", "status 410"],
      ["main", "active", null],
      ["other", "active", null],
    ]);
  });

  test.each([
    ["one scheme", ["v1"], "v1"],
    ["the other", ["v1a"], "v1a"],
    ["both in turn", ["v1", "v1a"], "v1"],
  ] as const)(
    "rotations of %s are refused where a 17th key would sign; an overlap of 0 always goes",
    async (_, schemes, last) => {
      const { operations, partner, dispatch } = bench();
      const acme = await partner();
      const rotate = (scheme: "v1" | "v1a", overlapMs: number, atMs = now) =>
        operations.rotateSecret(acme.id, { scheme, overlapMs }, atMs);
      for (let n = 0; n < 15; n++) await rotate(schemes[n % schemes.length]!, dayMs);
      await expect(rotate(last, dayMs)).rejects.toMatchObject({
        code: "too_many_keys",
        hint: expect.stringContaining(new Date(now + dayMs).toISOString()),
      });
      expect((await dispatch.settings([acme.no], now))[0]!.keys).toHaveLength(16);
      expect((await rotate(last, 0))!.keys.length).toBeLessThanOrEqual(16);
      await rotate(last, dayMs, now + dayMs);
    },
  );

  test("a partner is created with the secret it has already; it is sealed and never shown", async () => {
    const { operations, dispatch, name, sql } = bench();
    const id = name("partner");
    const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
    const acme = { name: "Acme", ...partnerDefaults };
    const made = await operations.putPartner(id, acme, now, { secret });
    expect([made.created, made.signingSecret]).toEqual([true, null]);
    const [row] = await sql.query<{ no: number }>(
      "select partner_no as no from postrider.partners where id = $1",
      [id],
    );
    expect((await dispatch.settings([row!.no], now))[0]!.keys.map(({ secretText }) => secretText)).toEqual([
      secret,
    ]);
    const again = operations.putPartner(id, { ...acme, name: "Changed" }, now, { secret });
    await expect(again).rejects.toMatchObject({
      code: "invalid_request",
      issues: [{ path: "signing_secret" }],
      hint: expect.stringContaining("rotate-secret"),
    });
    expect((await operations.getPartner(id))?.name).toBe("Acme");
  });

  test("a rotation takes a secret of either scheme; the older key signs on", async () => {
    const { operations, partner, dispatch } = bench();
    const acme = await partner();
    const longest = `whsec_${Buffer.alloc(64, 8).toString("base64")}`;
    const seed = `whsk_${Buffer.alloc(32, 9).toString("base64")}`;
    const hmac = await operations.rotateSecret(
      acme.id,
      { scheme: "v1", overlapMs: dayMs, secret: longest },
      now,
    );
    expect([hmac?.signingSecret, hmac?.publicKey, hmac?.keys.length]).toEqual([null, null, 2]);
    const pair = await operations.rotateSecret(acme.id, { scheme: "v1a", overlapMs: 0, secret: seed }, now);
    expect(pair?.publicKey).toBe((await publicKeyOf(parseSecret(seed))).reveal().text);
    expect((await dispatch.settings([acme.no], now))[0]!.keys.map(({ secretText }) => secretText)).toEqual([
      seed,
      longest,
      expect.stringMatching(/^whsec_/),
    ]);
  });

  test.each([
    ["v1", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"],
    ["v1", `whsec_${Buffer.alloc(23, 1).toString("base64")}`],
    ["v1", `whsec_${Buffer.alloc(65, 1).toString("base64")}`],
    ["v1", "whsec_not base64, surely, and long enough!"],
    ["v1", `whsk_${Buffer.alloc(32, 1).toString("base64")}`],
    ["v1a", `whsec_${Buffer.alloc(32, 1).toString("base64")}`],
    ["v1a", `whpk_${Buffer.alloc(32, 1).toString("base64")}`],
    // A public key that is not the seed's own.
    ["v1a", `whsk_${Buffer.alloc(64, 1).toString("base64")}`],
  ] as const)("for %s the secret %s is refused, and not repeated", async (scheme, secret) => {
    const { operations, partner } = bench();
    const acme = await partner();
    const error = await operations
      .rotateSecret(acme.id, { scheme, overlapMs: 0, secret }, now)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "invalid_secret", issues: [{ path: "signing_secret" }] });
    expect(JSON.stringify(error)).not.toContain(secret.slice(8));
    expect(await operations.listKeys(acme.id, now)).toHaveLength(1);
  });

  test("rotated, the older keys of the scheme sign until the overlap ends; another scheme is left alone", async () => {
    const { operations, partner, dispatch } = bench();
    const acme = await partner();
    const rotated = await operations.rotateSecret(acme.id, { scheme: "v1", overlapMs: minuteMs }, now);
    expect(parseSecret(rotated!.signingSecret!).kind).toBe("whsec");
    expect(rotated?.keys.map(({ scheme, retires_at }) => [scheme, retires_at])).toEqual([
      ["v1", null],
      ["v1", new Date(now + minuteMs).toISOString()],
    ]);
    const pair = await operations.rotateSecret(acme.id, { scheme: "v1a", overlapMs: 0 }, now);
    expect(pair).toMatchObject({ signingSecret: null, publicKey: expect.stringMatching(/^whpk_/) });
    const secrets = async (atMs: number) =>
      (await dispatch.settings([acme.no], atMs))[0]!.keys.map(({ secretText }) => secretText);
    expect(await secrets(now)).toEqual([
      expect.stringMatching(/^whsk_/),
      rotated!.signingSecret,
      expect.stringMatching(/^whsec_/),
    ]);
    expect(await secrets(now + minuteMs)).toHaveLength(2);
    // A second rotation with a longer overlap does not bring the first key back to a longer life.
    await operations.rotateSecret(acme.id, { scheme: "v1", overlapMs: dayMs }, now + 1_000);
    const keys = await operations.listKeys(acme.id, now + 1_000);
    expect(keys.map(({ retires_at }) => retires_at)).toEqual([
      null,
      null,
      new Date(now + 1_000 + dayMs).toISOString(),
      new Date(now + minuteMs).toISOString(),
    ]);
    expect(await operations.rotateSecret("nobody", { scheme: "v1", overlapMs: 0 }, now)).toBeNull();
  });

  test("a new master key reads what the old one sealed and seals it again; after that the old one is not needed", async () => {
    const { sql, partner, operations } = bench();
    const acme = await partner();
    const [oldKey, newKey] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const under = (...keys: Uint8Array[]) => {
      const seal = createSeal(keys);
      return {
        operations: createOperations(sql, seal, { allowedTargets: new Set() }),
        dispatch: createDispatchLedger(sql, seal),
      };
    };
    await sql.query("delete from postrider.signing_keys");
    const rotated = await under(oldKey).operations.rotateSecret(acme.id, { scheme: "v1", overlapMs: 0 }, now);
    const secret = async (...keys: Uint8Array[]) =>
      (await under(...keys).dispatch.settings([acme.no], now))[0]!.keys[0]!.secretText;
    await expect(secret(newKey)).rejects.toMatchObject({ code: "secret_unreadable" });
    await expect(under(newKey).operations.resealSecrets()).rejects.toMatchObject({
      code: "secret_unreadable",
    });
    expect(await secret(newKey, oldKey)).toBe(rotated?.signingSecret);
    expect(await under(newKey, oldKey).operations.resealSecrets()).toBe(1);
    expect(await under(newKey, oldKey).operations.resealSecrets()).toBe(0);
    expect(await secret(newKey)).toBe(rotated?.signingSecret);
    // Bound to its partner: on another partner's row it does not open.
    const bolt = await partner();
    await sql.query("delete from postrider.signing_keys where partner_no = $1::int", [bolt.no]);
    await sql.query("update postrider.signing_keys k set partner_no = $1::int where partner_no = $2::int", [
      bolt.no,
      acme.no,
    ]);
    await expect(under(newKey).dispatch.settings([bolt.no], now)).rejects.toMatchObject({
      code: "secret_unreadable",
    });
    await operations.deletePartner(bolt.id, now);
  });

  test("ping tells the server's clock and version, and the migration", async () => {
    const { serverTimeMs, version, migration } = await bench().operations.ping();
    expect(Math.abs(serverTimeMs - Date.now())).toBeLessThan(5_000);
    expect(version).toMatch(/^\d+/);
    expect(migration).toBeGreaterThanOrEqual(1);
  });
}
