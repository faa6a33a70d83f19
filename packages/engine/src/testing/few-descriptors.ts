/**
 * Run as a process with few file descriptors: an engine sends one event while none is left, and again when there are
 * some. Prints what it saw, as one line of JSON.
 */
import { closeSync, openSync } from "node:fs";
import { endpointDefaults, partnerDefaults } from "../core/documents.ts";
import { openEngine } from "../engine.ts";
import { systemClock } from "../ports/clock.ts";

const [url = "", target = ""] = process.argv.slice(2);
const seen = { attempts: [] as unknown[], faults: [] as string[], putBack: 0 };
const engine = await openEngine({
  dataDir: "memory://",
  masterKeys: [Buffer.alloc(32, 1)],
  allowTargets: [target],
  telemetry: {
    attempt: ({ n, outcome, failureClass }) => seen.attempts.push({ n, outcome, failureClass }),
    turn() {},
    fault: ({ where, error }) => seen.faults.push(`${where}: ${String(error)}`),
    putBack: () => (seen.putBack += 1),
  },
});
const now = systemClock.now();
await engine.operations.putPartner("acme", { name: "Acme", ...partnerDefaults }, now);
await engine.operations.putEndpoint("acme", "main", { ...endpointDefaults, body: "envelope", url }, now);
await engine.start();
const event = { type: "a.b", schema_version: 1, occurred_at: "2026-01-31T10:00:00Z", data_text: "{}" };

const descriptors: number[] = [];
try {
  for (;;) descriptors.push(openSync("/dev/null", "r"));
} catch {
  // None is left.
}
const events = Array.from({ length: 5 }, (_, n) => ({ event_id: `e-${n}`, partner: "acme", ...event }));
const { partnerNos } = await engine.events.accept(events, systemClock.now());
engine.ring(partnerNos);
while (seen.putBack === 0) await systemClock.sleep(20);
const shown = () => engine.operations.getEndpoint("acme", "main", systemClock.now());
let endpoint = await shown();
for (; endpoint?.state !== "held"; endpoint = await shown()) await systemClock.sleep(20);
for (const descriptor of descriptors) closeSync(descriptor);
while (seen.attempts.length < 5) await systemClock.sleep(20);
process.stdout.write(`${JSON.stringify({ ...seen, state: endpoint?.state, note: endpoint?.note })}\n`);
await engine.stop(0);
