import { parseSecret, publicKeyOf } from "@postrider/protocol";
import { expect, test } from "vitest";
import { endpointDefaults, partnerDefaults } from "../../core/documents.ts";
import { missingKeyNote } from "../../core/missing-key.ts";
import { createDispatchLedger } from "../../ledger/dispatch-ledger.ts";
import { createOperations } from "../../ledger/operations/index.ts";
import { createSeal } from "../../ledger/seal.ts";
import { type Bench, dayMs, minuteMs, suiteNowMs as now } from "./bench.ts";

const document = { ...endpointDefaults, url: "https://partner.example/pb", body: "envelope" as const };

/** Signing keys: made, brought along, rotated, missing, sealed again. */
export function keyTests(bench: () => Bench): void {
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
    const { operations, partner, dispatch, sql } = bench();
    const acme = await partner(["main", "other", "gone"]);
    await sql.query("delete from postrider.signing_keys where partner_no = $1::int", [acme.no]);
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

  test("a pause for a missing key that comes after the key is none; a Retry-After is", async () => {
    const { operations, partner, dispatch } = bench();
    const acme = await partner();
    const { endpointNo } = (await dispatch.locate(acme.id, "main"))!;
    const state = async () => (await operations.getEndpoint(acme.id, "main", now))!.state;
    await dispatch.hold([{ endpointNo, untilMs: null, note: missingKeyNote("v1") }]);
    expect(await state()).toBe("active");
    await dispatch.hold([{ endpointNo, untilMs: now + minuteMs, note: "The partner asked to wait." }]);
    expect(await state()).toBe("held");
    await dispatch.hold([{ endpointNo, untilMs: null, note: missingKeyNote("v1a") }]);
    expect(await state()).toBe("paused");
  });

  test("nor is one that meets a rotation under way", async () => {
    const { partner, dispatch, operations, sql } = bench();
    // One connection alone has nothing under way beside it.
    if (!sql.capabilities.shared) return;
    const acme = await partner();
    const { endpointNo } = (await dispatch.locate(acme.id, "main"))!;
    let paused = Promise.resolve();
    await sql.transaction(async (tx) => {
      await tx.query(
        "update postrider.partners set version = postrider.next_version(version) where partner_no = $1::int",
        [acme.no],
      );
      await tx.query(
        `insert into postrider.signing_keys (partner_no, scheme, sealed, created_at)
         select partner_no, 'v1a', sealed, created_at from postrider.signing_keys where partner_no = $1::int`,
        [acme.no],
      );
      paused = dispatch.hold([{ endpointNo, untilMs: null, note: missingKeyNote("v1a") }]);
      // It has seen that there is no key, or waits for the rotation.
      await Promise.race([paused, sql.query("select pg_sleep(0.2)")]);
    });
    await paused;
    expect((await operations.getEndpoint(acme.id, "main", now))!.state).toBe("active");
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
    ["v1", (fill: number) => `whsec_${Buffer.alloc(24, fill).toString("base64")}`],
    ["v1a", (fill: number) => `whsk_${Buffer.alloc(32, fill).toString("base64")}`],
  ] as const)(
    "a %s secret is stored once: given again it is refused, or goes on where it was to retire",
    async (scheme, secretOf) => {
      const { operations, partner, dispatch } = bench();
      const acme = await partner();
      const rotate = (fill: number) =>
        operations.rotateSecret(acme.id, { scheme, overlapMs: dayMs, secret: secretOf(fill) }, now);
      const keys = async () =>
        (await dispatch.settings([acme.no], now))[0]!.keys
          .filter((key) => key.scheme === scheme)
          .map(({ secretText, retiresAtMs }) => [secretText, retiresAtMs])
          .slice(0, 2);
      await rotate(1);
      const before = await operations.listKeys(acme.id, now);
      await expect(rotate(1)).rejects.toMatchObject({
        code: "invalid_secret",
        message: `The partner ${acme.id} signs with this ${scheme} secret already.`,
        issues: [{ path: "signing_secret" }],
      });
      expect(await operations.listKeys(acme.id, now)).toEqual(before);
      await rotate(2);
      expect(await keys()).toEqual([
        [secretOf(2), null],
        [secretOf(1), now + dayMs],
      ]);
      await rotate(1);
      expect(await keys()).toEqual([
        [secretOf(1), null],
        [secretOf(2), now + dayMs],
      ]);
      expect(await operations.listKeys(acme.id, now)).toHaveLength(before.length + 1);
    },
  );

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
      (await under(...keys).dispatch.settings([acme.no], now))[0]!.keys[0]?.secretText;
    const [unreadable] = await under(newKey).dispatch.settings([acme.no], now);
    expect(unreadable).toMatchObject({
      keys: [],
      unreadable: { keyId: expect.stringMatching(/^[0-9a-f]{8}$/), error: { code: "secret_unreadable" } },
    });
    await expect(under(newKey).operations.resealSecrets()).rejects.toMatchObject({
      code: "secret_unreadable",
      message: expect.stringMatching(
        /^The ledger was sealed with another master key \(key id [0-9a-f]{8}\)\.$/,
      ),
      hint: expect.stringContaining("POSTRIDER_MASTER_KEY"),
    });
    const zulu = await partner();
    await under(newKey).operations.rotateSecret(zulu.id, { scheme: "v1", overlapMs: 0 }, now);
    await expect(under(newKey).operations.resealSecrets()).rejects.toMatchObject({
      message: expect.stringMatching(
        /^2 of the ledger's 3 signing keys and secrets were sealed with a master key that is not given/,
      ),
    });
    await sql.query("delete from postrider.signing_keys where partner_no = $1::int", [zulu.no]);
    expect(await secret(newKey, oldKey)).toBe(rotated?.signingSecret);
    // A process that runs with the old key alone could not open what the new one seals.
    const running = under(oldKey).dispatch;
    await sql.query(
      `insert into postrider.processes (id, name, started_at, seen_at)
       values ('00000000-0000-4000-8000-000000000001', 'old', clock_timestamp(), clock_timestamp() + interval '1 minute')`,
    );
    await sql.query(
      `insert into postrider.process_settings (process, key_ids, allow_targets, declared_at)
       values ('00000000-0000-4000-8000-000000000001', $1::text::text[], '{}', clock_timestamp())`,
      [`{${unreadable!.unreadable!.keyId}}`],
    );
    expect(await under(newKey, oldKey).operations.resealSecrets()).toEqual({ sealed: 0, left: 1 });
    expect((await running.settings([acme.no], now))[0]).not.toHaveProperty("unreadable");
    await sql.query("delete from postrider.processes where name = 'old'");
    expect(await under(newKey, oldKey).operations.resealSecrets()).toEqual({ sealed: 1, left: 0 });
    expect(await under(newKey, oldKey).operations.resealSecrets()).toEqual({ sealed: 0, left: 0 });
    expect(await secret(newKey)).toBe(rotated?.signingSecret);
    // Bound to its partner: on another partner's row it does not open.
    const bolt = await partner();
    await sql.query("delete from postrider.signing_keys where partner_no = $1::int", [bolt.no]);
    await sql.query("update postrider.signing_keys k set partner_no = $1::int where partner_no = $2::int", [
      bolt.no,
      acme.no,
    ]);
    expect((await under(newKey).dispatch.settings([bolt.no], now))[0]?.unreadable).toMatchObject({
      keyId: null,
      error: { code: "secret_unreadable" },
    });
    await operations.deletePartner(bolt.id, now);
  });
}
