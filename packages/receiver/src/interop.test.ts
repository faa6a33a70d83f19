import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { now, nowSeconds, secret, signed } from "./testing/signed.ts";
import { verify } from "./index.ts";

const vectors = fileURLToPath(new URL("../../protocol/vectors", import.meta.url));
const script = (name: string): string => fileURLToPath(new URL(`../interop/${name}`, import.meta.url));

const languages = [
  { language: "Python", probe: ["python3", "--version"], run: ["python3", script("verify.py")], least: 100 },
  { language: "Perl", probe: ["perl", "-v"], run: ["perl", script("verify.pl")], least: 100 },
  { language: "Go", probe: ["go", "version"], run: ["go", "run", script("verify.go")], least: 110 },
].map((entry) => {
  const missing =
    spawnSync(entry.probe[0] ?? "", entry.probe.slice(1), { stdio: "ignore" }).error !== undefined;
  if (missing)
    process.stdout.write(
      `skipped: the shared vectors in ${entry.language}, because ${entry.probe[0]} is not installed\n`,
    );
  return { ...entry, missing };
});

describe.each(languages)(
  "the shared vectors in $language, with its standard library alone",
  ({ language, run, least, missing }) => {
    const [program = "", ...args] = run;

    test.skipIf(missing)("all pass", { timeout: 120_000 }, () => {
      const printed = execFileSync(program, [...args, vectors], { encoding: "utf8" });
      process.stdout.write(`the shared vectors in ${language}: ${printed}`);
      expect(printed).toMatch(/^passed \d+, failed 0, /);
      expect(Number(/passed (\d+)/.exec(printed)?.[1])).toBeGreaterThanOrEqual(least);
    });

    test.skipIf(missing)("a vector that is wrong fails the run", { timeout: 120_000 }, () => {
      const folder = mkdtempSync(join(tmpdir(), "receiver-vectors-"));
      try {
        cpSync(vectors, folder, { recursive: true });
        const path = join(folder, "refused.json");
        writeFileSync(
          path,
          readFileSync(path, "utf8").replace('"error": "signature_mismatch"', '"error": "header_missing"'),
        );
        const { status, stdout } = spawnSync(program, [...args, folder], { encoding: "utf8" });
        expect(status).toBe(1);
        expect(stdout).toContain("failed 1");
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  },
);

describe("the npm packages standardwebhooks and svix", () => {
  // Both read the clock themselves.
  beforeEach(() => void vi.useFakeTimers({ now, toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());
  const body = '{"city":"Zürich","payout":1.10}';

  test.each([
    ["standardwebhooks", "webhook-", new StandardWebhook(secret)],
    ["svix", "svix-", new SvixWebhook(secret)],
  ] as const)(
    "%s: what it signs verifies here, and what we sign verifies there",
    async (_, headerPrefix, theirs) => {
      const headers = {
        [`${headerPrefix}id`]: "msg_2",
        [`${headerPrefix}timestamp`]: String(nowSeconds),
        [`${headerPrefix}signature`]: theirs.sign("msg_2", now, body),
      };
      const result = await verify(Buffer.from(body), headers, { secrets: secret, now, headerPrefix });
      expect(result).toEqual({ id: "msg_2", timestampSeconds: nowSeconds, scheme: "v1", secretIndex: 0 });
      await expect(verify(`${body} `, headers, { secrets: secret, now, headerPrefix })).rejects.toMatchObject(
        { code: "signature_mismatch" },
      );

      const ours = await signed(body);
      const renamed = Object.fromEntries(
        Object.entries(ours).map(([name, value]) => [name.replace("webhook-", headerPrefix), value]),
      );
      expect(() => theirs.verify(body, renamed)).not.toThrow();
      expect(() => theirs.verify(`${body} `, renamed)).toThrow("No matching");
    },
  );
});
