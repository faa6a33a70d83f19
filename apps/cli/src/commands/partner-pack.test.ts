import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verify } from "@postrider/receiver";
import { afterAll, describe, expect, it } from "vitest";
import { aPartner, anEndpoint } from "../testing/documents.ts";
import { startPartner } from "../testing/partner-endpoint.ts";
import { runCli, testNowMs } from "../testing/run-cli.ts";

const root = mkdtempSync(join(tmpdir(), "postrider-pack-"));
afterAll(() => rmSync(root, { recursive: true }));

const hostile = `<script>alert(1)</script> | \`x\` [a](javascript:b) "q' &amp;`;
const key = {
  id: "k1",
  scheme: "v1",
  public_key: null,
  created_at: "2026-01-31T09:00:00Z",
  retires_at: null,
};
const routes = (endpoint = anEndpoint(), partner = aPartner()) => ({
  "GET /v1/partners/acme": { body: partner },
  "GET /v1/partners/acme/keys": { body: { keys: [key] } },
  "GET /v1/partners/acme/endpoints": { body: { endpoints: [endpoint] } },
});

let packs = 0;
async function pack(args: readonly string[] = [], given = routes()) {
  const folder = join(root, `pack${(packs += 1)}`);
  const run = await runCli(["partner-pack", "acme", "--out", folder, ...args], { routes: given, cwd: root });
  const read = (path: string): string => readFileSync(join(folder, path), "utf8");
  return { run, folder, read };
}

describe("partner-pack", () => {
  it.each([
    [
      "full",
      "in the first table each wait is drawn at random between nothing and the one shown, in the second between half and all",
    ],
    ["equal", "latest ones: each wait is drawn at random between half and all"],
    ["none", "The waits are exact."],
  ] as const)("says how the waits are spread: %s", async (jitter, words) => {
    const { read } = await pack([], routes(anEndpoint({ retry: { ...anEndpoint().retry, jitter } })));
    expect(read("README.md").replaceAll("\\", "")).toContain(words);
  });

  it("writes page, samples, code and scripts", async () => {
    const { run, folder, read } = await pack();
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(folder).sort()).toEqual([
      "README.html",
      "README.md",
      "samples",
      "send-test.sh",
      "test-secret.txt",
      "verify",
    ]);
    expect(readdirSync(join(folder, "verify"))).toHaveLength(8);
    expect(statSync(join(folder, "send-test.sh")).mode & 0o111).toBeTruthy();
    for (const page of [read("README.md"), read("README.html")].map((text) => text.replaceAll("\\", ""))) {
      for (const words of [
        "Postbacks for Acme",
        "POST https://acme.example/postback",
        "x-source",
        "webhook-id",
        "begins with ",
        "Postrider/",
        "80h",
        "1m 5s",
        "postrider conformance",
        "conversion.approved",
        read("test-secret.txt").trim(),
      ])
        expect(page).toContain(words);
    }
  });

  it("signs its example so that it verifies at the time it was made", async () => {
    const { read } = await pack();
    const [, id, timestamp, signature, file] =
      /'webhook-id: (.+?)'[^]*'webhook-timestamp: (.+?)'[^]*'webhook-signature: (.+?)'[^]*'@(.+?)'/.exec(
        read("README.md"),
      ) ?? [];
    const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
    const options = { secrets: read("test-secret.txt").trim(), now: new Date(testNowMs) };
    expect(await verify(readFileSync(join(root, `pack${packs}`, file!)), headers, options)).toMatchObject({
      id,
    });
  });

  it("has a script whose requests verify", async () => {
    const { folder, read } = await pack();
    await using partner = await startPartner(async () => ({ status: 204 }));
    const { spawn } = await import("node:child_process");
    const script = spawn(
      "./send-test.sh",
      ["test-secret.txt", partner.url, "samples/conversion.approved.v1.json", "mine"],
      { cwd: folder },
    );
    expect(await new Promise((resolve) => script.on("close", resolve))).toBe(0);
    const [{ headers, body }] = partner.received as [(typeof partner.received)[0]];
    expect(await verify(body, headers, { secrets: read("test-secret.txt").trim() })).toMatchObject({
      id: "mine",
    });
    expect(body.toString()).toBe(read("samples/conversion.approved.v1.json"));
  });

  it("makes another test secret each time", async () => {
    const [one, two] = [await pack(), await pack()];
    expect(one.read("test-secret.txt")).not.toBe(two.read("test-secret.txt"));
  });

  it("shows a sample for each type and version the partner is subscribed to, and given ones", async () => {
    const schema = {
      type: "object",
      properties: {
        payout: { type: "number", examples: [3.5] },
        at: { type: "string", format: "date-time" },
      },
    };
    writeFileSync(
      join(root, "catalogue.json"),
      JSON.stringify({ "conversion.made": { 1: schema, 2: schema }, "internal.secret": { 1: schema } }),
    );
    writeFileSync(join(root, "event.json"), '{"type":"sale","data":{"a":1}}');
    const { folder, read } = await pack(["--catalogue", "catalogue.json", "--sample", "event.json"]);
    expect(readdirSync(join(folder, "samples")).sort()).toEqual([
      "conversion.made.v1.json",
      "conversion.made.v2.json",
      "sale.v1.json",
    ]);
    expect(JSON.parse(read("samples/conversion.made.v2.json"))).toMatchObject({
      type: "conversion.made",
      schema_version: 2,
      data: { payout: 3.5, at: "2026-01-31T10:00:00Z" },
    });
    expect(read("README.md")).not.toContain("internal.secret");
  });

  it("leaves out what looks like a credential", async () => {
    const endpoint = anEndpoint({
      url: "https://user:hunter2@acme.example/pb?token=t0psecret&cid={data.click_id!}&access_key={data.key}",
      headers: { authorization: "Bearer hunter3", "x-source": "postrider" },
    });
    const { read } = await pack([], routes(endpoint));
    for (const page of [read("README.md"), read("README.html")]) expect(page).not.toMatch(/hunter|t0psecret/);
    expect(read("README.html")).toContain(
      "https://acme.example/pb?token=…&amp;cid={data.click_id!}&amp;access_key={data.key}",
    );
  });

  it("shows hostile texts, and obeys none", async () => {
    const endpoint = anEndpoint({
      headers: { "x-note": hostile },
      url: "https://acme.example/it's'; rm -rf ~",
    });
    writeFileSync(
      join(root, "hostile.json"),
      JSON.stringify({ type: `../../${hostile}`, data: { hostile, fence: "```\n# x" } }),
    );
    const { folder, read } = await pack(
      ["--sample", "hostile.json"],
      routes(endpoint, aPartner({ name: hostile })),
    );
    expect(read("README.html").toLowerCase()).not.toMatch(/<script|<a href="javascript/);
    expect(read("README.html")).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    const outsideCode = read("README.md").replaceAll(/^(`{3,})[^]*?^\1$/gm, "");
    expect(outsideCode).toContain(String.raw`\<script\>`);
    expect(outsideCode).not.toContain("<script>");
    expect(readdirSync(join(folder, "samples"))).toEqual([expect.stringMatching(/^_[\w.-]+\.v1\.json$/)]);
    const line = /^URL=.*$/m.exec(read("README.md"))?.[0] ?? "";
    const said = execFileSync("bash", ["-c", `${line}; printf %s "$URL"`], { encoding: "utf8" });
    expect(said).toBe(endpoint.url);
  });

  it.each([
    ["a folder that holds something", ["--out", "."], "is not empty"],
    ["a catalogue of another form", ["--catalogue", "bad.json"], "versions from 1"],
    ["a sample without a type", ["--sample", "typeless.json"], "needs a type"],
  ])("refuses %s with 2", async (_name, args, message) => {
    writeFileSync(join(root, "bad.json"), '{"a":{"x":{}}}');
    writeFileSync(join(root, "typeless.json"), "{}");
    const { run } = await pack(args);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(message);
  });

  it("exits 4 for a partner that is not there", async () => {
    const run = await runCli(["partner-pack", "nobody", "--out", join(root, "never")]);
    expect(run.code).toBe(4);
    expect(readdirSync(root)).not.toContain("never");
  });
});
