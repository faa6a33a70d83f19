import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

test("a process without file descriptors puts deliveries back as they were, says so once, and goes on", {
  timeout: 60_000,
}, async () => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.resume();
    response.end("ok");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => server[Symbol.asyncDispose]());
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const script = fileURLToPath(new URL("testing/few-descriptors.ts", import.meta.url));
  const command = `ulimit -n 64; exec "${process.execPath}" "${script}" http://${target}/ ${target}`;
  const { stdout } = await promisify(execFile)("/bin/sh", ["-c", command]);
  const seen = JSON.parse(stdout);
  expect(seen.attempts).toEqual(
    Array.from({ length: 5 }, () => ({ n: 1, outcome: "delivered", failureClass: null })),
  );
  expect(requests).toBe(5);
  expect(seen.faults).toEqual(["send: local: this process has no file descriptor left (EMFILE)."]);
  // Some at once, before the hold counts: never one after the other.
  expect(seen.putBack).toBeLessThanOrEqual(5);
  expect(seen).toMatchObject({ state: "held", note: expect.stringContaining("EMFILE") });
});
