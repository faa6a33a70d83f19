import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createApiClient } from "./api-client.ts";

test("a server that gives no answer is not said to be away", async () => {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { signal } = new AbortController();
  const call = createApiClient({ url, apiKey: null, signal, timeoutMs: 50 }).listReplays(undefined);
  await expect(call).rejects.toMatchObject({
    exit: "unreachable",
    code: "no_answer",
    message: expect.stringContaining("gave no answer within 0.05 s"),
    hint: expect.not.stringContaining("postrider start"),
  });
});
