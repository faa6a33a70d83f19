import { expect, test } from "vitest";
import { endpointDefaults } from "../../core/documents.ts";
import { compileTemplate } from "../../core/template/index.ts";
import { type Bench, suiteNowMs as now } from "./bench.ts";

const url = "https://partner.example/pb?c=[CLICK_ID]&amp;p=%7Bpayout%7D";
const document = {
  ...endpointDefaults,
  url,
  headers: { "x-key": "YOUR_TOKEN" },
  body: { click: "__CALLBACK__" },
} as const;

/** Templates that look as if they were pasted from another platform's page. */
export function pastedTests(bench: () => Bench): void {
  test("a new document with another platform's macros is refused, unless it is literal", async () => {
    const { operations, partner } = bench();
    const acme = await partner([]);
    const put = (more: object) => operations.putEndpoint(acme.id, "main", { ...document, ...more }, now);
    await expect(put({})).rejects.toMatchObject({
      code: "invalid_template",
      issues: [
        { path: "url", position: 29, code: "foreign_macro" },
        { path: "url", position: 39, code: "html_entity" },
        { path: "url", position: 46, code: "foreign_macro" },
        { path: "headers.x-key", position: 0, code: "placeholder" },
        { path: "body.click", position: 0, code: "foreign_macro" },
      ],
    });
    expect(await operations.listEndpoints(acme.id, now)).toEqual([]);
    expect(await put({ literal: true })).toMatchObject({ created: true, endpoint: { url, literal: true } });
    await expect(put({ literal: false })).rejects.toMatchObject({ code: "invalid_template" });
  });

  test("a document that was stored before goes on, and can be changed as long as its requests stay", async () => {
    const { operations, partner, dispatch, sql } = bench();
    const acme = await partner();
    const { literal: _, ...old } = document;
    await sql.query("update postrider.endpoints set document = $2::text::json where partner_no = $1::int", [
      acme.no,
      JSON.stringify(old),
    ]);
    const [settings] = await dispatch.settings([acme.no], now);
    const stored = settings!.endpoints[0]!.document;
    expect(stored).toEqual(document);
    expect(compileTemplate(stored).ok).toBe(true);
    const put = (more: object) => operations.putEndpoint(acme.id, "main", { ...stored, ...more }, now);
    expect((await put({ enabled: false, timeout: "3s" }))?.endpoint).toMatchObject({
      state: "disabled",
      url,
    });
    const params = { a: "1" };
    for (const more of [
      { parameters: [{ params }] },
      { url: `${url}&x=1` },
      { headers: {} },
      { body: { click: "__CALLBACK__", a: 1 } },
    ])
      await expect(put(more)).rejects.toMatchObject({ code: "invalid_template" });
    expect((await put({ url: "https://partner.example/", headers: {}, body: "none" }))?.created).toBe(false);
  });
}
