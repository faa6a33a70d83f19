import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Claims } from "../../dispatch/turn/claims.ts";
import { Places } from "../../dispatch/turn/places.ts";
import type { DueDelivery } from "../../ports/ledger.ts";
import { type Bench, ended, minuteMs, retried, suiteNowMs } from "./bench.ts";
import { orderedPartner } from "./timing.ts";

const seed = 15_485_863;
const holdMs = 4 * minuteMs;
const stepKinds = [
  "accept",
  "accept",
  "claim",
  "claim",
  "claim",
  "answer",
  "answer",
  "answer",
  "cancel",
  "replay",
  "sweep",
  "wait",
] as const;

/** Whatever is done in whatever order: of a key one at a time, in the order of acceptance unless a hold was over. */
export function orderingTests(bench: () => Bench): void {
  test.each([
    ["from the heads", false],
    ["from where its last page ended", true],
  ])(
    "the order of each key holds over any sequence of operations, and nothing is left behind, with claims %s",
    async (_, fromPlaces) => {
      const done = new Map<string, number>();
      let overtaken = 0;
      let begunAtPlaces = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ kind: fc.constantFrom(...stepKinds), n: fc.nat(9) }), {
            minLength: 25,
            maxLength: 60,
          }),
          async (steps) => {
            const world = await createWorld(bench(), fromPlaces);
            for (const { kind, n } of steps) {
              await world[kind](n);
              done.set(kind, (done.get(kind) ?? 0) + 1);
            }
            await world.finish();
            overtaken += world.overtaken();
            begunAtPlaces += world.begunAtPlaces();
          },
        ),
        { seed, numRuns: 20, endOnFailure: true },
      );
      expect([...done.keys()].toSorted()).toEqual([...new Set<string>(stepKinds)].toSorted());
      // Else the sequences never made a hold end, and the test says less than it seems to.
      expect(overtaken).toBeGreaterThan(0);
      expect(begunAtPlaces > 0).toBe(fromPlaces);
    },
  );
}

interface Known {
  readonly key: string | null;
  /** Its place in the order of acceptance. */
  readonly place: number;
}

/** One partner's turn that goes on, with what it has claimed as a real turn has it; and a model of what was accepted. */
async function createWorld(bench: Bench, fromPlaces: boolean) {
  const { event, door, turn, dispatch, operations, waiting } = bench;
  const acme = await orderedPartner(bench, "4m");
  let nowMs = suiteNowMs;
  let places = 0;
  let overtaken = 0;
  const claims = new Claims();
  let begunAtPlaces = 0;
  let [monotonicMs, claimMs] = [0, fromPlaces ? 1_000 : 0];
  const turnPlaces = new Places({ now: () => nowMs, monotonicMs: () => monotonicMs });
  const { fence } = await turn(acme, nowMs, { limit: 1 });
  const known = new Map<string, Known>();
  let inFlight: DueDelivery[] = [];

  /** Sends what the ledger gives, and holds it to the rule at the moment of the claim. */
  async function claim(limit: number): Promise<number> {
    const before = inFlight.length;
    const answer = claims.ask();
    const page = turnPlaces.ask(limit);
    if (page.from) begunAtPlaces += 1;
    const claimed = await turn(acme, nowMs, { fence, limit, busy: [...claims.busyIds], from: page.from });
    monotonicMs += claimMs;
    page.takeOver(claimed, answer(claimed.deliveries));
    const waitingIds = new Set(await waiting(acme));
    while (claims.waiting > 0) {
      const delivery = claims.first;
      claims.shift();
      const { key, place } = known.get(delivery.eventId)!;
      const sameKey = inFlight.filter((other) => key !== null && other.orderKey === key);
      expect(sameKey).toEqual([]);
      if (key !== null) {
        const ahead = [...known.values()].some(
          (other) => other.key === key && other.place < place && waitingIds.has(idOf(other)),
        );
        if (ahead) {
          expect(delivery.enqueuedAtMs + holdMs).toBeLessThanOrEqual(nowMs);
          overtaken += 1;
        }
      }
      inFlight.push(delivery);
    }
    return inFlight.length - before;
  }

  const ids = new Map<number, string>();
  const idOf = ({ place }: Known) => ids.get(place) ?? "";

  async function answerOne(index: number, kind: number): Promise<void> {
    const delivery = inFlight[index % Math.max(1, inFlight.length)];
    if (!delivery) return;
    inFlight = inFlight.filter((other) => other !== delivery);
    const holder = { partnerNo: acme.no, fence };
    await dispatch.record(
      [
        kind < 4
          ? retried(holder, delivery, nowMs, nowMs + kind * 8 * minuteMs)
          : ended(holder, delivery, nowMs, kind < 6 ? 500 : 200),
      ],
      false,
    );
    claims.release(delivery.id);
  }

  return {
    async accept(n: number) {
      const stored = n % 5 === 4 ? nowMs - n * 1_000 : nowMs;
      const events = Array.from({ length: 1 + (n % 4) }, (_, index) => {
        const key = (n + index) % 4 === 3 ? null : `key-${(n + index) % 2}`;
        const one = event(acme, {
          ...(key === null ? {} : { order_key: key }),
          ...(n === 9 ? { not_before: new Date(nowMs + minuteMs).toISOString() } : {}),
        });
        known.set(one.event_id, { key, place: places++ });
        return one;
      });
      await door.accept(events, stored);
      for (const { event_id } of events)
        ids.set(known.get(event_id)!.place, (await operations.getEvent(event_id))!.deliveries[0]!.id);
    },
    claim: (n: number) => claim(n + 1),
    answer: (n: number) => answerOne(n, n),
    async cancel(n: number) {
      const ends = [...known.keys()][n % Math.max(1, known.size)];
      if (ends !== undefined && n > 5)
        await operations.cancelDeliveries({ event_id: ends }, { dryRun: false }, nowMs);
    },
    async replay(n: number) {
      const state = n % 2 === 0 ? ("dead" as const) : ("delivered" as const);
      await operations.createReplay(
        { filter: { partner: acme.id, state }, ratePerSecond: null, requestedBy: "test" },
        nowMs,
      );
      await dispatch.advanceReplays(100, nowMs);
    },
    async sweep() {
      await dispatch.advanceReplays(100, nowMs);
    },
    async wait(n: number) {
      nowMs += n * minuteMs;
      monotonicMs += n * 200;
    },
    begunAtPlaces: () => begunAtPlaces,
    overtaken: () => overtaken,
    /** Once all is answered well, a turn must find everything by itself, with a sweep but without waiting for a hold. */
    async finish() {
      nowMs += 60 * minuteMs;
      while (inFlight.length > 0) await answerOne(0, 9);
      await dispatch.advanceReplays(100, nowMs);
      claimMs = 0;
      monotonicMs += turnPlaces.lookInMs() < Number.POSITIVE_INFINITY ? turnPlaces.lookInMs() : 0;
      while ((await claim(100)) > 0 || turnPlaces.lookInMs() < Number.POSITIVE_INFINITY) {
        while (inFlight.length > 0) await answerOne(0, 9);
        if (turnPlaces.lookInMs() < Number.POSITIVE_INFINITY) monotonicMs += turnPlaces.lookInMs();
      }
      expect(await waiting(acme)).toEqual([]);
      expect(await operations.conservation()).toMatchObject({ drift: 0 });
    },
  };
}
