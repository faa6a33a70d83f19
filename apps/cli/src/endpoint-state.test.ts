import { describe, expect, it } from "vitest";
import { endpointState, endpointTone, partnerState, partnerTone } from "./endpoint-state.ts";
import { aCircuit, anEndpoint, aPartner } from "./testing/documents.ts";
import { runCli } from "./testing/run-cli.ts";

const at = "2026-01-31T11:00:00Z";
const well = { total: 1, paused: 0, open: 0, refusing: 0, failing: 0 };

describe("an endpoint's state", () => {
  it.each([
    ["active", "good", {}],
    ["disabled", "quiet", { state: "disabled" }],
    ["paused", "warning", { state: "paused", circuit: aCircuit({ refusing_since: at }) }],
    ["held until 2026-01-31 11:00:00Z", "warning", { state: "held", held_until: at }],
    [
      "circuit open, next probe 2026-01-31 11:00:00Z",
      "warning",
      { state: "held", held_until: at, circuit: aCircuit({ state: "open", next_probe_at: at }) },
    ],
    ["circuit half-open, being probed", "warning", { circuit: aCircuit({ state: "half_open" }) }],
    // The hold is over some moments before the probe is due.
    ["circuit half-open, being probed", "warning", { circuit: aCircuit({ state: "open" }) }],
    [
      "refusing since 2026-01-31 11:00:00Z",
      "warning",
      { circuit: aCircuit({ refusing_since: at, refusals: 20 }) },
    ],
    ["active, coming back with 2 in flight", "warning", { circuit: aCircuit({ in_flight_limit: 2 }) }],
    ["active, failing since 2026-01-31 11:00:00Z", "warning", { circuit: aCircuit({ failing_since: at }) }],
    ["active", "good", { circuit: aCircuit({ refusals: 4 }) }],
  ] as const)("%s, in %s", (words, tone, changes) => {
    const endpoint = anEndpoint(changes);
    expect([endpointState(endpoint), endpointTone(endpoint)]).toEqual([words, tone]);
  });

  it("is the same in the list, the endpoint and the partner", async () => {
    const endpoint = anEndpoint({ circuit: aCircuit({ refusing_since: at, refusals: 1_761 }) });
    const routes = {
      "GET /v1/partners/acme": { body: aPartner({ endpoints: { ...well, refusing: 1 } }) },
      "GET /v1/partners/acme/keys": { body: { keys: [] } },
      "GET /v1/partners/acme/endpoints": { body: { endpoints: [endpoint] } },
      "GET /v1/partners/acme/endpoints/main": { body: endpoint },
    };
    const shown = await Promise.all(
      [
        ["endpoints", "list", "acme"],
        ["endpoints", "show", "acme", "main"],
        ["partners", "show", "acme"],
      ].map((command) => runCli(command, { routes })),
    );
    for (const { stdout } of shown) expect(stdout).toContain("refusing since 2026-01-31 11:00:00Z");
    expect(shown[1]?.stdout).toContain("1,761 refusals");
    expect(shown[2]?.stdout).toContain("active, refusing");
  });
});

describe("a partner's state", () => {
  it.each([
    ["active", "good", {}],
    ["active", "good", { endpoints: { ...well, total: 0 } }],
    ["paused", "warning", { state: "paused" }],
    ["active, refusing", "warning", { endpoints: { ...well, refusing: 1 } }],
    ["active, circuit open", "warning", { endpoints: { ...well, open: 1 } }],
    [
      "paused, 1 of 2 endpoints paused",
      "warning",
      { state: "paused", endpoints: { ...well, total: 2, paused: 1 } },
    ],
    [
      "active, 1 of 5 endpoints circuit open, 2 of 5 endpoints refusing, 1 of 5 endpoints failing",
      "warning",
      { endpoints: { total: 5, paused: 0, open: 1, refusing: 2, failing: 1 } },
    ],
  ] as const)("%s, in %s", (words, tone, changes) => {
    const partner = aPartner(changes);
    expect([partnerState(partner), partnerTone(partner)]).toEqual([words, tone]);
  });
});
