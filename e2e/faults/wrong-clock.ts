import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The clock of one process, which libfaketime makes wrong. Its monotonic time stays as it is. */
export interface WrongClock {
  /** For the process, from its start on. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets it while the process runs; it takes up to a second. `+10m`, `-1h`, `+1d`. */
  set(offset: string): void;
}

/** Where libfaketime is (Debian: apt-get install faketime); null: nowhere. */
export function findFaketime(): string | null {
  const folders = existsSync("/usr/lib") ? readdirSync("/usr/lib").map((name) => join("/usr/lib", name)) : [];
  const files = ["/usr/lib", ...folders].map((folder) => join(folder, "faketime/libfaketimeMT.so.1"));
  return files.find((file) => existsSync(file)) ?? null;
}

/**
 * A clock that is wrong by an offset.
 *
 * @param file where the offset is kept, for the process to read it again
 * @throws Error if libfaketime is not installed
 */
export function createWrongClock(file: string, offset: string): WrongClock {
  const library = findFaketime();
  if (library === null) throw new Error("libfaketime is not installed (Debian: apt-get install faketime).");
  const set = (to: string) => writeFileSync(file, `${to}\n`);
  set(offset);
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    // Timers of the kernel take monotonic time, and files keep their own.
    NO_FAKE_STAT: "1",
  };
  return { env, set };
}
