import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { percentile, type Result } from "../figures/result.ts";
import { type ServerProcess, startServerProcess } from "../system/server-process.ts";

/** From the start of the embedded server's process to its first 200 of `/readyz`: new folders, then an existing one. */
export async function measureStartup(runs: number): Promise<Result[]> {
  const home = mkdtempSync(join(tmpdir(), "postrider-startup-"));
  const start = async (folder: string) => {
    const server = await startServerProcess({ POSTRIDER_DATA_DIR: join(home, folder) });
    await server.stop();
    return server;
  };
  try {
    // The first start after an install prepares what later ones copy.
    const { readyAfterMs: firstMs } = await start("first");
    const fresh: ServerProcess[] = [];
    const existing: ServerProcess[] = [];
    for (let run = 0; run < runs; run++) {
      fresh.push(await start(`new-${run}`));
      existing.push(await start("first"));
    }
    return [
      {
        bench: "startup",
        case: "embedded, new folder",
        figures: { ...figuresOf(fresh), firstAfterInstallMs: Math.round(firstMs) },
        target: { figure: "readyMs", atMost: 4_000 },
      },
      {
        bench: "startup",
        case: "embedded, existing folder",
        figures: figuresOf(existing),
        target: { figure: "readyMs", atMost: 1_500 },
      },
    ];
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function figuresOf(starts: readonly ServerProcess[]) {
  const readyMs = starts.map((start) => start.readyAfterMs);
  return {
    readyMs: Math.round(percentile(readyMs, 0.5)),
    slowestMs: Math.round(Math.max(...readyMs)),
    cpuMs: percentile(
      starts.map((start) => start.readyCpuMs),
      0.5,
    ),
    runs: starts.length,
  };
}
