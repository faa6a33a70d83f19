/** What a turn does about the circuits of its endpoints, with a clock moved by hand. */
import { expect, test } from "vitest";
import type { OperatorEvent } from "../../core/operator-events.ts";
import {
  type Answer,
  createDispatchBench,
  type SeenRequest,
  startDispatchBench,
} from "../../testing/dispatch-bench.ts";

const hourMs = 3_600_000;
const retry = {
  schedule: ["10ms", "10ms", "10ms", "10ms", "10ms", "10ms", "10ms", "10ms", "10ms", "10ms", "10ms", "10ms"],
  client_error_schedule: [],
  jitter: "none",
  expires_after: "80h",
  retry_after_max: "1h",
} as const;

/** A partner with the endpoints `broken` (10) and `fine` (11), and who was told what. */
async function broken(answer: () => Answer, document: object = {}, fine = (): Answer => ({ status: 200 })) {
  const told: OperatorEvent[] = [];
  const operatorEvents = { tell: (event: OperatorEvent) => void told.push(event), windowMs: hourMs };
  const bench = await startDispatchBench(
    ({ request }: SeenRequest) => (request.url.includes("broken") ? answer() : fine()),
    { operatorEvents },
  );
  bench.ledger.putPartner(1, { maxInFlight: 4 }, [
    { url: "https://broken.example/", retry, ...document },
    { url: "https://fine.example/" },
  ]);
  const to = (place: string) => bench.seen.filter(({ request }) => request.url.includes(place));
  const circuit = () => bench.ledger.circuits.get(10)?.circuit;
  const opened = async () => {
    bench.ledger.enqueue(10, 200, bench.clock.now());
    bench.turns.ring([1]);
    await bench.clock.advanceUntil(() => circuit()?.state === "open", 60_000, 1);
    await bench.clock.advance(5);
  };
  return { ...bench, told, to, circuit, opened };
}

test("after ten failures in a row nothing is sent to the endpoint until its probe, and others are served", async () => {
  const { ledger, turns, clock, to, circuit, opened, told } = await broken(() => ({ status: 503 }));
  await opened();
  const sent = to("broken").length;
  // What was in flight when it opened is counted in.
  expect(sent).toBeGreaterThanOrEqual(10);
  expect(sent).toBeLessThanOrEqual(14);
  const { probeAtMs, openedAtMs } = circuit()!;
  ledger.enqueue(11, 50, clock.now());
  turns.ring([1]);
  await clock.advance(probeAtMs! - clock.now() - 50);
  expect(to("fine")).toHaveLength(50);
  expect(to("broken")).toHaveLength(sent);
  await clock.advance(120);
  expect(to("broken")).toHaveLength(sent + 1);
  expect(to("broken").at(-1)!.atMs).toSatisfy((ms: number) => ms >= probeAtMs! && ms < probeAtMs! + 30);
  expect(circuit()).toMatchObject({ state: "open", waitMs: 10_000, openedAtMs });
  expect(told.map(({ type, eventId }) => [type, eventId])).toEqual([
    ["endpoint.failing", `op.endpoint.failing.partner-1.endpoint-0.open.${openedAtMs}`],
  ]);
});

test("a probe is one request, and those of other endpoints pass by while it is in flight", async () => {
  let answer: Answer = { status: 503 };
  const { ledger, turns, clock, to, circuit, opened, dispatcher } = await broken(() => answer);
  await opened();
  answer = "hang";
  const sent = to("broken").length;
  await clock.advanceUntil(() => to("broken").length > sent, 10_000, 5);
  expect(dispatcher.progress().inFlight).toBe(1);
  const fine = ledger.enqueue(11, 400, clock.now() - 1);
  turns.ring([1]);
  await clock.advanceUntil(() => fine.every((id) => ledger.finished.has(id)), 2_000);
  expect(to("broken")).toHaveLength(sent + 1);
  expect(circuit()?.waitMs).toBe(5_000);
  await clock.advance(10_000);
  expect(circuit()?.waitMs).toBe(10_000);
});

test("probes spend no attempt of a delivery, are recorded under their numbers, and take turns", async () => {
  const { ledger, clock, to, opened, attempts } = await broken(() => ({ status: 503 }));
  await opened();
  const ladderSteps = () =>
    [...ledger.pending.values()].map(({ attemptsMade, attemptsBefore }) => attemptsMade - attemptsBefore);
  const before = ladderSteps().reduce((sum, steps) => sum + steps, 0);
  const sent = to("broken").length;
  await clock.advance(2 * hourMs);
  const probes = to("broken").slice(sent);
  expect(probes.length).toBeGreaterThan(10);
  expect(new Set(probes.map(({ id }) => id)).size).toBe(probes.length);
  expect(ladderSteps().reduce((sum, steps) => sum + steps, 0)).toBe(before);
  expect(ledger.pending.size).toBe(200);
  expect(ledger.attempts).toHaveLength(to("broken").length);
  expect(attempts.every(({ outcome }) => outcome === "retry")).toBe(true);
});

test("what expired meanwhile ends as expired, unsent, and the next one is the probe", async () => {
  const { ledger, clock, to, opened } = await broken(() => ({ status: 503 }), {
    retry: { ...retry, expires_after: "30s" },
  });
  await opened();
  await clock.advance(20_000);
  const sent = to("broken").length;
  await clock.advance(hourMs);
  expect(ledger.pending.size).toBe(0);
  expect(
    [...ledger.finished.values()].map(({ change }) => change.kind === "finish" && change.reason),
  ).toEqual(Array.from({ length: 200 }, () => "expired"));
  expect(to("broken").length - sent).toBeLessThan(3);
});

test("after a probe that succeeds the endpoint comes back with one in flight, two, three, and is well", async () => {
  let status = 503;
  const { ledger, clock, to, circuit, opened, told, inFlight } = await broken(() => ({
    status,
    afterMs: 20,
  }));
  await opened();
  status = 200;
  const sent = to("broken").length;
  await clock.advanceUntil(() => to("broken").length > sent, 10_000, 1);
  const seenInFlight: number[] = [];
  await clock.advanceUntil(
    () => {
      seenInFlight.push(inFlight());
      return ledger.finished.size >= 30;
    },
    5_000,
    1,
  );
  const steps = seenInFlight.filter((n, index) => n !== seenInFlight[index - 1] && n > 0);
  expect(steps.slice(0, 3)).toEqual([1, 2, 4]);
  expect(circuit()).toBeUndefined();
  expect(told.map(({ type }) => type)).toEqual(["endpoint.failing", "endpoint.recovered"]);
  await clock.advanceUntil(() => ledger.finished.size === 200, 5_000);
  expect([...ledger.finished.values()].every(({ change }) => change.kind === "finish")).toBe(true);
});

test("during a ramp others are not held back by the endpoint's backlog", async () => {
  let status = 503;
  const { ledger, turns, clock, to, opened } = await broken(() => ({ status, afterMs: 2_000 }));
  ledger.enqueue(10, 3_000, clock.now());
  turns.ring([1]);
  await opened();
  status = 200;
  const sent = to("broken").length;
  await clock.advanceUntil(() => to("broken").length > sent, 20_000, 5);
  const fine = ledger.enqueue(11, 400, clock.now());
  let busiest = 0;
  const claim = ledger.claim.bind(ledger);
  ledger.claim = async (requests, ...rest) => {
    busiest = Math.max(busiest, ...requests.map(({ busyIds }) => busyIds.length));
    return claim(requests, ...rest);
  };
  turns.ring([1]);
  await clock.advanceUntil(() => fine.every((id) => ledger.finished.has(id)), 1_500);
  // Its 3,200 are not all claimed and set apart on the way to the others.
  expect(busiest).toBeLessThan(300);
  expect(to("broken").length - sent).toBeLessThan(4);
});

test("a circuit follows its partner: what one process opened another does not call", async () => {
  const { ledger, clock, to, opened, circuit } = await broken(() => ({ status: 503 }));
  await opened();
  const second = createDispatchBench(() => ({ status: 200 }), { memory: ledger, clock });
  await second.dispatcher.start();
  const sent = to("broken").length;
  const { probeAtMs } = circuit()!;
  second.turns.ring([1]);
  await clock.advance(probeAtMs! - clock.now() - 20);
  expect([second.seen.length, to("broken").length]).toEqual([0, sent]);
  let over = false;
  void second.dispatcher.stop(0).then(() => (over = true));
  await clock.advanceUntil(() => over, 20);
});

test("a resume is taken up at once, also by a turn that goes on and knew the circuit as open", async () => {
  let status = 503;
  let afterMs = 1;
  const fine = () => ({ status: 200, afterMs });
  const answer = () => ({ status, afterMs: status === 200 ? 500 : 1 });
  const { ledger, turns, clock, to, opened, circuit } = await broken(answer, {}, fine);
  await opened();
  // The share grows again, so that one that is slow leaves room.
  ledger.enqueue(11, 20, clock.now());
  turns.ring([1]);
  await clock.advance(50);
  afterMs = 9_000;
  ledger.enqueue(11, 1, clock.now());
  turns.ring([1]);
  await clock.advance(5);
  const { fence } = ledger.partner(1);
  status = 200;
  const sent = to("broken").length;
  ledger.resume(10);
  turns.ring([1]);
  await clock.advance(30);
  expect([turns.load().active, ledger.partner(1).fence]).toEqual([1, fence]);
  // A circuit still taken for open would let one go.
  expect(to("broken").length).toBe(sent + 3);
  expect(circuit()).toBeUndefined();
});

test("marks of the time to failing are told, and at its end the endpoint is paused with its backlog", async () => {
  const { ledger, clock, to, opened, told } = await broken(() => ({ status: 503 }), { disable_after: "2h" });
  await opened();
  await clock.advance(3 * hourMs);
  expect(told.map(({ type, data }) => [type, data["percent"]])).toEqual([
    ["endpoint.failing", null],
    ["endpoint.failing", 50],
    ["endpoint.failing", 70],
    ["endpoint.failing", 90],
    ["endpoint.disabled", 100],
  ]);
  expect(ledger.holds.at(-1)).toMatchObject({ endpointNo: 10, untilMs: null });
  const sent = to("broken").length;
  await clock.advance(24 * hourMs);
  expect(to("broken")).toHaveLength(sent);
  expect(ledger.pending.size).toBe(200);
});

test("deaths and 410 are told; what is well writes nothing", async () => {
  let status = 200;
  const { ledger, turns, clock, told } = await broken(() => ({ status }), {
    retry: { ...retry, schedule: [] },
  });
  const send = async (n: number) => {
    ledger.enqueue(10, n, clock.now());
    turns.ring([1]);
    await clock.advance(500);
  };
  await send(100);
  expect([ledger.calls.saveCircuits, told.length]).toEqual([0, 0]);
  status = 400;
  await send(3);
  expect(new Set(told.map(({ eventId }) => eventId)).size).toBe(1);
  expect(told[0]).toMatchObject({
    type: "delivery.dead",
    data: { reason: "rejected", endpoint: "endpoint-0" },
  });
  status = 410;
  await send(1);
  expect(told.at(-1)).toMatchObject({ type: "endpoint.disabled", data: { cause: "gone" } });
  // The refusals of a turn without a success were kept, and are gone with the pause.
  expect([ledger.calls.saveCircuits, ledger.circuits.size]).toEqual([2, 0]);
});

/** A dispatcher whose partner answers by `answers`, one after the other; the last goes on. */
async function refusing(answers: number[]) {
  const first = answers.slice();
  const bench = await broken(() => ({ status: first.length > 1 ? first.shift()! : first[0]! }), {
    retry: { ...retry, client_error_schedule: ["10h"] },
  });
  const send = async (n: number, waitMs = 3_000) => {
    bench.ledger.enqueue(10, n, bench.clock.now());
    bench.turns.ring([1]);
    await bench.clock.advance(waitMs);
  };
  const types = () => new Map(bench.told.map(({ eventId, type }) => [eventId, type]));
  return { ...bench, send, types, answer: (status: number) => first.splice(0, first.length, status) };
}

test("an endpoint that refuses all is told of once per window, is shown, and is sent to as before", async () => {
  const { ledger, clock, send, told, types, circuit, to } = await refusing([401]);
  await send(19);
  expect([types().size, circuit()?.refusals?.refused]).toEqual([0, 19]);
  await send(300);
  expect(to("broken")).toHaveLength(319);
  expect([...types().values()]).toEqual(["endpoint.refusing"]);
  expect(told[0]).toMatchObject({
    eventId: `op.endpoint.refusing.partner-1.endpoint-0.${Math.floor(clock.now() / hourMs)}`,
    data: { refusals: 20, requests: 20, error: "status 401", refusing_since: expect.any(String) },
  });
  expect(circuit()).toMatchObject({ state: "closed", refusals: { refusing: true, refused: 319 } });
  expect(ledger.holds).toEqual([]);
  await clock.advance(hourMs);
  await send(5);
  expect(types().size).toBe(2);
});

test("little traffic: every one of five refused over a quarter of an hour, in turns of their own", async () => {
  const { send, types } = await refusing([403]);
  for (let n = 0; n < 4; n++) await send(1, 4 * 60_000);
  expect(types().size).toBe(0);
  await send(1);
  expect([...types().values()]).toEqual(["endpoint.refusing"]);
});

test("it ends with three successes in a row, which one now and then is not", async () => {
  const { send, types, answer, circuit } = await refusing([
    ...Array.from({ length: 30 }, () => 401),
    200,
    200,
    401,
  ]);
  await send(33);
  expect(circuit()?.refusals?.refusing).toBe(true);
  answer(200);
  await send(3);
  expect([...types().values()]).toEqual(["endpoint.refusing", "endpoint.recovered"]);
  expect(circuit()).toBeUndefined();
});

test("refusals follow the partner to another process, and both make one event", async () => {
  const { ledger, clock, send, told, circuit, dispatcher } = await refusing([401]);
  await send(15);
  let over = false;
  void dispatcher.stop(0).then(() => (over = true));
  await clock.advanceUntil(() => over, 5_000);
  const heard: OperatorEvent[] = [];
  const operatorEvents = { tell: (event: OperatorEvent) => void heard.push(event), windowMs: hourMs };
  const second = createDispatchBench(() => ({ status: 401 }), { memory: ledger, clock, operatorEvents });
  await second.dispatcher.start();
  ledger.enqueue(10, 10, clock.now());
  second.turns.ring([1]);
  await clock.advance(3_000);
  expect(told).toEqual([]);
  expect(new Set(heard.map(({ eventId }) => eventId)).size).toBe(1);
  expect(circuit()?.refusals).toMatchObject({ refused: 25, refusing: true });
  over = false;
  void second.dispatcher.stop(0).then(() => (over = true));
  await clock.advanceUntil(() => over, 5_000);
});

test("a refusal among successes of a turn writes nothing, and one that ends it a row that the next success removes", async () => {
  const { ledger, send, types, circuit } = await refusing([200, 200, 404, 200, 422, 200, 404, 200]);
  await send(6);
  expect(ledger.calls.saveCircuits).toBe(0);
  await send(1);
  expect(circuit()?.refusals).toMatchObject({ refused: 1 });
  await send(10);
  expect([ledger.calls.saveCircuits, circuit(), types().size]).toEqual([2, undefined, 0]);
});

test.each([409, 423])(
  "%i with Retry-After delays its delivery alone, on the ordinary ladder",
  async (status) => {
    let first = true;
    const { ledger, turns, clock, to } = await broken(() => {
      if (!first) return { status: 200 };
      first = false;
      return { status, retryAfter: "7" };
    });
    const [busy, ...others] = ledger.enqueue(10, 30, clock.now());
    turns.ring([1]);
    await clock.advance(6_900);
    expect(ledger.holds).toEqual([]);
    expect(others.every((id) => ledger.finished.has(id))).toBe(true);
    expect(ledger.pending.get(busy!)).toMatchObject({ attemptsMade: 1, clientErrors: 0 });
    await clock.advance(200);
    expect(ledger.finished.has(busy!)).toBe(true);
    expect(to("broken")).toHaveLength(31);
  },
);

test("404 with a long Retry-After holds its delivery, and the endpoint goes on; 429 holds both", async () => {
  let status = 404;
  const { ledger, turns, clock } = await broken(() => ({ status, retryAfter: "600" }), {
    retry: { ...retry, client_error_schedule: ["1m"] },
  });
  ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advance(1_000);
  expect(ledger.holds).toEqual([]);
  expect([...ledger.pending.values()][0]!.dueAtMs - clock.now()).toBeGreaterThan(590_000);
  status = 429;
  ledger.enqueue(10, 1, clock.now());
  turns.ring([1]);
  await clock.advance(1_000);
  expect(ledger.holds).toHaveLength(1);
});
