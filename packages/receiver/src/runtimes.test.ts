import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../test/bundle.ts";
import { runKit } from "../test/kit-suite.ts";
import { chromium, otherRuntimes } from "../test/runtimes.ts";
import { runVectors, type SuiteResult } from "../test/vector-suite.ts";
import type { SuiteReport } from "../test/worker.ts";
import { verify } from "./index.ts";

const failed = (results: readonly SuiteResult[]) => results.filter(({ ok }) => !ok);
const browser = chromium();
const runtimes = otherRuntimes();

for (const { name, missing } of [...runtimes, browser])
  if (missing !== undefined) process.stdout.write(`skipped: the suite in ${name}, because ${missing}\n`);

async function expectAllPassed(report: SuiteReport): Promise<void> {
  expect(failed(report.verify)).toEqual([]);
  expect(failed(report.webCrypto)).toEqual([]);
  expect(failed(report.kit)).toEqual([]);
  expect(report.verify.length).toBe((await runVectors(verify)).length);
  expect(report.webCrypto.length).toBe(report.verify.length);
  expect(report.kit.length).toBe((await runKit()).length);
}

test("what a receiver does besides verifying, on the Node of the tests", async () => {
  expect(failed(await runKit())).toEqual([]);
});

describe("the whole suite, as a program of one file", () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "receiver-runtimes-"));
    writeFileSync(join(folder, "program.mjs"), await bundle("./test/program.ts"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each(runtimes)("in $name", ({ name, command, missing }) => {
    test.skipIf(missing !== undefined)(
      "all pass, and a server on node:http answers 200, 200, 401",
      async () => {
        const [program = "", ...args] = command;
        const printed = execFileSync(program, [...args, join(folder, "program.mjs")], {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
        });
        const report = JSON.parse(printed) as SuiteReport & { http: number[] };
        // Node names itself from version 21 on.
        expect(report.agent ?? "Node").toMatch(new RegExp(`^${name.split(" ")[0]}`));
        expect(report.http).toEqual([200, 200, 401]);
        await expectAllPassed(report);
      },
    );
  });
});

describe(`the whole suite, in ${browser.name}`, () => {
  test.skipIf(browser.missing !== undefined)("all pass", async () => {
    const script = await bundle("./test/service-worker.ts");
    const page = `<script type="module">
      const report = async () => {
        await navigator.serviceWorker.register("/worker.js");
        await navigator.serviceWorker.ready;
        if (navigator.serviceWorker.controller === null) return location.reload();
        await fetch("/report", { method: "POST", body: await (await fetch("/run")).text() });
      };
      report().catch((error) => fetch("/report", { method: "POST", body: String(error) }));
    </script>`;
    const profile = mkdtempSync(join(tmpdir(), "receiver-browser-"));
    const reported = Promise.withResolvers<string>();
    const server = createServer((request, response) => {
      if (request.url === "/report") {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => reported.resolve(Buffer.concat(chunks).toString()));
      }
      const isScript = request.url === "/worker.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? script : page);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const [program = "", ...args] = browser.command;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`];
    const child = spawn(program, [...args, ...flags, url], { stdio: "ignore" });
    child.once("exit", (status) => reported.reject(new Error(`the browser ended with ${status}`)));
    try {
      const text = await reported.promise;
      expect(text).toMatch(/^\{/);
      const report = JSON.parse(text) as SuiteReport;
      expect(report.agent).toContain("Chrome");
      await expectAllPassed(report);
    } finally {
      reported.promise.catch(() => {});
      child.kill();
      await once(child, "exit").catch(() => {});
      server.close();
      rmSync(profile, { recursive: true, force: true });
    }
  });
});
