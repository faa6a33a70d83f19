import { expect, test } from "vitest";
import { endpointDefaults } from "../../core/documents.ts";
import { type Bench, dayMs, suiteNowMs as now } from "./bench.ts";

/** Warnings about endpoints that can be stored but are most likely not what was meant. */
export function warningTests(bench: () => Bench): void {
  const url = (query: string) => `https://partner.example/pb?${query}`;
  const put = (partner: string, id: string, query: string, events: readonly string[]) =>
    bench().operations.putEndpoint(
      partner,
      id,
      { ...endpointDefaults, method: "GET", body: "none", url: url(query), events },
      now,
    );
  const warned = async (partner: string, endpoint: string) =>
    (await bench().operations.endpointWarnings({ partner, endpoint })).warnings.map(({ message }) => message);

  test("a macro that no event of its types had a value for, with the nearest path and what becomes of it", async () => {
    const { partner, event, door } = bench();
    const acme = await partner([]);
    await put(acme.id, "main", "p={data.payuot?}&c={data.click_id!}", [`${acme.id}.*`]);
    expect(await warned(acme.id, "main")).toEqual([]);
    const of = (type: string, data: object, more = {}) =>
      event(acme, { type: `${acme.id}.${type}`, data_text: JSON.stringify(data), ...more });
    const mistyped = (looked: string, had = "had a value") =>
      `${looked} ${had} for {data.payuot}: its place is left out of every postback. Did you mean data.payout?`;
    await door.accept([of("a", { click_id: "c", payout: "1.20" })], now - 20 * dayMs);
    expect(await warned(acme.id, "main")).toEqual([mistyped("The last event of its types", "had no value")]);
    await door.accept([of("b", { click_id: "c" }), of("a", { click_id: "c" })], now);
    expect(await warned(acme.id, "main")).toEqual([mistyped("None of the last 3 events of its types")]);
    // Other types, events for others and very large ones are not looked at.
    const bolt = await partner();
    await door.accept(
      [
        event(acme, { type: "elsewhere.a", data_text: '{"payuot":1}' }),
        of("a", { payuot: 1 }, { partner: bolt.id }),
        of("a", { payuot: 1, much: "x".repeat(9_000) }),
      ],
      now,
    );
    expect(await warned(acme.id, "main")).toEqual([mistyped("None of the last 3 events of its types")]);
    await door.accept([of("b", { payuot: 1 })], now);
    expect(await warned(acme.id, "main")).toEqual([]);
    await put(acme.id, "main", "p={data.clickid!}", [`${acme.id}.b`]);
    expect(await warned(acme.id, "main")).toEqual([
      "None of the last 2 events of its types had a value for {data.clickid}: its deliveries end dead (missing_macro). Did you mean data.click_id?",
    ]);
  });

  test("a credential in clear, with the macro to write and never the credential; none once it is a secret", async () => {
    const { partner, operations } = bench();
    const acme = await partner([]);
    await put(acme.id, "main", "token=0123456789abcdef&c=1", ["*"]);
    const { warnings } = await operations.endpointWarnings({ partner: acme.id, endpoint: "main" });
    expect(warnings).toMatchObject([
      { partner: acme.id, endpoint: "main", code: "open_credential", macro: "secret.token", nearest: null },
    ]);
    expect(warnings[0]!.message).toContain(`postrider secrets set ${acme.id} token`);
    expect(JSON.stringify(warnings)).not.toContain("0123456789abcdef");
    expect((await operations.endpointWarnings()).warnings).toEqual(expect.arrayContaining([warnings[0]]));
    await put(acme.id, "main", "token={secret.token}&c=1", ["*"]);
    const missing = await operations.endpointWarnings({ partner: acme.id });
    expect(missing.warnings).toMatchObject([{ code: "secret_missing", macro: "secret.token" }]);
    await operations.putSecret(acme.id, "token", "0123456789abcdef", now);
    expect((await operations.endpointWarnings({ partner: acme.id })).warnings).toEqual([]);
  });

  test("events that would not be sent because of personal data, by macro, and never the value", async () => {
    const { partner, event, door, operations } = bench();
    const acme = await partner([]);
    await put(acme.id, "main", "s={data.sub1?}&c={data.click_id!}", [`${acme.id}.*`]);
    const of = (data: object) => event(acme, { type: `${acme.id}.a`, data_text: JSON.stringify(data) });
    await door.accept(
      [
        of({ click_id: "c", sub1: "john@partner.example" }),
        of({ click_id: "c", sub1: "jane@partner.example" }),
        of({ click_id: "c", sub1: "x" }),
      ],
      now,
    );
    const { warnings } = await operations.endpointWarnings({ partner: acme.id, endpoint: "main" });
    expect(warnings).toMatchObject([{ code: "personal_data", macro: "data.sub1", nearest: null }]);
    expect(warnings[0]!.message).toMatch(
      /^2 of the last 3 events of its types would not be sent: \{data\.sub1\} /,
    );
    expect(JSON.stringify(warnings)).not.toMatch(/john|jane|partner\.example/);
  });

  test("personal data that stands in a document as it is", async () => {
    const { partner, operations } = bench();
    const acme = await partner([]);
    await put(acme.id, "main", "to=john@other.example&c=1", ["*"]);
    const { warnings } = await operations.endpointWarnings({ partner: acme.id, endpoint: "main" });
    expect(warnings).toMatchObject([{ code: "personal_literal", macro: null }]);
    expect(JSON.stringify(warnings)).not.toContain("john");
  });

  test("JSON text that is written by hand beside a macro; none once it is a node", async () => {
    const { partner, operations } = bench();
    const acme = await partner([]);
    await put(acme.id, "main", 'e={{"v":"{data.v}"}}', ["*"]);
    const { warnings } = await operations.endpointWarnings({ partner: acme.id });
    expect(warnings).toMatchObject([{ code: "handwritten_json", macro: "data.v", nearest: null }]);
    await put(acme.id, "main", "e={data.v}", ["*"]);
    expect((await operations.endpointWarnings({ partner: acme.id })).warnings).toEqual([]);
  });

  test("of a partner, or of all: the living that have data macros", async () => {
    const { partner, event, door, operations } = bench();
    const [acme, bolt] = [await partner(), await partner([])];
    await put(acme.id, "one", "p={data.zzz?}", [`${acme.id}.made`]);
    await put(acme.id, "two", "p={data.zzz?}", ["*"]);
    await put(bolt.id, "main", "p={data.zzz?}", [`${acme.id}.made`]);
    await door.accept([event(acme, { data_text: '{"a":1}' })], now);
    await operations.deleteEndpoint(acme.id, "two", now);
    const ours = await operations.endpointWarnings({ partner: acme.id });
    expect(ours).toMatchObject({
      checked: 1,
      more: false,
      warnings: [{ partner: acme.id, endpoint: "one", macro: "data.zzz", nearest: null }],
    });
    const all = (await operations.endpointWarnings()).warnings.map(
      ({ partner, endpoint }) => `${partner}/${endpoint}`,
    );
    expect(all).toEqual(expect.arrayContaining([`${acme.id}/one`, `${bolt.id}/main`]));
    expect(all).not.toContain(`${acme.id}/two`);
  });
}
