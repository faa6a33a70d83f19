import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { anEndpoint, aPartner } from "../testing/documents.ts";
import { runCli } from "../testing/run-cli.ts";

const partnerCalls = (body: unknown) => ({
  "GET /v1/partners/acme": { body: aPartner() },
  "PUT /v1/partners/acme": { body },
});

const deleted = (calls: readonly { method: string }[]) => calls.some((call) => call.method === "DELETE");

describe("partners", () => {
  it("lists in a table", async () => {
    const routes = {
      "GET /v1/partners": {
        body: {
          partners: [
            aPartner(),
            aPartner({ id: "beta", name: "Beta", rate_per_second: null, burst: null, state: "paused" }),
          ],
          next_cursor: "c2",
        },
      },
    };
    const { code, stdout } = await runCli(["partners"], { routes });
    expect(code).toBe(0);
    expect(stdout).toBe(
      "PARTNER  NAME  STATE       RATE  BURST  IN FLIGHT  CREATED\n" +
        "acme     Acme  active      50/s     50         16  3h ago\n" +
        "beta     Beta  paused  no limit      -         16  3h ago\n" +
        "More: postrider partners list --cursor c2\n",
    );
  });

  it("creates one and shows its secret once", async () => {
    const routes = {
      "PUT /v1/partners/acme": { status: 201, body: { ...aPartner(), signing_secret: "whsec_c2VjcmV0" } },
    };
    const { code, stdout, calls } = await runCli(["partners", "put", "acme", "--rate", "20"], { routes });
    expect(code).toBe(0);
    expect(JSON.parse(calls[1]?.body ?? "")).toEqual({ name: "acme", rate_per_second: 20, burst: null });
    expect(stdout).toContain("signing secret  whsec_c2VjcmV0\nShown this once");
  });

  it("puts constants into those that are there, and takes out one without a value", async () => {
    const { calls } = await runCli(
      [
        "partners",
        "put",
        "acme",
        "--constant",
        "currency=USD",
        "--constant",
        "network=a=b",
        "--constant",
        "old=",
      ],
      {
        routes: {
          ...partnerCalls(aPartner()),
          "GET /v1/partners/acme": {
            body: aPartner({ constants: { currency: "EUR", kept: "1", old: "2" } }),
          },
        },
      },
    );
    expect(JSON.parse(calls[1]?.body ?? "").constants).toEqual({
      currency: "USD",
      kept: "1",
      network: "a=b",
    });
    const { code, stderr } = await runCli(["partners", "put", "acme", "--constant", "currency"], {
      routes: partnerCalls(aPartner()),
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining("--constant currency=EUR")]);
  });

  it("changes only what the flags name", async () => {
    const { calls } = await runCli(["partners", "put", "acme", "--max-in-flight", "4"], {
      routes: partnerCalls(aPartner()),
    });
    expect(JSON.parse(calls[1]?.body ?? "")).toEqual({
      name: "Acme",
      rate_per_second: 50,
      burst: 50,
      max_in_flight: 4,
      silent_after: null,
      max_backlog: null,
      constants: {},
    });
    const lifted = await runCli(["partners", "put", "acme", "--rate", "none"], {
      routes: partnerCalls(aPartner()),
    });
    expect(JSON.parse(lifted.calls[1]?.body ?? "")).toMatchObject({ rate_per_second: null, burst: null });
    expect(
      (await runCli(["partners", "put", "acme", "--rate", "fast"], { routes: partnerCalls(aPartner()) }))
        .code,
    ).toBe(2);
  });

  it("shows one with keys and endpoints", async () => {
    const key = {
      id: "key_2",
      scheme: "v1",
      public_key: null,
      created_at: "2026-01-31T09:00:00Z",
      retires_at: null,
    };
    const routes = {
      "GET /v1/partners/acme": { body: aPartner() },
      "GET /v1/partners/acme/keys": { body: { keys: [key] } },
      "GET /v1/partners/acme/endpoints": { body: { endpoints: [anEndpoint()] } },
    };
    const { stdout } = await runCli(["partners", "show", "acme"], { routes });
    expect(stdout).toContain("rate           50/s");
    expect(stdout).toContain("key_2  v1      newest");
    expect(stdout).toContain("main: POST https://acme.example/postback (active)");
    const asJson = await runCli(["partners", "show", "acme", "--json"], { routes });
    expect(JSON.parse(asJson.stdout)).toMatchObject({ id: "acme", keys: [key], endpoints: [{ id: "main" }] });
  });

  it.each(["pause", "resume"])("%ss one", async (verb) => {
    const state = verb === "pause" ? "paused" : "active";
    const { code, stdout } = await runCli(["partners", verb, "acme"], {
      routes: { [`POST /v1/partners/acme/${verb}`]: { body: aPartner({ state }) } },
    });
    expect(code).toBe(0);
    expect(stdout).toContain(`acme is ${state}`);
  });

  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

  it.each([
    ["from standard input", "-", `${secret}\n`, undefined],
    ["without a line end", "-", secret, undefined],
    ["from a file", "acme.secret", "", `\n  ${secret}\r\n`],
  ])("gives a new partner the secret %s, and does not print it", async (_, path, stdin, file) => {
    const cwd = await mkdtemp(join(tmpdir(), "postrider-"));
    onTestFinished(() => rm(cwd, { recursive: true }));
    if (file !== undefined) await writeFile(join(cwd, path), file);
    const body = { ...aPartner(), signing_secret_given: true };
    const routes = { "PUT /v1/partners/acme": { status: 201, body } };
    const argv = ["partners", "put", "acme", "--secret-file", path];
    const { code, stdout, calls } = await runCli(argv, { routes, stdin, cwd });
    expect(code).toBe(0);
    expect(JSON.parse(calls[1]?.body ?? "")).toEqual({ name: "acme", signing_secret: secret });
    expect(stdout).toContain("It signs with the secret given.");
    expect(stdout).not.toContain(secret);
  });

  it("rotates to a secret that is given", async () => {
    const body = { signing_secret: null, signing_secret_given: true, public_key: null, keys: [] };
    const routes = { "POST /v1/partners/acme/rotate-secret": { body } };
    const argv = ["partners", "rotate-secret", "acme", "--secret-file", "-"];
    const { stdout, calls } = await runCli(argv, { routes, stdin: secret });
    expect(JSON.parse(calls[0]?.body ?? "")).toEqual({ overlap: "24h", signing_secret: secret });
    expect(stdout).toContain("acme signs with the secret given.");
    const empty = await runCli(argv, { routes, stdin: "\n" });
    expect([empty.code, empty.calls.length]).toEqual([2, 0]);
  });

  it("rotates the secret and says until when the old one signs", async () => {
    const keys = [
      { id: "key_2", scheme: "v1", public_key: null, created_at: "", retires_at: null },
      { id: "key_1", scheme: "v1", public_key: null, created_at: "", retires_at: "2026-02-01T12:00:00Z" },
    ];
    const routes = {
      "POST /v1/partners/acme/rotate-secret": { body: { signing_secret: "whsec_bmV3", keys } },
    };
    const { stdout, calls } = await runCli(["partners", "rotate-secret", "acme"], { routes });
    expect(JSON.parse(calls[0]?.body ?? "")).toEqual({ overlap: "24h" });
    expect(stdout).toContain("key_1 (v1) until 2026-02-01 12:00:00Z");
    expect(stdout).toContain("whsec_bmV3");
  });

  const aKey = (scheme: string, id: string, retires_at: string | null = null) => ({
    id,
    scheme,
    public_key: null,
    created_at: "",
    retires_at,
  });

  it.each([
    [
      ["--scheme", "v1a"],
      [aKey("v1", "k1"), aKey("v1a", "k2")],
      "acme has a new v1a key. No older v1a key signs. Its v1 key signs as before.",
    ],
    [
      [],
      [aKey("v1", "k3"), aKey("v1a", "k2")],
      "acme has a new v1 key. No older v1 key signs. Its v1a key signs as before.",
    ],
    [["--overlap", "0s"], [aKey("v1", "k3")], "acme has a new v1 key. No older v1 key signs.\n"],
    [
      ["--scheme", "v1a"],
      [aKey("v1", "k1"), aKey("v1a", "k2"), aKey("v1a", "k0", "2026-02-01T12:00:00Z")],
      "acme has a new v1a key. The older ones sign until their time below. Its v1 key signs as before.\n  k0 (v1a) until",
    ],
  ])("says which keys sign after a rotation %j", async (flags, keys, words) => {
    const routes = { "POST /v1/partners/acme/rotate-secret": { body: { signing_secret: null, keys } } };
    const { stdout } = await runCli(["partners", "rotate-secret", "acme", ...flags], { routes });
    expect(stdout).toContain(words);
  });

  it("sets the burst, and gives it back to the rate", async () => {
    const put = async (burst: string) =>
      runCli(["partners", "put", "acme", "--burst", burst], {
        routes: partnerCalls(aPartner({ burst: null })),
      });
    const [set, unset, wrong] = [await put("7"), await put("none"), await put("some")];
    expect(JSON.parse(set.calls[1]!.body)).toMatchObject({ rate_per_second: 50, burst: 7 });
    expect(JSON.parse(unset.calls[1]!.body)).toMatchObject({ rate_per_second: 50, burst: null });
    expect(unset.stdout).toMatch(/burst +the rate\n/);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("whole number from 1, or none")]);
  });

  describe("delete", () => {
    const routes = {
      "GET /v1/partners/acme": { body: aPartner() },
      "GET /v1/delivery-groups": { body: { matched: 7, groups: [] } },
      "DELETE /v1/partners/acme": { body: {} },
    };

    it("asks, naming what is lost", async () => {
      const yes = await runCli(["partners", "delete", "acme"], { routes, columns: 80, typed: "y" });
      expect(yes.questions[0]).toContain("cancelled: 7.");
      expect([yes.code, deleted(yes.calls)]).toEqual([0, true]);
      const no = await runCli(["partners", "delete", "acme"], { routes, columns: 80, typed: "" });
      expect([no.code, deleted(no.calls)]).toEqual([1, false]);
    });

    it("says when a large backlog is still being cancelled", async () => {
      const large = { ...routes, "DELETE /v1/partners/acme": { status: 202, body: { cancelling: true } } };
      const { stdout } = await runCli(["partners", "delete", "acme", "--yes"], { routes: large });
      expect(stdout).toBe("acme is deleted. Its waiting deliveries are being cancelled.\n");
    });

    it("is refused without a terminal unless --yes is given", async () => {
      const refused = await runCli(["partners", "delete", "acme"], { routes });
      expect([refused.code, deleted(refused.calls)]).toEqual([2, false]);
      expect(refused.stderr).toContain("--yes");
      const allowed = await runCli(["partners", "delete", "acme", "--yes"], { routes });
      expect([allowed.code, deleted(allowed.calls)]).toEqual([0, true]);
    });
  });
});
