import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { handle, verify } from "@postrider/receiver";
import { memoryStore } from "@postrider/receiver/memory";
import { nodeHandler } from "@postrider/receiver/node";
import { describe, expect, it } from "vitest";
import type { Conformance } from "../conformance/run.ts";
import { type Answering, listenAsPartner, startPartner } from "../testing/partner-endpoint.ts";
import { runCli, type RunOptions } from "../testing/run-cli.ts";

const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const ok = { status: 200, body: "ok" };
const unauthorized = { status: 401 };

const conformance = (url: string, args: readonly string[] = [], options: RunOptions = {}) =>
  runCli(["conformance", url, ...args], {
    nowMs: Date.now(),
    ...options,
    env: { POSTBACK_SECRET: secret, ...options.env },
  });

interface Message {
  headers: IncomingMessage["headers"];
  body: Buffer;
}

/** Whether a message verifies, over another body or with another tolerance if a bad endpoint does so. */
async function verifies({ headers, body }: Message, over: Buffer | string = body, toleranceSeconds = 300) {
  return verify(over, headers, { secrets: secret, toleranceSeconds }).then(
    ({ id }) => id,
    () => undefined,
  );
}

const checked =
  (then: (id: string, message: Message) => { status: number; body?: string }): Answering =>
  async (message) => {
    const id = await verifies(message);
    return id === undefined ? unauthorized : then(id, message);
  };

function failingOnRepeat(): Answering {
  const seen = new Set<string>();
  return checked((id) => {
    if (seen.has(id)) return { status: 500, body: "duplicate key value violates unique constraint" };
    seen.add(id);
    return ok;
  });
}

function counting(): Answering {
  let n = 0;
  return checked(() => ({ status: 200, body: String((n += 1)) }));
}

/** By hand, as partners write it: `key` as given, only the first entry, text instead of bytes. */
function handWritten(key: Buffer, read: (body: Buffer) => string | Buffer = (body) => body): Answering {
  return async ({ headers, body }) => {
    const timestamp = Number(headers["webhook-timestamp"]);
    if (Math.abs(Date.now() / 1000 - timestamp) > 300) return unauthorized;
    const expected = createHmac("sha256", key)
      .update(`${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.`)
      .update(read(body))
      .digest();
    const given = String(headers["webhook-signature"])
      .split(" ")
      .map((entry) => Buffer.from(entry.replace("v1,", ""), "base64"));
    return given.some((one) => one.length === 32 && timingSafeEqual(one, expected)) ? ok : unauthorized;
  };
}

const realKey = Buffer.from(secret.slice(6), "base64");

const bad: readonly (readonly [name: string, failed: readonly string[], () => Answering])[] = [
  [
    "accepts anything",
    [
      "tampered_body",
      "tampered_bytes",
      "tampered_signature",
      "tampered_headers",
      "wrong_key",
      "missing_headers",
      "empty_key",
      "stale",
      "future",
    ],
    () => async () => ok,
  ],
  ["fails with 500 on duplicates", ["duplicate", "concurrent_duplicates"], failingOnRepeat],
  ["answers a repeat differently", ["duplicate"], counting],
  [
    "verifies a body written again",
    ["tampered_bytes", "exact_bytes", "not_json"],
    () => async (message) => {
      try {
        const again = JSON.stringify(JSON.parse(message.body.toString()));
        return (await verifies(message, again)) === undefined ? unauthorized : ok;
      } catch {
        return { status: 500 };
      }
    },
  ],
  [
    "ignores the timestamp",
    ["stale", "future"],
    () => async (message) =>
      (await verifies(message, message.body, 1e12)) === undefined ? unauthorized : ok,
  ],
  [
    "verifies text instead of bytes",
    ["tampered_bytes"],
    () => handWritten(realKey, (body) => body.toString("utf8")),
  ],
  [
    "knows one signature only",
    ["rotation", "unknown_scheme"],
    () => async (message) => {
      const only = String(message.headers["webhook-signature"]).split(" ");
      return only.length === 1 && (await verifies(message)) !== undefined ? ok : unauthorized;
    },
  ],
  [
    "answers 500 to what it refuses",
    [
      "tampered_body",
      "tampered_bytes",
      "tampered_signature",
      "tampered_headers",
      "wrong_key",
      "missing_headers",
      "empty_key",
      "stale",
      "future",
    ],
    () => async (message) => ((await verifies(message)) === undefined ? { status: 500 } : ok),
  ],
  [
    "stops at 100 kB",
    ["large_body"],
    () => checked((_id, { body }) => (body.length > 102_400 ? { status: 413 } : ok)),
  ],
  [
    "refuses unknown fields",
    ["unknown_fields"],
    () => checked((_id, { body }) => (/conformance_extra/.test(body.toString()) ? { status: 400 } : ok)),
  ],
  [
    "fails at an unknown version",
    ["unknown_schema_version"],
    () =>
      checked((_id, { body }) => (/"schema_version":999999/.test(body.toString()) ? { status: 500 } : ok)),
  ],
];

async function reportOn(
  url: string,
  args: readonly string[] = [],
): Promise<{ code: number; report: Conformance }> {
  const run = await conformance(url, ["--json", ...args]);
  return { code: run.code, report: JSON.parse(run.stdout) as Conformance };
}

const failures = ({ checks }: Conformance): string[] =>
  checks.filter(({ outcome }) => outcome === "fail").map(({ id }) => id);

describe("conformance", () => {
  it("passes an endpoint made with the receiver kit in everything", async () => {
    const handled: string[] = [];
    const endpoint = handle({
      secrets: secret,
      store: memoryStore(),
      onError: () => {},
      handler: ({ id }) => void handled.push(id),
    });
    await using partner = await listenAsPartner(
      (request, response) => void nodeHandler(endpoint)(request, response),
    );
    const { code, report } = await reportOn(partner.url);
    expect(report.checks.filter(({ outcome }) => outcome !== "pass")).toEqual([]);
    expect(report).toMatchObject({ ok: true, failed: 0, skipped: 0, method: "POST" });
    expect(code).toBe(0);
    expect(new Set(handled).size).toBe(handled.length);
  });

  it.each(bad)("catches an endpoint that %s", async (_name, expected, answering) => {
    await using partner = await startPartner(answering());
    const { code, report } = await reportOn(partner.url);
    expect(failures(report)).toEqual(expected);
    const must = report.checks.some(({ outcome, severity }) => outcome === "fail" && severity === "must");
    expect([code, report.ok]).toEqual(must ? [1, false] : [0, true]);
    for (const check of report.checks) expect(check.outcome === "fail").toBe(check.fix !== undefined);
  });

  it("takes an endpoint whose secret is not set for refusing everything, or for knowing an empty one", async () => {
    await using partner = await startPartner(handWritten(Buffer.alloc(0)));
    const { code, report } = await reportOn(partner.url);
    expect([code, failures(report)]).toEqual([1, ["valid"]]);
    const accepting: Answering = async (message) => {
      const [real, empty] = [handWritten(realKey), handWritten(Buffer.alloc(0))];
      const answer = await real(message);
      return answer.status === 200 ? answer : empty(message);
    };
    await using fallback = await startPartner(accepting);
    expect(failures((await reportOn(fallback.url)).report)).toEqual(["empty_key"]);
  });

  it("says of an endpoint that refuses everything only that", async () => {
    await using partner = await startPartner(async () => unauthorized);
    const { report } = await reportOn(partner.url);
    expect(failures(report)).toEqual(["valid"]);
    expect(new Set(report.checks.slice(1).map(({ outcome }) => outcome))).toEqual(new Set(["skipped"]));
    expect(partner.received).toHaveLength(1);
  });

  it("signs a GET over an empty body and skips what needs one, with the reason", async () => {
    await using partner = await startPartner(
      checked((_id, { body }) => (body.length === 0 ? ok : { status: 400 })),
    );
    const { code, report } = await reportOn(partner.url, ["--method", "GET"]);
    expect([code, failures(report)]).toEqual([0, []]);
    const skipped = report.checks.filter(({ outcome }) => outcome === "skipped");
    expect(skipped.map(({ id }) => id)).toContain("large_body");
    expect(skipped.every(({ came }) => came === "a GET has no body")).toBe(true);
  });

  it("sends the sample, flagged as a test, and never the secret", async () => {
    await using partner = await startPartner(checked(() => ok));
    const run = await conformance(partner.url, ["--sample", "-", "--type", "sale", "--schema-version", "3"], {
      stdin: '{"amount":1}',
    });
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/^ok {4}must {4}valid /m);
    expect(run.stdout).toContain("This endpoint can receive.");
    expect(JSON.parse(partner.received[0]!.body.toString())).toMatchObject({
      type: "sale",
      schema_version: 3,
      data: { amount: 1 },
    });
    for (const { headers, body } of partner.received) {
      expect(headers["webhook-test"]).toBe("1");
      expect(JSON.stringify(headers) + body.toString() + run.stdout).not.toContain(secret.slice(6));
    }
  });

  it("shows in words what to mend", async () => {
    await using partner = await startPartner(async () => ok);
    const { code, stdout } = await conformance(partner.url);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL {2}must {4}stale +200 ok\n {6}sent: .*\n {6}fix: .*300 s/m);
    expect(stdout).toContain("This endpoint is not ready");
  });

  it("asks before sending to another machine, and sends nothing without a yes", async () => {
    const elsewhere = "http://192.0.2.1:9/x";
    expect(await conformance(elsewhere, ["--json"])).toMatchObject({ code: 2 });
    const asked = await conformance(elsewhere, [], { columns: 80, typed: "n" });
    expect(asked.code).toBe(1);
    expect(asked.questions).toEqual(["Send about 40 test messages to 192.0.2.1:9? [y/N] "]);
    expect(asked.stderr).toContain("Nothing was sent.");
  });

  it("exits 3 where nobody listens", async () => {
    let url = "";
    {
      await using partner = await startPartner(async () => ok);
      url = partner.url;
    }
    const run = await conformance(url);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain("Nothing answers");
  });

  it.each([
    [["ftp://x"], {}, "not an http"],
    [["http://127.0.0.1:1/"], { POSTBACK_SECRET: "" }, "no secret to sign with"],
    [["http://127.0.0.1:1/"], { POSTBACK_SECRET: "whsec_!" }, "POSTBACK_SECRET: "],
    [
      ["http://127.0.0.1:1/"],
      { POSTBACK_SECRET: "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" },
      "public key, which cannot sign",
    ],
  ])("refuses %j %j with 2", async ([url], env, message) => {
    const run = await conformance(url!, [], { env });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(message);
  });
});
