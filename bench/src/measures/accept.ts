import { startChild } from "../processes/child.ts";
import { eventsBody, type HttpDoor, openHttpDoor } from "../load/http-door.ts";
import { benchEvent } from "../load/payload.ts";
import { type Result, rounded } from "../figures/result.ts";
import { serverCluster } from "../system/server-process.ts";
import { preparedPartners } from "../system/system.ts";
import type { SinkProcess } from "../processes/sink-process.ts";

const connections = 64;
const partners = 100;
/** Calls before those that count. */
const warmCalls = 200;

/**
 * Events a second through `POST /v1/events` of a server with the role `api` alone, over 64 connections, beside what
 * `node:http` that reads the body and answers 202 does with the same calls, before and after.
 */
export async function measureAccept(sink: SinkProcess, perCall: number, calls: number): Promise<Result> {
  const bodies = Array.from({ length: calls + warmCalls }, (_, call) =>
    eventsBody(Array.from({ length: perCall }, (_, n) => benchEvent("accept", call * perCall + n, partners))),
  );
  const bare = await startChild<never>("bare-server.ts");
  const { port } = bare.ready as { port: number };
  const bareDoor = openHttpDoor(`http://127.0.0.1:${port}`);
  const cluster = await serverCluster("postgresql", null, ["api"], {
    template: await preparedPartners(sink, partners),
  });
  const door = openHttpDoor(cluster.url);
  try {
    const before = await callsPerSecond(bareDoor, bodies);
    const perSecond = await callsPerSecond(door, bodies);
    const bareRate = (before + (await callsPerSecond(bareDoor, bodies))) / 2;
    return {
      bench: "accept",
      case: `postgresql, HTTP API, ${perCall === 1 ? "one event" : `${perCall} events`} a call, ${connections} connections`,
      figures: {
        ratio: rounded(perSecond / bareRate, 3),
        eventsPerSecond: Math.round(perSecond * perCall),
        bareEventsPerSecond: Math.round(bareRate * perCall),
        events: calls * perCall,
        rssMb: cluster.largestRssMb(),
      },
    };
  } finally {
    await Promise.all([door.close(), bareDoor.close()]);
    await cluster.stop();
    await bare.child.stop();
  }
}

async function callsPerSecond(door: HttpDoor, bodies: readonly string[]): Promise<number> {
  await sendAll(door, bodies.slice(0, warmCalls));
  const startedMs = performance.now();
  await sendAll(door, bodies.slice(warmCalls));
  return ((bodies.length - warmCalls) / (performance.now() - startedMs)) * 1_000;
}

async function sendAll(door: HttpDoor, bodies: readonly string[]): Promise<void> {
  let next = 0;
  const sender = async () => {
    while (next < bodies.length) await door.post(bodies[next++]!);
  };
  await Promise.all(Array.from({ length: connections }, sender));
}
