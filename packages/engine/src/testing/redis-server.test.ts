import { expect, test } from "vitest";
import { findRedis, startRedis } from "./redis-server.ts";

test.skipIf(findRedis() === null)(
  "a server keeps what it held over a halt with data, and loses it without",
  async () => {
    const redis = await startRedis();
    try {
      expect(await redis.call("SET", "kept", "1")).toBe("+OK");
      await redis.halt({ keepData: true });
      await expect(redis.call("PING")).rejects.toThrow("ECONNREFUSED");
      await redis.start();
      expect(await redis.call("DBSIZE")).toBe(":1");
      expect(await redis.info("tcp_port")).toBe(Number(new URL(redis.url).port));
      await redis.halt({ keepData: false });
      await redis.start();
      expect(await redis.call("DBSIZE")).toBe(":0");
    } finally {
      await redis.stop();
    }
  },
);
