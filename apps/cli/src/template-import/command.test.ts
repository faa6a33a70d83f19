import { describe, expect, it } from "vitest";
import { anEndpoint } from "../testing/documents.ts";
import { runCli, type RunOptions } from "../testing/run-cli.ts";

const place = "/v1/partners/acme/endpoints/main";
const absent = { status: 404, body: { error: { code: "not_found", message: "none" } } };
const routes = {
  [`GET ${place}`]: absent,
  [`PUT ${place}`]: { status: 201, body: anEndpoint({ version: 1 }) },
};
const at = "https://t.example/pb?";
const run = (text: string, flags: readonly string[] = [], options: RunOptions = {}) =>
  runCli(["endpoints", "import", "acme", "main", text, ...flags], { routes, ...options });

describe("endpoints import", () => {
  it("translates, reports and stores", async () => {
    const { code, stdout, calls } = await run(`${at}cid=[CLICK_ID]&amp;p=[PAYOUT]&k=1`, [
      "--event",
      "conversion.*",
    ]);
    expect(code).toBe(0);
    const url = `${at}cid={data.click_id}&p={data.payout}&k=1`;
    expect(calls.map(({ method }) => method)).toEqual(["GET", "PUT"]);
    expect(JSON.parse(calls[1]!.body)).toEqual({ method: "GET", url, events: ["conversion.*"] });
    expect(stdout).toBe(
      [
        `from  ${at}cid=[CLICK_ID]&amp;p=[PAYOUT]&k=1`,
        `to    ${url}`,
        "",
        "WHAT       FOUND       WRITTEN          PARAMETER  WHY",
        "put right  &amp;       &                -          lost in copying",
        "mapped     [CLICK_ID]  {data.click_id}  cid        by its name",
        "mapped     [PAYOUT]    {data.payout}    p          by its name",
        "",
        "Stored as acme/main, version 1. Try it: postrider endpoints test acme main",
        "",
      ].join("\n"),
    );
  });

  it("stores nothing while a macro is left, and says which flags would help", async () => {
    const { code, stdout, calls } = await run(`${at}a=[FOO]&k=YOUR_KEY&n=YOUR_ACCOUNT_ID`);
    expect([code, calls]).toEqual([1, []]);
    expect(stdout).toContain(
      "3 macros left without a meaning. Say what each stands for: --map FOO=data.foo --map YOUR_KEY=secret.key --fill YOUR_ACCOUNT_ID=…",
    );
    const said = await run(`${at}a=[FOO]&n=YOUR_ACCOUNT_ID`, [
      "--map",
      "foo=data.foo!",
      "--fill",
      "YOUR_ACCOUNT_ID=47=11",
    ]);
    expect(said.code).toBe(0);
    expect(JSON.parse(said.calls[1]!.body)).toMatchObject({ url: `${at}a={data.foo!}&n=47%3D11` });
  });

  it("stores what was guessed only if somebody says that it is right", async () => {
    const text = `${at}c=#s2#&p=#price#`;
    const guessed = await run(text);
    expect([guessed.code, guessed.calls]).toEqual([1, []]);
    expect(guessed.stdout).toContain("--map 's2=data.sub2' --map 'price=data.payout'");
    const url = `${at}c={data.sub2}&p={data.payout}`;
    for (const flags of [["--accept-guesses"], ["--map", "s2=data.sub2", "--map", "price=data.payout"]]) {
      const { code, calls } = await run(text, flags);
      expect([code, JSON.parse(calls[1]!.body)]).toEqual([0, { method: "GET", url }]);
    }
  });

  it("says what is left and what is guessed at once", async () => {
    const { stdout } = await run(`${at}a=[FOO]&p=#price#`);
    expect(stdout).toContain("--map FOO=data.foo\n1 macro guessed.");
    expect((await run(`${at}a=[FOO]&p=#price#`, ["--accept-guesses"])).stdout).not.toContain("macro guessed");
  });

  it("changes only the URL of an endpoint that is there, and passes warnings on", async () => {
    const warnings = [
      { partner: "acme", endpoint: "main", macro: "data.click_id", nearest: null, message: "Never filled." },
    ];
    const { code, calls, stderr } = await run(`${at}c={clickid}`, [], {
      routes: {
        [`GET ${place}`]: { body: anEndpoint({ timeout: "3s" }) },
        [`PUT ${place}`]: { body: { ...anEndpoint(), warnings } },
      },
    });
    expect([code, stderr]).toEqual([0, "Warning: Never filled.\n"]);
    expect(JSON.parse(calls[1]!.body)).toMatchObject({
      method: "POST",
      timeout: "3s",
      url: `${at}c={data.click_id}`,
    });
  });

  it("needs no server for a dry run, and shows the document", async () => {
    const { code, stdout, calls } = await run("-", ["--dry-run", "--timeout", "3s"], {
      stdin: `${at}c={clickid}\n`,
    });
    expect([code, calls]).toEqual([0, []]);
    expect(stdout).toContain('\n{\n  "method": "GET",\n');
    expect(stdout).toContain('"timeout": "3s"');
    expect(stdout).toContain("A dry run: nothing was stored.");
    expect((await run(`${at}c=[FOO]`, ["--dry-run"])).code).toBe(1);
  });

  it("takes items of a list with --fan-out", async () => {
    const flags = ["--map", "SKU=item.sku", "--dry-run"];
    expect((await run(`${at}s=[SKU]`, flags)).code).toBe(1);
    const { code, stdout } = await run(`${at}s=[SKU]`, [...flags, "--fan-out", "data.items"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('"fan_out": "data.items"')]);
  });

  it("answers in JSON", async () => {
    const { stdout } = await run(`${at}c={clickid}&d=[CLICK_ID]`, ["--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      url: `${at}c={data.click_id}&d={data.click_id}`,
      mapped: [{ found: "{clickid}", syntax: "braces", parameter: "c" }, { syntax: "brackets" }],
      guessed: [],
      left: [],
      issues: [],
      stored: true,
      document: { id: "main" },
    });
    const left = JSON.parse((await run(`${at}c=[FOO]`, ["--json"])).stdout) as object;
    expect(left).toMatchObject({
      stored: false,
      document: null,
      left: [{ name: "FOO", suggestion: "--map FOO=data.foo" }],
    });
  });

  it("says what is wrong with a URL that no macro explains", async () => {
    const { code, stdout, calls } = await run("https://t.example/a b?c={clickid}");
    expect([code, calls]).toEqual([1, []]);
    expect(stdout).toContain("url, character 19: U+0020 may not stand in a URL");
  });

  it.each([
    [["--map", "FOO"], '--map "FOO" has no name and "="'],
    [["--map", "CLICKID=x", "--fill", "y=1"], "Nothing is called y in the text"],
    [["--syntax", "perl"], "perl"],
  ])("refuses %j", async (flags, message) => {
    const { code, stderr, calls } = await run(`${at}c=[CLICK_ID]`, flags);
    expect([code, calls]).toEqual([2, []]);
    expect(stderr).toContain(message);
  });
});
