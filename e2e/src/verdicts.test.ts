/** What an answer means for its delivery, and for the others of its endpoint, seen at a real partner. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ledgers } from "./ledgers.ts";
import { deliveryIn, eventFor, register } from "./partners.ts";
import { startServer } from "./server-process.ts";

/** A partner that answers the first event by `first`, each later try of it and all others with 200. */
async function startPartner(first: { status: number; headers: Record<string, string> }) {
  const seen: { event: string; atMs: number }[] = [];
  let answered = false;
  const server = createServer((request, response) => {
    const event = new URL(request.url ?? "/", "http://partner").searchParams.get("event") ?? "";
    seen.push({ event, atMs: performance.now() });
    const special = event.endsWith("-first") && !answered;
    if (special) answered = true;
    response.writeHead(special ? first.status : 200, special ? first.headers : {});
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { seen, host, url: `http://${host}/?event={event_id}` };
}

const cases = [
  // An answer of a receiver that deduplicates, while the first try still runs.
  ["409 with Retry-After waits alone, on the ordinary ladder", 409, { "retry-after": "6" }, 6_000],
  ["423 with Retry-After waits alone, on the ordinary ladder", 423, { "retry-after": "6" }, 6_000],
  ["409 without it is a client error", 409, {}, 1_500],
  ["404 with Retry-After waits alone, on the slow ladder", 404, { "retry-after": "6" }, 6_000],
  ["a redirect is tried again as a failure", 302, { location: "http://127.0.0.1:9/else" }, 20],
  ["304 is tried again as a failure", 304, {}, 20],
] as const;

test("each of them, at partners of one server", { timeout: 90_000 }, async () => {
  using ledger = await ledgers[0]!.fresh();
  const partners = await Promise.all(
    cases.map(([, status, headers]) => startPartner({ status, headers: { ...headers } })),
  );
  const hosts = partners.map(({ host }) => host).join(",");
  await using server = await startServer({ ...ledger.env, POSTRIDER_ALLOW_TARGETS: hosts });
  await Promise.all(
    cases.map(async ([words, status, , leastMs], index) => {
      const { seen, url } = partners[index]!;
      const id = `partner-${index}`;
      const first = `${id}-first`;
      const retry = { schedule: ["20ms"], client_error_schedule: ["1500ms"], jitter: "none" };
      await register(server, { id, endpoint: { url, method: "GET", retry } });
      await server.ok("POST", "/v1/events", eventFor(id, first));
      await expect.poll(() => seen.length, { message: words }).toBeGreaterThanOrEqual(1);
      await server.ok("POST", "/v1/events", {
        events: Array.from({ length: 20 }, (_, n) => eventFor(id, `${id}-other-${n}`)),
      });
      const { attempts } = await deliveryIn("delivered", server, first);
      expect(
        attempts.map((one: { status: number }) => one.status),
        words,
      ).toEqual([status, 200]);
      const [one, two] = seen.filter(({ event }) => event === first);
      expect(two!.atMs - one!.atMs, words).toBeGreaterThanOrEqual(leastMs - 50);
      // Held, the others would have come as late as it.
      const other = seen.find(({ event }) => event !== first);
      if (leastMs >= 6_000) expect(other!.atMs - one!.atMs, words).toBeLessThan(leastMs - 500);
      const shown = await server.ok("GET", `/v1/partners/${id}/endpoints/main`);
      expect(shown.held_until, words).toBeNull();
    }),
  );
});
