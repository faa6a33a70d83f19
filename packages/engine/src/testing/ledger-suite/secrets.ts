import { expect, test } from "vitest";
import { endpointDefaults, partnerDefaults } from "../../core/documents.ts";
import { lackNote } from "../../core/lack.ts";
import { createDispatchLedger } from "../../ledger/dispatch-ledger.ts";
import { createOperations } from "../../ledger/operations/index.ts";
import { createSeal } from "../../ledger/seal.ts";
import { type Bench, minuteMs, suiteNowMs as now } from "./bench.ts";

const document = {
  ...endpointDefaults,
  method: "GET" as const,
  body: "none" as const,
  url: "https://partner.example/pb?t={secret.token}",
};
const value = "s3cret/value+1";
const iso = (ms: number) => new Date(ms).toISOString();

/** Secrets and constants of a partner: set, listed, removed, missing, sealed again. */
export function secretTests(bench: () => Bench): void {
  const settingsOf = async (no: number) => (await bench().dispatch.settings([no], now))[0]!;
  const hold = async (partner: string, endpoint: string, note: string) => {
    const { dispatch } = bench();
    const { endpointNo } = (await dispatch.locate(partner, endpoint))!;
    await dispatch.hold([{ endpointNo, untilMs: null, note }]);
  };

  test("a secret is set, given to dispatch under a new version, changed, listed without its value, removed", async () => {
    const { operations, partner } = bench();
    const acme = await partner([]);
    const before = await settingsOf(acme.no);
    expect(before).not.toHaveProperty("secrets");
    expect(await operations.putSecret(acme.id, "token", value, now)).toEqual({
      secret: { name: "token", set_at: iso(now), endpoints: [] },
      created: true,
    });
    const after = await settingsOf(acme.no);
    expect(after.secrets).toEqual(new Map([["token", value]]));
    expect(after.version).toBeGreaterThan(before.version);
    const again = await operations.putSecret(acme.id, "token", "another value", now + minuteMs);
    expect(again).toMatchObject({ created: false, secret: { set_at: iso(now + minuteMs) } });
    expect((await settingsOf(acme.no)).secrets).toEqual(new Map([["token", "another value"]]));
    await operations.putSecret(acme.id, "key", value, now);
    const listed = await operations.listSecrets(acme.id);
    expect(listed).toEqual([
      { name: "key", set_at: iso(now), endpoints: [] },
      { name: "token", set_at: iso(now + minuteMs), endpoints: [] },
    ]);
    expect(await operations.deleteSecret(acme.id, "token")).toBe(true);
    expect(await operations.deleteSecret(acme.id, "token")).toBe(false);
    expect((await settingsOf(acme.no)).secrets).toEqual(new Map([["key", value]]));
    for (const missing of [
      await operations.putSecret("nobody", "token", value, now),
      await operations.listSecrets("nobody"),
      await operations.deleteSecret("nobody", "token"),
    ])
      expect(missing).toBeNull();
  });

  test("a secret that an endpoint uses is not removed; one that was never set is listed as such", async () => {
    const { operations, partner } = bench();
    const acme = await partner([]);
    expect((await operations.putEndpoint(acme.id, "main", document, now))?.created).toBe(true);
    const url = "https://partner.example/pb?t=x{{secret.token}}&u={secret.user}";
    const literal = { ...document, literal: true, url };
    await operations.putEndpoint(acme.id, "other", literal, now);
    expect(await operations.listSecrets(acme.id)).toEqual([
      { name: "token", set_at: null, endpoints: ["main"] },
      { name: "user", set_at: null, endpoints: ["other"] },
    ]);
    await operations.putSecret(acme.id, "token", value, now);
    await expect(operations.deleteSecret(acme.id, "token")).rejects.toMatchObject({
      code: "secret_in_use",
      message: expect.stringContaining("main"),
    });
    expect((await settingsOf(acme.no)).secrets?.size).toBe(1);
    await operations.deleteEndpoint(acme.id, "main", now);
    expect(await operations.deleteSecret(acme.id, "token")).toBe(true);
  });

  test("a secret that only signs, as the argument of a filter, is in use too", async () => {
    const { operations, partner } = bench();
    const acme = await partner([]);
    const url = 'https://partner.example/pb?s={event_id|hmac:"sha256",secret.key|hex}';
    await operations.putEndpoint(acme.id, "main", { ...document, url }, now);
    expect(await operations.listSecrets(acme.id)).toEqual([
      { name: "key", set_at: null, endpoints: ["main"] },
    ]);
    expect((await operations.endpointWarnings({ partner: acme.id })).warnings).toMatchObject([
      { code: "secret_missing", macro: "secret.key" },
    ]);
    await operations.putSecret(acme.id, "key", value, now);
    await expect(operations.deleteSecret(acme.id, "key")).rejects.toMatchObject({ code: "secret_in_use" });
  });

  test("a partner has at most 50 secrets; one that is there can still be changed", async () => {
    const { operations, partner } = bench();
    const acme = await partner([]);
    for (let n = 0; n < 50; n++) await operations.putSecret(acme.id, `key_${n}`, value, now);
    await expect(operations.putSecret(acme.id, "one_more", value, now)).rejects.toMatchObject({
      code: "too_many_secrets",
    });
    expect((await operations.putSecret(acme.id, "key_7", value, now))?.created).toBe(false);
  });

  test("an endpoint that is paused for a missing secret goes on with that secret, or with another document", async () => {
    const { operations, partner } = bench();
    const acme = await partner(["main", "other", "gone"]);
    const states = async () =>
      (await operations.listEndpoints(acme.id, now))!.map(({ id, state, note }) => [id, state, note]);
    const [token, user] = (["token", "user"] as const).map((name) => lackNote({ kind: "secret", name }));
    await hold(acme.id, "main", token!);
    await hold(acme.id, "other", user!);
    await hold(acme.id, "gone", "status 410");
    await operations.putSecret(acme.id, "token", value, now);
    expect(await states()).toEqual([
      ["gone", "paused", "status 410"],
      ["main", "active", null],
      ["other", "paused", user],
    ]);
    const { url } = (await operations.getEndpoint(acme.id, "other", now))!;
    for (const id of ["other", "gone"])
      await operations.putEndpoint(acme.id, id, { ...endpointDefaults, body: "envelope", url }, now);
    expect(await states()).toEqual([
      ["gone", "paused", "status 410"],
      ["main", "active", null],
      ["other", "active", null],
    ]);
    // It comes after the secret: nothing would end it.
    await hold(acme.id, "main", token!);
    expect((await operations.getEndpoint(acme.id, "main", now))!.state).toBe("active");
  });

  test("constants are a part of the partner; an endpoint that names an unknown one is refused, with the nearest", async () => {
    const { operations, partner } = bench();
    const acme = await partner([]);
    const url = "https://partner.example/pb?c={const.curency}";
    const put = () => operations.putEndpoint(acme.id, "main", { ...document, url }, now);
    const constants = (texts: Record<string, string>) =>
      operations.putPartner(acme.id, { name: "Acme", ...partnerDefaults, constants: texts }, now);
    await constants({ currency: "EUR", network: "7" });
    await expect(put()).rejects.toMatchObject({
      code: "invalid_template",
      issues: [
        { code: "unknown_constant", path: "url", message: expect.stringContaining("{const.currency}") },
      ],
    });
    await constants({ curency: "EUR" });
    expect((await put())?.created).toBe(true);
    expect((await settingsOf(acme.no)).constants).toEqual({ curency: "EUR" });
    expect((await operations.getPartner(acme.id))?.constants).toEqual({ curency: "EUR" });
  });

  test("an endpoint that is paused for a missing constant goes on as soon as the partner has it", async () => {
    const { operations, partner } = bench();
    const acme = await partner();
    const note = lackNote({ kind: "constant", name: "currency" });
    const constants = (texts: Record<string, string>) =>
      operations.putPartner(acme.id, { name: "Acme", ...partnerDefaults, constants: texts }, now);
    const state = async () => (await operations.getEndpoint(acme.id, "main", now))!.state;
    await hold(acme.id, "main", note);
    await constants({ network: "7" });
    expect(await state()).toBe("paused");
    await constants({ currency: "EUR" });
    expect(await state()).toBe("active");
    await hold(acme.id, "main", note);
    expect(await state()).toBe("active");
  });

  test("a deleted partner leaves no secret behind", async () => {
    const { operations, partner, sql } = bench();
    const acme = await partner([]);
    await operations.putSecret(acme.id, "token", value, now);
    await operations.deletePartner(acme.id, now);
    expect(
      await sql.query("select 1 from postrider.partner_secrets where partner_no = $1::int", [acme.no]),
    ).toEqual([]);
  });

  test("a secret is sealed again with the newest master key, and opens for no other partner and no other name", async () => {
    const { sql, partner, operations } = bench();
    const acme = await partner([]);
    const [oldKey, newKey] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const under = (...keys: Uint8Array[]) => {
      const seal = createSeal(keys);
      return {
        operations: createOperations(sql, seal, { allowedTargets: new Set() }),
        settings: async () => (await createDispatchLedger(sql, seal).settings([acme.no], now))[0]!,
      };
    };
    await sql.query("delete from postrider.signing_keys");
    await sql.query("delete from postrider.partner_secrets");
    await under(oldKey).operations.putSecret(acme.id, "token", value, now);
    expect(await under(newKey).settings()).toMatchObject({
      keys: [],
      unreadable: { keyId: expect.stringMatching(/^[0-9a-f]{8}$/), error: { code: "secret_unreadable" } },
    });
    await expect(under(newKey).operations.resealSecrets()).rejects.toMatchObject({
      code: "secret_unreadable",
      hint: expect.stringContaining("POSTRIDER_MASTER_KEY"),
    });
    expect(await under(newKey, oldKey).operations.resealSecrets()).toEqual({ sealed: 1, left: 0 });
    expect((await under(newKey).settings()).secrets?.get("token")).toBe(value);
    await sql.query("update postrider.partner_secrets set name = 'renamed' where partner_no = $1::int", [
      acme.no,
    ]);
    expect((await under(newKey).settings()).unreadable).toMatchObject({ keyId: null });
    await sql.query("update postrider.partner_secrets set name = 'token' where partner_no = $1::int", [
      acme.no,
    ]);
    const bolt = await partner([]);
    await sql.query("update postrider.partner_secrets set partner_no = $1::int", [bolt.no]);
    const moved = await createDispatchLedger(sql, createSeal([newKey])).settings([bolt.no], now);
    expect(moved[0]?.unreadable).toMatchObject({ error: { code: "secret_unreadable" } });
    await operations.deletePartner(bolt.id, now);
  });

  test("no table has the value in clear", async () => {
    const { operations, partner, sql } = bench();
    const acme = await partner([]);
    await operations.putSecret(acme.id, "token", value, now);
    const tables = await sql.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'postrider' and table_type = 'BASE TABLE'",
    );
    for (const { name } of tables) {
      const rows = await sql.query<{ row: string }>(`select t::text as row from postrider.${name} t`);
      for (const { row } of rows) {
        expect(row).not.toContain(value);
        expect(row).not.toContain(Buffer.from(value).toString("hex"));
      }
    }
  });
}
