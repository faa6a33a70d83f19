// The suite as a program, for Deno, Bun and old versions of Node: prints one JSON document.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateSecret, sign } from "@postrider/protocol";
import { nodeHandler } from "../src/adapters/node.ts";
import { handle } from "../src/index.ts";
import { memoryStore } from "../src/stores/memory.ts";
import { runSuites } from "./worker.ts";

/** The statuses for a valid message, its repeat and a changed one, over `node:http`. */
async function overHttp(): Promise<number[]> {
  const secret = generateSecret((n) => crypto.getRandomValues(new Uint8Array(n)));
  const endpoint = handle({ secrets: secret, store: memoryStore(), onError: () => {}, handler: () => {} });
  const server = createServer((request, response) => void nodeHandler(endpoint)(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const timestampSeconds = Math.floor(new Date().getTime() / 1000);
  const headers = await sign('{"a":1}', { id: "msg_1", timestampSeconds, secrets: [secret] });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const statuses: number[] = [];
  for (const body of ['{"a":1}', '{"a":1}', '{"a": 1}']) {
    const response = await fetch(url, { method: "POST", headers, body });
    await response.text();
    statuses.push(response.status);
  }
  server.close();
  return statuses;
}

process.stdout.write(JSON.stringify({ ...(await runSuites()), http: await overHttp() }), () =>
  process.exit(0),
);
