import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { verify as verifyInTypeScript } from "./snippets/verify.ts";

const path = (name: string): string => new URL(name, import.meta.url).pathname;
const snippets = path("snippets");
const driver = (name: string): string => path(`drivers/${name}`);
const scratch = mkdtempSync(join(tmpdir(), "postrider-snippets-"));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Vector {
  name: string;
  verify_secrets: string[];
  headers: [string, string][];
  body_base64: string;
  now: number;
  tolerance_seconds: number;
}

interface SigningVector {
  name: string;
  verify_secrets: string[];
  id: string;
  timestamp: number;
  signature: string;
  body_base64: string;
}

/** A case as every language's driver reads it; headers that came twice are joined, as servers do. */
interface Case {
  name: string;
  expected: "ok" | "refused";
  secrets: string[];
  id: string;
  timestamp: string;
  signature: string;
  body: Buffer;
  now: number;
  tolerance: number;
}

function vectors<T>(name: string): T[] {
  const file = new URL(`../../../../packages/protocol/vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { vectors: T[] }).vectors;
}

/** The snippets verify with secrets (v1); what only a public key can check is not theirs. */
const hmacOnly = ({ verify_secrets }: { verify_secrets: string[] }): boolean =>
  verify_secrets.every((secret) => !secret.startsWith("whpk_"));

function fromVector(expected: Case["expected"]) {
  return ({ name, verify_secrets, headers, body_base64, now, tolerance_seconds }: Vector): Case => {
    const header = (wanted: string): string =>
      headers
        .filter(([other]) => other.toLowerCase() === wanted)
        .map(([, value]) => value)
        .join(", ");
    return {
      name,
      expected,
      secrets: verify_secrets,
      id: header("webhook-id"),
      timestamp: header("webhook-timestamp"),
      signature: header("webhook-signature"),
      body: Buffer.from(body_base64, "base64"),
      now,
      tolerance: tolerance_seconds,
    };
  };
}

const cases: Case[] = [
  ...vectors<Vector>("accepted").filter(hmacOnly).map(fromVector("ok")),
  ...vectors<Vector>("refused").filter(hmacOnly).map(fromVector("refused")),
  ...vectors<SigningVector>("signing")
    .filter(hmacOnly)
    .map(
      ({ name, verify_secrets, id, timestamp, signature, body_base64 }): Case => ({
        name,
        expected: "ok",
        secrets: verify_secrets,
        id,
        timestamp: String(timestamp),
        signature,
        body: Buffer.from(body_base64, "base64"),
        now: timestamp,
        tolerance: 300,
      }),
    ),
];

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
const input = cases
  .map(({ secrets, id, timestamp, signature, body, now, tolerance }) =>
    [
      secrets.join(","),
      base64(id),
      base64(timestamp),
      base64(signature),
      body.toString("base64"),
      now,
      tolerance,
    ].join("\t"),
  )
  .join("\n")
  .concat("\n");

interface Runner {
  language: string;
  /** Commands that must all be there. */
  needs: string[];
  /** Builds if need be, and answers what to run. */
  command: () => [string, ...string[]];
}

function copied(...names: string[]): void {
  for (const name of names)
    copyFileSync(
      name.toLowerCase().startsWith("verify") ? join(snippets, name) : driver(name),
      join(scratch, name),
    );
}

const runners: Runner[] = [
  {
    language: "curl and openssl",
    needs: ["bash", "openssl"],
    command: () => ["bash", driver("driver.sh"), snippets, scratch],
  },
  { language: "Python", needs: ["python3"], command: () => ["python3", "-B", driver("driver.py"), snippets] },
  { language: "PHP", needs: ["php"], command: () => ["php", driver("driver.php"), snippets] },
  { language: "Ruby", needs: ["ruby"], command: () => ["ruby", driver("driver.rb"), snippets] },
  {
    language: "Go",
    needs: ["go"],
    command: () => {
      copied("verify.go", "driver.go");
      const env = { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-mod=mod", GO111MODULE: "off" };
      execFileSync("go", ["build", "-o", "verify-go", "verify.go", "driver.go"], { cwd: scratch, env });
      return [join(scratch, "verify-go")];
    },
  },
  {
    language: "Java",
    needs: ["java", "javac"],
    command: () => {
      execFileSync("javac", ["-d", scratch, join(snippets, "Verify.java"), driver("Driver.java")]);
      return ["java", "-Xshare:auto", "-cp", scratch, "Driver"];
    },
  },
  {
    language: "C#",
    needs: ["mcs", "mono"],
    command: () => {
      execFileSync("mcs", [
        `-out:${join(scratch, "verify.exe")}`,
        join(snippets, "Verify.cs"),
        driver("Driver.cs"),
      ]);
      return ["mono", join(scratch, "verify.exe")];
    },
  },
];

const isThere = (command: string): boolean => spawnSync("which", [command]).status === 0;

describe("the partner pack's snippets", () => {
  it("are held to enough cases of both kinds", () => {
    const count = (expected: string): number => cases.filter((one) => one.expected === expected).length;
    expect(count("ok")).toBeGreaterThanOrEqual(20);
    expect(count("refused")).toBeGreaterThanOrEqual(45);
  });

  for (const { language, needs, command } of runners) {
    const missing = needs.filter((name) => !isThere(name));
    if (missing.length > 0)
      process.stderr.write(
        `skipped: partner pack snippet in ${language}: not installed here: ${missing.join(", ")}\n`,
      );
    it.skipIf(missing.length > 0)(
      `${language} accepts and refuses every vector`,
      { timeout: 120_000 },
      () => {
        const [file, ...args] = command();
        const run = spawnSync(file, args, { input, encoding: "utf8" });
        expect(run.stderr).toBe("");
        const answers = run.stdout.trimEnd().split("\n");
        expect(cases.map(({ name }, index) => `${name}: ${answers[index]}`)).toEqual(
          cases.map(({ name, expected }) => `${name}: ${expected}`),
        );
      },
    );
  }

  it.each(cases)(
    "TypeScript: $name: $expected",
    ({ expected, secrets, id, timestamp, signature, body, now, tolerance }) => {
      const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
      const run = () => verifyInTypeScript(secrets, headers, body, now, tolerance);
      if (expected === "ok") expect(run()).toBe(id);
      else expect(run).toThrow(/webhook-|secret|signature/);
    },
  );
});
