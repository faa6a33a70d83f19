import { createConnection } from "node:net";
import type { RedisServer } from "@postrider/engine/testing";

/** Calls of a Redis command since the server began, as `INFO commandstats` counts them. */
export async function redisCallsOf(redis: RedisServer, command: string): Promise<number> {
  const stats = await infoText(redis, "commandstats");
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m").exec(stats)?.[1] ?? 0);
}

function infoText({ url }: RedisServer, section: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port: Number(new URL(url).port), host: "127.0.0.1" });
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("data", (chunk: string) => (text += chunk));
    socket.on("close", () => resolve(text));
    socket.write(`INFO ${section}\r\nQUIT\r\n`);
  });
}
