import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

let folder: string | null = null;
let systems = 0;

/** From now on workers write processor profiles into folders in `path`, and PostgreSQL tells of nested statements. */
export function profileInto(path: string): void {
  folder = path;
}

export const profiling = (): boolean => folder !== null;

/** For the workers of the next system, each of which has a folder of its own. */
export function profileNextSystem(): readonly string[] {
  if (folder === null) return [];
  systems += 1;
  mkdirSync(systemFolder(), { recursive: true });
  return ["--cpu-prof", `--cpu-prof-dir=${systemFolder()}`];
}

const systemFolder = () => join(folder!, String(systems));

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where the time of the latest system's workers went: lines for people, the most first. */
export function describeProfiles(deliveries: number, longest = 45): string {
  const root = join(import.meta.dirname, "../../..");
  const from = systemFolder();
  return readdirSync(from)
    .filter((name) => name.endsWith(".cpuprofile"))
    .map((name) => {
      const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(from, name), "utf8")) as Profile;
      const names = new Map(
        nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
          id,
          `${functionName || "(anonymous)"} ${url.startsWith("file:") ? relative(root, url.slice(7)) : url}:${lineNumber + 1}`,
        ]),
      );
      const micros = new Map<string, number>();
      samples.forEach((id, index) => {
        const frame = names.get(id)!;
        micros.set(frame, (micros.get(frame) ?? 0) + timeDeltas[index]!);
      });
      const lines = [...micros]
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, longest)
        .map(([frame, spent]) => `${(spent / deliveries).toFixed(2).padStart(9)}  ${frame}`);
      return `${join(from, name)}, own time in µs per delivery\n${lines.join("\n")}`;
    })
    .join("\n\n");
}
