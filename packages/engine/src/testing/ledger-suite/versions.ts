import { expect, test } from "vitest";
import { endpointDefaults } from "../../core/documents.ts";
import { type Bench, dayMs, ended, minuteMs, suiteNowMs as now, type TestPartner } from "./bench.ts";

const retention = { deliveredMs: 35 * dayMs, undeliveredMs: 90 * dayMs };

/** Versions of endpoints' documents: each is kept, read, restored, and removed when nothing needs it. */
export function versionTests(bench: () => Bench): void {
  const documentOf = (of: TestPartner, query: string) => ({
    ...endpointDefaults,
    url: `https://partner.example/${query}`,
    body: "envelope" as const,
    events: [`${of.id}.*`],
  });
  const put = (of: TestPartner, query: string, at: number, by?: string) =>
    bench().operations.putEndpoint(of.id, "main", documentOf(of, query), at, by === undefined ? {} : { by });
  const list = async (of: TestPartner, limit = 50, cursor?: string) =>
    bench().operations.listEndpointVersions(of.id, "main", {
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
  const numbers = async (of: TestPartner) => (await list(of, 500))?.versions.map(({ version }) => version);

  test("each change is a version, newest first, page by page, with who made it and when", async () => {
    const { operations, partner } = bench();
    const acme = await partner([]);
    expect(await list(acme)).toBeNull();
    for (let n = 1; n <= 4; n += 1)
      await put(acme, String(n), now + n * minuteMs, n === 2 ? "key:0123456789ab" : undefined);
    const first = await list(acme, 3);
    expect(first).toMatchObject({
      versions: [
        { version: 4, at: new Date(now + 4 * minuteMs).toISOString(), by: "local" },
        { version: 3 },
        { version: 2, by: "key:0123456789ab" },
      ],
      next_cursor: expect.any(String),
    });
    expect(await list(acme, 3, first?.next_cursor)).toEqual({
      versions: [{ version: 1, at: new Date(now + minuteMs).toISOString(), by: "local" }],
    });
    expect(await operations.getEndpointVersion(acme.id, "main", 2)).toEqual({
      partner: acme.id,
      endpoint: "main",
      version: 2,
      at: new Date(now + 2 * minuteMs).toISOString(),
      by: "key:0123456789ab",
      document: documentOf(acme, "2"),
    });
    for (const [id, version] of [
      ["main", 5],
      ["other", 1],
    ] as const)
      expect(await operations.getEndpointVersion(acme.id, id, version)).toBeNull();
    await expect(list(acme, 3, "!")).rejects.toMatchObject({ code: "invalid_request" });
  });

  test("nothing is kept of a change that was refused, and a pause is no change", async () => {
    const { operations, partner } = bench();
    const acme = await partner([]);
    await put(acme, "1", now);
    await expect(put(acme, "{data.x", now)).rejects.toMatchObject({ code: "invalid_template" });
    await operations.resumeEndpoint(acme.id, "main", now);
    expect(await numbers(acme)).toEqual([1]);
  });

  test("restoring makes a new version with the old document, and is checked as any put", async () => {
    const { operations, partner, sql } = bench();
    const acme = await partner([]);
    await put(acme, "1", now);
    await put(acme, "2", now);
    const restored = await operations.restoreEndpointVersion(acme.id, "main", 1, now, { by: "key:1" });
    expect(restored).toMatchObject({ version: 3, url: "https://partner.example/1" });
    expect((await list(acme))?.versions[0]).toMatchObject({ version: 3, by: "key:1" });
    expect(await operations.restoreEndpointVersion(acme.id, "main", 9, now)).toBeNull();
    // What could be stored once may be refused by now.
    await sql.query(
      "update postrider.endpoint_versions v set document = replace(v.document::text, 'https:', 'http:')::json where v.version = 1 and v.endpoint_no = (select e.endpoint_no from postrider.endpoints e where e.partner_no = $1::int)",
      [acme.no],
    );
    await expect(operations.restoreEndpointVersion(acme.id, "main", 1, now)).rejects.toMatchObject({
      code: "invalid_target",
    });
    expect(await numbers(acme)).toEqual([3, 2, 1]);
  });

  test("a version that an older process made, which keeps none, can be read all the same", async () => {
    const { operations, partner, sql } = bench();
    const acme = await partner([]);
    await put(acme, "1", now);
    await sql.query(
      "update postrider.endpoints set version = version + 1, document = replace(document::text, '/1', '/older')::json where partner_no = $1::int",
      [acme.no],
    );
    expect((await list(acme))?.versions).toMatchObject([{ version: 2, by: null }, { version: 1 }]);
    expect(await operations.getEndpointVersion(acme.id, "main", 2)).toMatchObject({
      document: { url: "https://partner.example/older" },
    });
  });

  test("an attempt is read with its event and the document of its version, and the last one without its number", async () => {
    const { operations, partner, event, door, turn, dispatch } = bench();
    const acme = await partner([]);
    await put(acme, "1", now);
    const { event_id } = event(acme);
    await door.accept([event(acme, { event_id, data_text: '{"n": 1.50}' })], now);
    const opened = await turn(acme, now);
    await put(acme, "2", now + minuteMs);
    await dispatch.record([ended(opened, opened.deliveries[0]!, now + 5, 500)], false);
    const { id } = opened.deliveries[0]!;
    const expected = {
      delivery: id,
      n: 1,
      atMs: now + 5,
      status: 500,
      partner: acme.id,
      endpoint: "main",
      endpointVersion: 1,
      document: { url: "https://partner.example/1" },
      latestDocument: { url: "https://partner.example/2" },
      event: {
        eventId: event_id,
        type: `${acme.id}.made`,
        schemaVersion: 1,
        dataText: '{"n": 1.50}',
        acceptedAtMs: now,
      },
    };
    expect(await operations.readAttempt(id, 1)).toMatchObject(expected);
    expect(await operations.readAttempt(id, null)).toMatchObject(expected);
    for (const [delivery, n] of [
      [id, 2],
      ["dlv_1", 1],
      ["00000000-0000-7000-8000-000000000000", null],
    ] as const)
      expect(await operations.readAttempt(delivery, n)).toBeNull();
  });

  /** Upkeep at a later time: the weeks before it are gone, and so is what their deliveries may have used. */
  const keepUp = (at: number) => bench().dispatch.keepUp(at, retention);

  test("versions that no kept attempt can have used are removed, but for the newest twenty", async () => {
    const { partner } = bench();
    const year = 20 * 364 * dayMs;
    const at = now + year;
    await keepUp(at);
    const acme = await partner([]);
    for (let n = 1; n <= 24; n += 1) await put(acme, String(n), at);
    const bolt = await partner([]);
    for (let n = 1; n <= 3; n += 1) await put(bolt, String(n), at);
    await keepUp(at + 90 * dayMs);
    expect(await numbers(acme)).toHaveLength(24);
    await keepUp(at + 105 * dayMs);
    expect(await numbers(acme)).toEqual(Array.from({ length: 20 }, (_, index) => 24 - index));
    expect(await numbers(bolt)).toEqual([3, 2, 1]);
  });

  test("what waits keeps the versions that its attempts used, and a deleted endpoint keeps none in the end", async () => {
    const { partner, operations, sql, enqueue, turn } = bench();
    const at = now + 22 * 364 * dayMs;
    await keepUp(at);
    const acme = await partner([]);
    for (let n = 1; n <= 22; n += 1) await put(acme, String(n), at);
    const [waits] = await enqueue(acme, 1, at);
    expect((await turn(acme, at)).deliveries).toHaveLength(1);
    await keepUp(at + 200 * dayMs);
    expect(await numbers(acme)).toHaveLength(22);
    const kept = async () =>
      (
        await sql.query(
          "select 1 from postrider.endpoint_versions v join postrider.endpoints e on e.endpoint_no = v.endpoint_no where e.partner_no = $1::int",
          [acme.no],
        )
      ).length;
    await operations.deleteEndpoint(acme.id, "main", at + 200 * dayMs);
    expect(await operations.getDelivery(waits!)).toMatchObject({ state: "cancelled" });
    await keepUp(at + 201 * dayMs);
    expect(await kept()).toBe(1);
    await keepUp(at + 310 * dayMs);
    expect(await kept()).toBe(0);
  });

  test("of an endpoint that changes all the time, the newest thousand are kept", async () => {
    const { partner, sql } = bench();
    const acme = await partner([]);
    await put(acme, "1", now);
    await sql.query(
      `insert into postrider.endpoint_versions (endpoint_no, version, document, at)
       select e.endpoint_no, n, e.document, e.updated_at from postrider.endpoints e, generate_series(2, 1100) n where e.partner_no = $1::int`,
      [acme.no],
    );
    await keepUp(now);
    const [row] = await sql.query<{ count: number; oldest: number }>(
      "select count(*)::int as count, min(v.version) as oldest from postrider.endpoint_versions v join postrider.endpoints e on e.endpoint_no = v.endpoint_no where e.partner_no = $1::int",
      [acme.no],
    );
    expect(row).toEqual({ count: 1_000, oldest: 101 });
  });
}
