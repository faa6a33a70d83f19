import { findPostgres, findRedis } from "@postrider/engine/testing";
import { afterAll, describe, expect, test } from "vitest";
import { stopServers } from "../system/servers.ts";
import { startSink } from "../processes/sink-process.ts";
import { measureThroughput } from "./throughput.ts";

describe("throughput", { skip: findPostgres() === null || findRedis() === null }, () => {
  afterAll(stopServers);

  test("is counted at the sink, with what each process and server spent on it", {
    timeout: 120_000,
  }, async () => {
    const sink = await startSink();
    const result = await measureThroughput(
      sink,
      { kind: "postgresql+redis", workers: 2, partners: 10, events: 400 },
      500,
    );
    await sink.stop();
    expect(result.case).toBe("postgresql+redis, 2 workers, 10 partners");
    expect(Object.keys(result.figures)).toEqual(
      expect.arrayContaining([
        "ratio",
        "workerCpuMicros",
        "postgresCpuMicros",
        "statementsPerDelivery",
        "redisCommandsPerDelivery",
        "workerRssMb",
      ]),
    );
    for (const [name, value] of Object.entries(result.figures)) expect(value, name).not.toBeNaN();
  });
});
