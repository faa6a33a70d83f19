import { readdirSync, readFileSync } from "node:fs";

/** What Linux tells of processes; NaN on other systems. */

/** Ticks are hundredths of a second on Linux. */
const msPerTick = 10;

/** Processor time that a process has used, over all its threads, in ms. */
export function cpuMs(pid: number): number {
  const { ownTicks } = statOf(pid);
  return ownTicks * msPerTick;
}

/** Of a process and its children, those that have ended included: a PostgreSQL server by its postmaster. */
export function familyCpuMs(pid: number): number {
  const parent = statOf(pid);
  const children = childrenOf(pid).map((child) => statOf(child).ownTicks);
  const living = children.filter((ticks) => !Number.isNaN(ticks)).reduce((sum, ticks) => sum + ticks, 0);
  return (parent.ownTicks + parent.endedTicks + living) * msPerTick;
}

/** Resident memory, in MB. */
export function residentMb(pid: number): number {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1_024);
  } catch {
    return Number.NaN;
  }
}

/** `endedTicks`: of children that have ended and were waited for. */
function statOf(pid: number): { ownTicks: number; endedTicks: number; parent: number } {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")
      .map(Number);
    return {
      parent: fields[1]!,
      ownTicks: fields[11]! + fields[12]!,
      endedTicks: fields[13]! + fields[14]!,
    };
  } catch {
    return { ownTicks: Number.NaN, endedTicks: Number.NaN, parent: Number.NaN };
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((other) => statOf(other).parent === pid);
  } catch {
    return [];
  }
}
