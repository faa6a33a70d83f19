import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPair, parseSecret, sign } from "@postrider/protocol";
import { afterAll, describe, expect, it } from "vitest";
import { runCli, type RunOptions, testNowMs } from "../testing/run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "postrider-verify-"));
afterAll(() => rmSync(folder, { recursive: true }));

const secret = "whsec_AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
const other = "whsec_WmFob3Z9hIuSmaCnrrW8w8rR2N/m7fT7AAECAwQFBgc=";
const body = '{"id":"e1","payout":1.10,"name":"Zoë"}';
const timestampSeconds = testNowMs / 1000;
const signed = await sign(body, { id: "msg_1", timestampSeconds, secrets: [parseSecret(secret)] });
const signature = signed["webhook-signature"].slice("v1,".length);

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return name;
}

const lines = (headers: object): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
file("secret", `${secret}\n`);
file("other", `${other}\n`);
file("headers", `POST /hook HTTP/1.1\r\nHost: a\r\n${lines(signed)}`);
file("body", body);

const verify = (args: readonly string[], options: RunOptions = {}) =>
  runCli(["verify", ...args], { cwd: folder, ...options });
const captured = ["--body", "body", "--headers", "headers"];
const known = [...captured, "--secret-file", "secret"];

describe("verify", () => {
  it("says that a request is valid, with which secret, and exits 0", async () => {
    const run = await verify(known);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toBe(
      "valid  msg_1, signed 2026-01-31T12:00:00.000Z (v1)\n       with secret, secret 1\n",
    );
  });

  it("takes the secret from the environment, the body from standard input and headers as JSON", async () => {
    const headers = file("headers.json", JSON.stringify({ ...signed, accept: ["a", "b"] }));
    const run = await verify(["--body", "-", "--headers", headers, "--json"], {
      stdin: body,
      env: { POSTBACK_SECRET: `${other}, ${secret}` },
    });
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual({
      valid: true,
      id: "msg_1",
      signed_at: "2026-01-31T12:00:00.000Z",
      scheme: "v1",
      secret: "POSTBACK_SECRET, secret 2",
    });
  });

  it.each([
    ["body_reserialised", JSON.stringify(JSON.parse(body)), "number format", known],
    ["body_trailing_newline", `${body}\n`, "white space at its end", known],
    ["body_empty", "", "empty", known],
    [
      "secret_of_another_endpoint",
      body,
      '"staging"',
      [...captured, "--secret-file", "other", "--known-secrets", "known"],
    ],
    ["signature_mismatch", body, "No secret given fits", [...captured, "--secret-file", "other"]],
  ])("says %s, exits 1 and shows neither secret nor signature", async (cause, content, words, args) => {
    file("known", `# ours\nstaging=${secret}\n`);
    const run = await verify(["--body", "-", ...args.slice(2)], { stdin: content });
    expect(run.code).toBe(1);
    expect(run.stdout).toContain(cause);
    expect(run.stdout).toContain(words);
    for (const kept of [secret, other, signature])
      expect(run.stdout + run.stderr).not.toContain(kept.slice(6, 30));
  });

  it("never takes a bare secret for a label, which would be shown", async () => {
    const padded =
      "whsec_ISgvNj1ES1JZYGdudXyDipGYn6attLvCydDX3uXs8/oBCA8WHSQrMjlAR05VXGNqcXh/ho2Um6KpsLe+xczT2g==";
    const run = await verify([...known, "--known-secrets", file("bare", padded)]);
    expect(run.code).toBe(2);
    expect(run.stdout + run.stderr).not.toContain(padded.slice(6, 30));
  });

  it("calls a secret that cannot be read by where it came from", async () => {
    const run = await verify([...captured, "--secret-file", file("quoted", `"${secret}"`)]);
    expect(run.code).toBe(1);
    expect(run.stdout).toContain("quoted, secret 1 cannot be used: it is in quotes");
  });

  it("says that an old capture needs --at, and takes it", async () => {
    const nowMs = testNowMs + 86_400_000;
    const late = await verify(known, { nowMs });
    expect(late.code).toBe(1);
    expect(late.stdout).toContain("clock_off");
    expect(late.stdout).toContain("--at signed");
    expect((await verify([...known, "--at", "signed"], { nowMs })).code).toBe(0);
    expect((await verify([...known, "--at", "2026-01-31T12:04:59Z"], { nowMs })).code).toBe(0);
    expect((await verify([...known, "--at", "2026-01-31T12:05:01Z"], { nowMs })).code).toBe(1);
  });

  it("verifies v1a with the public keys that the server shows", async () => {
    const routes = {
      "GET /v1/partners/acme/keys": { body: { keys: [{ id: "k1", scheme: "v1", public_key: null }] } },
    };
    const run = await verify([...captured, "--partner", "acme"], { routes });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("no public key of acme");
    const { privateKey, publicKey } = await generateKeyPair((n) => new Uint8Array(n).fill(7));
    const headers = file(
      "v1a",
      lines(await sign(body, { id: "m", timestampSeconds, secrets: [privateKey] })),
    );
    const keys = [{ id: "k2", scheme: "v1a", public_key: publicKey.reveal().text }];
    const accepted = await verify(["--body", "body", "--headers", headers, "--partner", "acme"], {
      routes: { "GET /v1/partners/acme/keys": { body: { keys } } },
    });
    expect(accepted).toMatchObject({ code: 0 });
    expect(accepted.stdout).toContain("acme's key k2");
  });

  it.each([
    [["--body", "body"], "Give --body and --headers."],
    [["--body", "-", "--headers", "-"], "Only one"],
    [captured, "no secret to verify with"],
    [["--body", "absent", ...known.slice(2)], "no such file"],
    [[...known, "--at", "soon"], "is not a time"],
    [["--body", "body", "--headers", "body", "--secret-file", "secret"], "names and texts"],
    [[...known, "--known-secrets", "secret"], "labelled"],
  ])("refuses %j with 2", async (args, message) => {
    const run = await verify(args);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(message);
  });
});
