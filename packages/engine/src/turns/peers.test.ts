import { randomUUID } from "node:crypto";
import { expect, inject, onTestFinished, test } from "vitest";
import { systemClock } from "../ports/clock.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { createPeers } from "./peers.ts";
import { parseRedisAddress } from "./redis-address.ts";
import { createRedisClient } from "./redis-client.ts";

const redisUrl = inject("redisUrl");

const until = async (fact: () => boolean) => {
  const lastMs = performance.now() + 5_000;
  while (!fact()) {
    if (performance.now() > lastMs) throw new Error("It did not come about.");
    await systemClock.sleep(1);
  }
};

/** Two processes that can hear each other. */
async function openTwo() {
  const address = parseRedisAddress(redisUrl!);
  const prefix = `{${randomUUID()}}`;
  const clock = createManualClock(0);
  const open = async () => {
    const client = createRedisClient(address, "messages");
    const listener = createRedisClient(address, "messages");
    await Promise.all([client.connect(), listener.connect()]);
    const heard = { rings: [] as number[], told: [] as number[], undelivered: [] as number[] };
    const peers = createPeers({
      id: randomUUID(),
      prefix,
      client,
      listener,
      clock,
      fault() {},
      onRings: (partnerNos) => heard.rings.push(...partnerNos),
      onTold: (partnerNos) => heard.told.push(...partnerNos),
      undelivered: (partnerNos) => heard.undelivered.push(...partnerNos),
    });
    onTestFinished(() => {
      listener.disconnect();
      client.disconnect();
    });
    await peers.join();
    return { peers, client, heard };
  };
  const [a, b] = [await open(), await open()];
  return { a, b, clock };
}

test.skipIf(redisUrl === null)("who has a partner's turn is known to all, until it is released", async () => {
  const { a, b } = await openTwo();
  a.peers.hold(1);
  a.peers.hold(2);
  await until(() => b.peers.holderOf(2) === a.peers.id);
  expect([a.peers.holderOf(1), b.peers.holderOf(1), b.peers.holderOf(3)]).toEqual([
    a.peers.id,
    a.peers.id,
    null,
  ]);
  b.peers.hold(2);
  await until(() => a.peers.holderOf(2) === b.peers.id);
  // What is not its own a process cannot release.
  a.peers.release(2);
  a.peers.release(1);
  await until(() => b.peers.holderOf(1) === null);
  expect([a.peers.holderOf(1), a.peers.holderOf(2), b.peers.holderOf(2)]).toEqual([
    null,
    b.peers.id,
    b.peers.id,
  ]);
});

test.skipIf(redisUrl === null)(
  "what was said is forgotten within two seconds unless it is said again",
  async () => {
    const { a, b, clock } = await openTwo();
    a.peers.hold(1);
    a.peers.hold(2);
    await until(() => b.peers.holderOf(2) === a.peers.id);
    await clock.advance(1_100);
    expect(b.peers.holderOf(1)).toBe(a.peers.id);
    a.peers.hold(1);
    a.peers.hold(3);
    await until(() => b.peers.holderOf(3) === a.peers.id);
    await clock.advance(1_100);
    expect([b.peers.holderOf(1), b.peers.holderOf(2)]).toEqual([a.peers.id, null]);
    await clock.advance(60_000);
    expect(b.peers.holderOf(1)).toBeNull();
  },
);

test.skipIf(redisUrl === null)(
  "rings of one moment go together to one process; those that nobody heard come back",
  async () => {
    const { a, b } = await openTwo();
    a.peers.hold(1);
    await until(() => b.peers.holderOf(1) === a.peers.id);
    for (const partnerNo of [1, 2, 1]) b.peers.ring(a.peers.id, partnerNo);
    await until(() => a.heard.rings.length > 0);
    expect([a.heard.rings, b.heard.rings, b.heard.undelivered]).toEqual([[1, 2], [], []]);
    await a.peers.leave();
    b.peers.ring(a.peers.id, 1);
    await until(() => b.heard.undelivered.length > 0);
    expect([b.heard.undelivered, b.peers.holderOf(1), a.heard.rings]).toEqual([[1], null, [1, 2]]);
  },
);

test.skipIf(redisUrl === null)("a process that hears itself has proven both connections", async () => {
  const { a } = await openTwo();
  await a.peers.prove();
  expect(a.heard).toEqual({ rings: [], told: [], undelivered: [] });
});

test.skipIf(redisUrl === null)("a process that does not hear itself in time says so", async () => {
  const { a, clock } = await openTwo();
  await a.peers.leave();
  const proven = a.peers.prove().then(
    () => null,
    (error: unknown) => error,
  );
  let found: unknown = null;
  void proven.then((error) => (found = error));
  while (found === null) {
    await clock.advance(500);
    await systemClock.sleep(1);
  }
  expect(found).toMatchObject({ kind: "silent", afterMs: 1_500 });
});
