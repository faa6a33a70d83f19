import { describe, expect, it } from "vitest";
import { aReplay } from "../testing/documents.ts";
import { runCli } from "../testing/run-cli.ts";

describe("replays", () => {
  it("lists, shows and cancels", async () => {
    const routes = {
      "GET /v1/replays": { body: { replays: [aReplay({ replayed: 3, skipped: 1 })] } },
      "GET /v1/replays/rpl_1": { body: aReplay() },
      "DELETE /v1/replays/rpl_1": { body: aReplay({ state: "cancelled", replayed: 3 }) },
    };
    expect((await runCli(["replays"], { routes })).stdout).toContain(
      "rpl_1   running  4/12        1     -  state=dead partner=acme  api  1m ago",
    );
    expect((await runCli(["replays", "show", "rpl_1"], { routes })).stdout).toContain("matched   12");
    expect((await runCli(["replays", "cancel", "rpl_1"], { routes })).stdout).toBe(
      "Replay rpl_1 was cancelled: 3 deliveries put back to pending of 12.\n",
    );
  });

  it("says of a server that is slow that it is slow, and not that it must be started", async () => {
    const { stderr, code } = await runCli(["replays"], {
      routes: {
        "GET /v1/replays": {
          status: 504,
          body: {
            error: {
              code: "too_slow",
              message: "This filter reads too much: the ledger stopped after its time for reads.",
              hint: "Narrow since/until, partner or state.",
            },
          },
        },
      },
    });
    expect(code).toBe(1);
    expect(stderr).toContain("Narrow since/until, partner or state.");
    expect(stderr).not.toContain("postrider start");
  });
});
