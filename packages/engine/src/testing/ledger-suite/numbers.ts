import { describe, expect, test } from "vitest";
import { partnerDefaults } from "../../core/documents.ts";
import { type Bench, suiteNowMs as now } from "./bench.ts";

/** Counters come to their end one day: what exists already uses up none of them, and the end has words. */
export function numberTests(bench: () => Bench): void {
  const counters = async (): Promise<ReadonlyMap<string, string | null>> => {
    const rows = await bench().sql.query<{ name: string; last: string | null }>(
      "select sequencename as name, last_value::text as last from pg_sequences where schemaname = 'postrider'",
    );
    return new Map(rows.map(({ name, last }) => [name, last]));
  };
  const putPartner = (id: string) => bench().operations.putPartner(id, { name: id, ...partnerDefaults }, now);
  const rotate = (id: string) => bench().operations.rotateSecret(id, { overlapMs: 0, scheme: "v1" }, now);

  test("saving what exists uses up no number", async () => {
    const { partner, endpoint, operations, turn, enqueue, finishAll } = bench();
    const acme = await partner();
    await enqueue(acme, 2);
    const before = await counters();
    for (let n = 0; n < 3; n++) {
      expect((await putPartner(acme.id)).created).toBe(false);
      expect((await endpoint(acme.id, "main"))?.created).toBe(false);
      await operations.setPartnerState(acme.id, "active", now);
      await operations.resumeEndpoint(acme.id, "main", now);
      await expect(
        operations.putPartner(acme.id, { name: "x", ...partnerDefaults }, now, {
          secret: `whsec_${Buffer.alloc(32, n).toString("base64")}`,
        }),
      ).rejects.toMatchObject({ code: "invalid_request" });
    }
    await turn(acme, now);
    await finishAll(acme, now);
    expect(await counters()).toEqual(before);
  });

  test("a partner that many make in the same moment is made once, and all of them are answered", async () => {
    const id = bench().name("partner");
    const answers = await Promise.all(Array.from({ length: 12 }, () => putPartner(id)));
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(answers.filter(({ signingSecret }) => signingSecret !== null)).toHaveLength(1);
    expect(await bench().operations.listKeys(id, now)).toHaveLength(1);
  });

  test("a partner that is deleted and saved in the same moment is answered", async () => {
    const id = bench().name("partner");
    await putPartner(id);
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        if (n % 2 === 0) await bench().operations.deletePartner(id, now);
        else await putPartner(id);
      }),
    );
    expect((await putPartner(id)).partner.id).toBe(id);
  });

  /** What takes a number of each counter, and what goes on at its end. A new counter must be named here. */
  const uses: Readonly<
    Record<
      string,
      { readonly takes: (id: string) => Promise<unknown>; readonly goesOn: (id: string) => Promise<unknown> }
    >
  > = {
    "partners.partner_no": { takes: () => putPartner(bench().name("partner")), goesOn: putPartner },
    "endpoints.endpoint_no": {
      takes: (id) => bench().endpoint(id, "another"),
      goesOn: (id) => bench().endpoint(id, "main"),
    },
    "signing_keys.key_no": { takes: rotate, goesOn: putPartner },
    event_order: {
      takes: (id) =>
        bench().door.accept([{ event_id: bench().name("event"), type: `${id}.made`, order_key: "k" }], now),
      goesOn: (id) => bench().door.accept([{ event_id: bench().name("event"), type: `${id}.made` }], now),
    },
  };

  describe("a counter at its end", () => {
    test("is known for each counter of the schema", async () => {
      const names = (await bench().operations.numbers()).map(({ name }) => name);
      expect(names.toSorted()).toEqual(Object.keys(uses).toSorted());
    });

    test.each(Object.keys(uses))(
      "%s: is told before, has a code of its own, and what exists goes on",
      async (counter) => {
        const { sql, operations, partner } = bench();
        const acme = await partner();
        const [table, column] = counter.split(".") as [string, string | undefined];
        const sequence = column === undefined ? `postrider.${table}` : `postrider.${table}_${column}_seq`;
        const [last] = await sql.query<{ value: string; most: string }>(
          `select s.last_value::text as value, q.max_value::text as most from ${sequence} s, pg_sequences q
          where format('%I.%I', q.schemaname, q.sequencename) = $1`,
          [sequence],
        );
        const set = (value: string) => sql.query(`select setval('${sequence}', $1::bigint)`, [value]);
        const usedOf = async () =>
          (await operations.numbers()).find(({ name }) => name === counter)?.used ?? Number.NaN;
        try {
          await set(String((BigInt(last!.most) * 81n) / 100n));
          expect(await usedOf()).toBeCloseTo(0.81, 4);
          await set(last!.most);
          expect(await usedOf()).toBe(1);
          await expect(uses[counter]!.takes(acme.id)).rejects.toMatchObject({
            code: "numbers_exhausted",
            status: 507,
            hint: expect.stringContaining("Numbers that run out"),
          });
          await uses[counter]!.goesOn(acme.id);
        } finally {
          await set(last!.value);
        }
        await uses[counter]!.takes(acme.id);
      },
    );
  });
}
