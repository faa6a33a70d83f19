import { expect, test } from "vitest";
import { Places } from "../../dispatch/turn/places.ts";
import type { Claimed } from "../../ports/ledger.ts";
import { type Bench, ended, minuteMs, retried, suiteNowMs as now, type TestPartner } from "./bench.ts";
import { orderedPartner } from "./timing.ts";

const page = 5;

/** Claims that begin where the last page ended. */
export function placesTests(bench: () => Bench): void {
  /** A turn that is in the middle of a backlog, and reads from the heads as seldom as any. */
  async function inTheMiddle(acme: TestPartner) {
    const { enqueue, turn, dispatch, waiting } = bench();
    await enqueue(acme, 4 * page, now - minuteMs);
    let [nowMs, monotonicMs] = [now, 0];
    const places = new Places({ now: () => nowMs, monotonicMs: () => monotonicMs });
    let fence: number | null = null;
    const sent: string[] = [];
    const claim = async (): Promise<Claimed & { readonly placed: boolean }> => {
      const asked = places.ask(page);
      const claimed = await turn(acme, nowMs, { ...(fence ? { fence } : {}), limit: page, from: asked.from });
      fence = claimed.fence;
      monotonicMs += 1_000;
      asked.takeOver(claimed, true);
      sent.push(...claimed.deliveries.map(({ id }) => id));
      return { ...claimed, placed: asked.from !== null };
    };
    const send = async () => {
      const claimed = await claim();
      await dispatch.record(
        claimed.deliveries.map((delivery) => ended(claimed, delivery, nowMs, 200)),
        false,
      );
      return claimed;
    };
    const first = await claim();
    const [kept, ...others] = first.deliveries;
    await dispatch.record(
      others.map((delivery) => ended(first, delivery, nowMs, 500)),
      false,
    );
    return {
      first: { ...first, kept: kept! },
      later: (byMs: number) => void (nowMs += byMs),
      /** Goes on until nothing is due, and what was not read from the heads was looked at again. */
      async drain() {
        expect((await send()).placed).toBe(true);
        for (;;) {
          const { deliveries } = await send();
          const lookInMs = places.lookInMs();
          if (deliveries.length === 0 && lookInMs === Number.POSITIVE_INFINITY) break;
          if (deliveries.length === 0) monotonicMs += lookInMs;
        }
        expect(await waiting(acme)).toEqual([]);
        return sent;
      },
    };
  }

  const ways: Readonly<
    Record<string, (acme: TestPartner, turn: Awaited<ReturnType<typeof inTheMiddle>>) => Promise<unknown>>
  > = {
    "is stored late, by a transaction that took long": async (acme) =>
      bench().enqueue(acme, 2, now - 2 * minuteMs),
    "is put back with its old time": async (_, { first }) => {
      const outcome = retried(first, first.kept, now, now - 2 * minuteMs);
      await bench().dispatch.record([{ ...outcome, attempt: null }], false);
    },
    "is to be retried at a time that is over when it is stored": async (_, { first }) =>
      bench().dispatch.record([retried(first, first.kept, now, now - minuteMs)], false),
    "is replayed": async (acme) => {
      await bench().operations.createReplay(
        { filter: { partner: acme.id }, ratePerSecond: null, requestedBy: "test" },
        now - minuteMs,
      );
      await bench().dispatch.advanceReplays(100, now - minuteMs);
    },
    "waited for a retry and is sent now": async (acme, { first }) => {
      await bench().dispatch.record([retried(first, first.kept, now, now + 60 * minuteMs)], false);
      await bench().operations.retryNow({ partner: acme.id }, { dryRun: false }, now - minuteMs);
    },
    "waits for an endpoint that was held for a moment": async (acme, turn) => {
      const { endpointNo } = (await bench().dispatch.locate(acme.id, "main"))!;
      await bench().dispatch.hold([{ endpointNo, untilMs: now + 1_000, note: "asked to wait" }]);
      turn.later(2_000);
    },
    "waits for an endpoint that was paused and is resumed": async (acme) => {
      const { endpointNo } = (await bench().dispatch.locate(acme.id, "main"))!;
      await bench().dispatch.hold([{ endpointNo, untilMs: null, note: "status 410" }]);
      await bench().enqueue(acme, 2, now - 2 * minuteMs);
      await bench().operations.resumeEndpoint(acme.id, "main", now);
    },
  };

  test.each(Object.entries(ways))(
    "what gets in front because it %s is found, and nothing is sent twice",
    async (_, act) => {
      const acme = await bench().partner();
      const turn = await inTheMiddle(acme);
      await act(acme, turn);
      const { kept } = turn.first;
      const sent = await turn.drain();
      expect(sent).toContain(kept.id);
    },
  );

  test("what gets in front because the one before it of its order key ended is found, each once and in order", async () => {
    const { event, door, dispatch } = bench();
    const acme = await orderedPartner(bench(), "30s");
    const events = Array.from({ length: 3 }, () => event(acme, { order_key: "a" }));
    await door.accept(events, now - 2 * minuteMs);
    const turn = await inTheMiddle(acme);
    const { kept } = turn.first;
    expect(kept.eventId).toBe(events[0]!.event_id);
    turn.later(5_000);
    await dispatch.record([ended(turn.first, kept, now + 5_000, 200)], false);
    const sent = await turn.drain();
    expect(new Set(sent).size).toBe(sent.length);
  });
}
