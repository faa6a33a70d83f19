import { Agent, request } from "undici";
import { openLoop, until } from "./open-loop.ts";
import { benchEvent, dataText } from "./payload.ts";
import { percentile, type Result, rounded } from "./result.ts";
import { benchApiKey, startServerProcess } from "./server-process.ts";
import type { SinkProcess } from "./sink-process.ts";
import { addPartners, benchDatabase, startSystem } from "./system.ts";

const perSecond = 200;
const target = { figure: "p99Ms", atMost: 25 } as const;

/** From the moment an event was due to be sent until its postback arrived, by the engine's own door. */
export async function measureEngineLatency(sink: SinkProcess, durationMs: number): Promise<Result> {
  const system = await startSystem("postgresql", sink);
  await addPartners(system, sink, 1);
  const { events } = system.engine;
  const send = (run: string) => async (n: number, dueMs: number) => {
    const { partnerNos } = await events.accept([benchEvent(run, n, 1, dueMs)], Date.now());
    system.engine.ring(partnerNos);
  };
  await openLoop(perSecond, 2_000, send("warm"));
  await arrived(sink, perSecond * 2);
  await sink.ask("reset");
  await openLoop(perSecond, durationMs, send("run"));
  const latencies = await arrived(sink, (perSecond * durationMs) / 1_000);
  await system.stop();
  return {
    bench: "latency",
    case: `postgresql, engine, ${perSecond}/s`,
    figures: figuresOf(latencies),
    target,
  };
}

/** The same through `POST /v1/events` of a server process, one event a call. */
export async function measureHttpLatency(sink: SinkProcess, durationMs: number): Promise<Result> {
  const server = await startServerProcess({
    DATABASE_URL: await benchDatabase(),
    POSTRIDER_ALLOW_TARGETS: sink.target,
    POSTRIDER_MASTER_KEY: "0".repeat(64),
  });
  const agent = new Agent({ connections: 64, pipelining: 1 });
  const call = async (method: "PUT" | "POST", path: string, body: string) => {
    const headers = { authorization: `Bearer ${benchApiKey}`, "content-type": "application/json" };
    const answer = await request(`${server.url}${path}`, { method, dispatcher: agent, headers, body });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
  };
  const send = (run: string) => (n: number, dueMs: number) =>
    call(
      "POST",
      "/v1/events",
      `{"event_id":"${run}-${n}","type":"conversion.approved","schema_version":1,"occurred_at":"2026-01-31T10:00:00Z","data":${dataText(n, dueMs)}}`,
    );
  try {
    await call("PUT", "/v1/partners/p0", JSON.stringify({ name: "Partner 0", max_in_flight: 64 }));
    await call("PUT", "/v1/partners/p0/endpoints/main", JSON.stringify({ url: `http://${sink.target}/ok` }));
    await sink.ask("reset");
    await openLoop(perSecond, 2_000, send("warm"));
    await arrived(sink, perSecond * 2);
    await sink.ask("reset");
    await openLoop(perSecond, durationMs, send("run"));
    const latencies = await arrived(sink, (perSecond * durationMs) / 1_000);
    return {
      bench: "latency",
      case: `postgresql, HTTP API, ${perSecond}/s`,
      figures: { ...figuresOf(latencies), serverRssMb: server.rssMb() },
      target,
    };
  } finally {
    await agent.close();
    await server.stop();
  }
}

/** The latencies at `/ok`, once `count` of them are there. */
export async function arrived(sink: SinkProcess, count: number): Promise<number[]> {
  let list: number[] = [];
  await until(`the arrival of ${count} postbacks`, async () => {
    const { latencies } = await sink.ask<{ latencies: [string, number[]][] }>("latencies");
    list = latencies.find(([path]) => path === "/ok")?.[1] ?? [];
    return list.length >= count;
  });
  return list;
}

function figuresOf(latencies: readonly number[]): Record<string, number> {
  return {
    p50Ms: rounded(percentile(latencies, 0.5)),
    p99Ms: rounded(percentile(latencies, 0.99)),
    maxMs: rounded(percentile(latencies, 1)),
    events: latencies.length,
  };
}
