/** Which process a connection belongs to, as the kernel tells. Linux alone. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The local ports of the TCP connections that a process holds; none where the process is gone. */
export function portsOf(pid: number): ReadonlySet<number> {
  const sockets = new Set(socketsOf(pid));
  const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) =>
    readFileSync(table, "utf8").trim().split("\n").slice(1),
  );
  return new Set(
    lines.flatMap((line) => {
      const [, local = "", , , , , , , , inode = ""] = line.trim().split(/\s+/);
      return sockets.has(`socket:[${inode}]`) ? [Number.parseInt(local.split(":")[1] ?? "", 16)] : [];
    }),
  );
}

function socketsOf(pid: number): string[] {
  const linkOf = (fd: string) => attempt(() => [readlinkSync(`/proc/${pid}/fd/${fd}`)]);
  return attempt(() => readdirSync(`/proc/${pid}/fd`)).flatMap(linkOf);
}

/** True once a process that was told to stop stands still. */
export function standsStill(pid: number): boolean {
  return attempt(() => [readFileSync(`/proc/${pid}/stat`, "utf8")]).every((stat) => /\) [TtZX] /.test(stat));
}

/** What is not there any more counts as empty: processes end and close files while they are looked at. */
function attempt(read: () => string[]): string[] {
  try {
    return read();
  } catch {
    return [];
  }
}
