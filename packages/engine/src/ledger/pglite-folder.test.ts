import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prepareFolder, writeOut } from "./pglite-folder.ts";
import { openPglite } from "./pglite.ts";

describe("a new embedded folder", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "postrider-folder-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it("is a ledger that keeps what is written, and is not made again", async () => {
    const dataDir = join(home, "deep", "ledger");
    const first = await openPglite({ dataDir });
    await first.script("create table kept (n integer); insert into kept values (7)");
    await first.close();

    const second = await openPglite({ dataDir });
    expect(await second.query("select n from kept")).toEqual([{ n: 7 }]);
    await second.close();
    expect(readdirSync(join(home, "deep"))).toEqual(["ledger"]);
  });

  it("is not shared with another made from the same prepared folder", async () => {
    const one = await openPglite({ dataDir: join(home, "one") });
    await one.script("create table mine (n integer)");
    await one.close();
    const other = await openPglite({ dataDir: join(home, "other") });
    expect(await other.query("select to_regclass('mine') as found")).toEqual([{ found: null }]);
    await other.close();
  });

  it("replaces an empty folder, and leaves one that holds anything alone", async () => {
    const empty = join(home, "empty");
    mkdirSync(empty);
    expect(await prepareFolder(empty, neverCalledTwice())).toBe(true);
    expect(existsSync(join(empty, "PG_VERSION"))).toBe(true);

    const held = join(home, "held");
    mkdirSync(held);
    writeFileSync(join(held, "mine.txt"), "mine");
    expect(await prepareFolder(held, neverCalledTwice())).toBe(false);
    expect(readFileSync(join(held, "mine.txt"), "utf8")).toBe("mine");
    expect(readdirSync(held)).toEqual(["mine.txt"]);
  });

  /** But a cache of the catalogue, which PGlite makes as the umask says: the folders above it are closed. */
  const open = (path: string): string[] => {
    const all = readdirSync(path, { recursive: true, withFileTypes: true });
    const entries = all.filter(({ name }) => name !== "pg_internal.init");
    const paths = [path, ...entries.map(({ parentPath, name }) => join(parentPath, name))];
    return paths.filter((each) => (statSync(each).mode & 0o077) !== 0);
  };

  it("is closed to others with all that is in it, in a folder that all may read", async () => {
    chmodSync(home, 0o755);
    const sql = await openPglite({ dataDir: join(home, "ledger") });
    await sql.script("create table later (n integer); insert into later values (1)");
    expect(open(join(home, "ledger"))).toEqual([]);
    await sql.close();
  });

  it("that an earlier version left open is closed at the next start", async () => {
    const dataDir = join(home, "ledger");
    await (await openPglite({ dataDir })).close();
    for (const entry of readdirSync(dataDir, { recursive: true, withFileTypes: true }))
      chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o666);
    chmodSync(dataDir, 0o755);
    const sql = await openPglite({ dataDir });
    expect(open(dataDir)).toEqual([]);
    await sql.close();
  });

  it("can be written out while it is used", async () => {
    const dataDir = join(home, "ledger");
    const sql = await openPglite({ dataDir });
    await expect(writeOut(dataDir)).resolves.toBeUndefined();
    await sql.close();
  });
});

/** Stands for the initialisation, which is over by the time these tests run: the prepared folder is there. */
function neverCalledTwice() {
  return async () => {
    throw new Error("initialised although a prepared folder is there");
  };
}
