import { describe, expect, test, vi } from "vitest";
import { signed, now, secret } from "../testing/signed.ts";
import { handle, type ReplayStore } from "../index.ts";

const answer = { status: 200, headers: { "content-type": "text/plain" }, body: "ok" };
const day = 86_400_000;

/** What every store must do. `make` gives a new view of the same data each time, as another process would have. */
export function replayStoreSuite(name: string, make: () => ReplayStore): void {
  let ids = 0;
  const newId = () => `${name}-${(ids += 1)}-${crypto.randomUUID()}`;

  describe(`the replay store: ${name}`, () => {
    test("an id is new once, then in progress, then done with the answer kept", async () => {
      const [store, other, id] = [make(), make(), newId()];
      const claim = await store.claim(id, day);
      expect(claim).toEqual({ state: "new", token: expect.any(String) });
      expect(await other.claim(id, day)).toEqual({ state: "in_progress", retryAfterMs: expect.any(Number) });
      await store.complete(id, (claim as { token: string }).token, answer, day);
      expect(await other.claim(id, day)).toEqual({ state: "done", answer });
      expect(await other.claim(newId(), day)).toMatchObject({ state: "new" });
    });

    test("a released id is new again; a token that is not the holder's releases nothing", async () => {
      const [store, id] = [make(), newId()];
      const { token } = (await store.claim(id, day)) as { token: string };
      await store.release(id, "not-the-token");
      expect((await store.claim(id, day)).state).toBe("in_progress");
      await store.release(id, token);
      expect((await store.claim(id, day)).state).toBe("new");
    });

    test("a lease that ran out passes on; its old holder can complete but not release", async () => {
      const [store, id] = [make(), newId()];
      const first = (await store.claim(id, 1)) as { token: string };
      const second = await vi.waitFor(async () => {
        const claim = await store.claim(id, day);
        expect(claim.state).toBe("new");
        return claim as { token: string };
      });
      await store.release(id, first.token);
      expect((await store.claim(id, day)).state).toBe("in_progress");
      await store.complete(id, first.token, answer, day);
      await store.release(id, second.token);
      expect(await store.claim(id, day)).toEqual({ state: "done", answer });
    });

    test("an answer is forgotten after its time", async () => {
      const [store, id] = [make(), newId()];
      const { token } = (await store.claim(id, day)) as { token: string };
      await store.complete(id, token, answer, 1);
      await vi.waitFor(async () => expect((await store.claim(id, day)).state).toBe("new"));
    });

    test("1,000 duplicates at once: the handler runs once", async () => {
      const id = newId();
      const headers = await signed("{}", { id });
      let runs = 0;
      const failures: unknown[] = [];
      const endpoints = Array.from({ length: 4 }, () =>
        handle({
          secrets: secret,
          now: () => now,
          store: make(),
          onError: ({ error }) => failures.push(error),
          handler: async () => {
            runs += 1;
            await new Promise((resolve) => setImmediate(resolve));
          },
        }),
      );
      const send = async (n: number) => endpoints[n % 4]?.({ headers, rawBody: () => "{}" });
      const answers = await Promise.all(Array.from({ length: 1000 }, (_, n) => send(n)));
      expect(failures).toEqual([]);
      expect(runs).toBe(1);
      const statuses = new Set(answers.map((got) => got?.status));
      expect([...statuses].every((status) => status === 200 || status === 409)).toBe(true);
      expect(answers.filter((got) => got?.status === 200).length).toBeGreaterThanOrEqual(1);
      expect((await send(0))?.body).toBe("ok");
    });

    test("control: without a shared store the same duplicates run more than once", async () => {
      const claims = await Promise.all(
        Array.from({ length: 5 }, (_, n) => make().claim(`${newId()}-${n}`, day)),
      );
      expect(claims.filter(({ state }) => state === "new")).toHaveLength(5);
    });
  });
}
