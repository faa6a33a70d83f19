import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { endpointDefaults, partnerDefaults } from "./core/documents.ts";
import { type Engine, openEngine } from "./engine.ts";
import type { AttemptEvent } from "./ports/telemetry.ts";
import { startDnsServer } from "./testing/dns-server.ts";

async function addPartner({ operations }: Engine, id: string, url: string): Promise<void> {
  await operations.putPartner(id, { name: id, ...partnerDefaults }, Date.now());
  const document = { ...endpointDefaults, body: "envelope" as const, url };
  await operations.putEndpoint(id, "main", document, Date.now());
}

test.each([12, 300])(
  "%i partners whose name servers never answer hold up nobody, and cost nobody a step",
  { timeout: 60_000 },
  async (silent) => {
    const names = await startDnsServer((name) => (name.startsWith("silent") ? "silence" : ["127.0.0.1"]));
    const server = createServer((request, response) => {
      request.resume();
      // So that each delivery looks the name up.
      response.setHeader("connection", "close").end("ok");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const attempts: AttemptEvent[] = [];
    const engine = await openEngine({
      dataDir: "memory://",
      masterKeys: [Buffer.alloc(32, 1)],
      allowTargets: Array.from({ length: 20 }, (_, n) => `good${n}.test:${port}`),
      names: { servers: [names.address] },
      // Fewer slots and places than there are partners that wait.
      maxInFlight: 8,
      telemetry: { attempt: (event) => attempts.push(event), turn() {}, fault() {} },
    });
    onTestFinished(async () => {
      await engine.stop(0);
      await names.stop();
      await server[Symbol.asyncDispose]();
    });
    for (let n = 0; n < silent; n += 1) await addPartner(engine, `silent${n}`, `https://silent${n}.test/`);
    for (let n = 0; n < 20; n += 1) await addPartner(engine, `good${n}`, `http://good${n}.test:${port}/`);
    await engine.start();
    const accept = async (run: string, partners: readonly string[]) => {
      const events = partners.map((partner) => ({
        event_id: `${run}-${partner}`,
        type: "a.b",
        schema_version: 1,
        occurred_at: "2026-01-31T10:00:00Z",
        partner,
        data_text: "{}",
      }));
      const { partnerNos } = await engine.events.accept(events, Date.now());
      engine.ring(partnerNos);
    };
    const of = (kind: string) => attempts.filter(({ partner }) => partner.startsWith(kind));
    await accept(
      "first",
      Array.from({ length: silent }, (_, n) => `silent${n}`),
    );
    // Every one of them is asked for by now, and none has ended.
    const asked = () => new Set(names.questions.filter((one) => one.startsWith("A silent"))).size;
    await vi.waitFor(() => expect(asked()).toBe(silent), { timeout: 20_000 });
    for (let round = 0; round < 3; round += 1)
      await accept(
        `round${round}`,
        Array.from({ length: 20 }, (_, n) => `good${n}`),
      );
    await vi.waitFor(() => expect(of("good")).toHaveLength(60), { timeout: 20_000 });
    expect(of("good").filter(({ outcome, n }) => outcome !== "delivered" || n !== 1)).toEqual([]);
    // A look-up that waited for others would have lasted as long as theirs, which is 5 s.
    expect(Math.max(...of("good").map(({ durationMs }) => durationMs))).toBeLessThan(2_500);
    await vi.waitFor(() => expect(new Set(of("silent").map(({ partner }) => partner)).size).toBe(silent), {
      timeout: 20_000,
    });
    for (const { failureClass, error, partner } of of("silent"))
      expect({ failureClass, error }).toEqual({
        failureClass: "dns",
        error: `dns: the name servers did not answer for ${partner}.test in time.`,
      });
  },
);
