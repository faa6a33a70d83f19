import { createHmac, createSecretKey } from "node:crypto";
import { Agent, request } from "undici";
import type { SinkProcess } from "../processes/sink-process.ts";
import { dataText } from "../load/payload.ts";

const connections = 64;

/**
 * The ceiling: what this machine's undici can send to the same sink at this moment, with the same payload and an HMAC
 * from a key object, one process, no ledger. Everything else is quoted as a share of it, because these machines' speed
 * changes from minute to minute.
 *
 * @returns requests per second
 */
export async function measureCeiling(sink: SinkProcess, requests = 60_000): Promise<number> {
  const agent = new Agent({ connections, pipelining: 1 });
  const key = createSecretKey(Buffer.alloc(24, 7));
  const url = `http://${sink.target}/ok`;
  const body = `{"id":"e-1","type":"conversion.approved","timestamp":"2026-01-31T10:00:00Z","schema_version":1,"data":${dataText(1)}}`;
  let left = requests;
  const worker = async () => {
    while (left-- > 0) {
      const id = `msg_${left}`;
      const timestamp = Math.floor(Date.now() / 1_000);
      const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
      const headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": `v1,${signature}`,
      };
      const answer = await request(url, { method: "POST", dispatcher: agent, headers, body });
      await answer.body.dump();
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: connections }, worker));
  const tookMs = performance.now() - startedMs;
  await agent.close();
  return (requests / tookMs) * 1_000;
}
