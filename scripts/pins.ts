/** Which pinned versions are behind what is known to be vulnerable. Pure: files come in as text. */

/** Versions from `from` (default: the first) up to but without `below`. */
export interface Advisory {
  /** A package of npm, or `node` for each package and file that pins Node. */
  readonly package: string;
  readonly from?: string;
  /** The first version without it. */
  readonly below: string;
  /** CVE or GHSA numbers. */
  readonly ids: readonly string[];
  readonly about: string;
}

/** A pin that may stay behind: for this version alone, so that it is looked at again with the next. */
export interface Exception {
  readonly pin: string;
  readonly version: string;
  readonly reason: string;
}

export interface Pin {
  /** A package, or the file that names a version of Node. */
  readonly name: string;
  readonly version: string;
}

/** Packages that bring a Node of their own version, by platform. */
const nodePackage = /^node-(?:bin-)?(?:linux|darwin|win)-/;
const nodeFiles = new Set([".node-version", "nodeVersion in pnpm-workspace.yaml"]);

/** All versions that a pnpm lock file resolves to, and the two files that name Node's. */
export function readPins(lock: string, nodeVersion: string, workspace: string): Pin[] {
  const locked = [...lock.matchAll(/^ {2}'?(@?[^@'\s:]+)@(\d[^:'(\s]*)/gm)];
  const named = /^nodeVersion: *["']?([^"'\s]+)/m.exec(workspace)?.[1];
  const pins = [
    ...locked.map(([, name = "", version = ""]) => ({ name, version })),
    { name: ".node-version", version: nodeVersion.trim().replace(/^v/, "") },
    ...(named === undefined ? [] : [{ name: "nodeVersion in pnpm-workspace.yaml", version: named }]),
  ];
  return [...new Map(pins.map((pin) => [`${pin.name}@${pin.version}`, pin])).values()];
}

/**
 * What to say of the pins: `faults` fail the check, `notes` are allowed and said.
 *
 * @example judgePins([{ name: "hono", version: "4.0.0" }], advisories, []) // { faults: ["hono 4.0.0 is behind …"], notes: [] }
 */
export function judgePins(
  pins: readonly Pin[],
  advisories: readonly Advisory[],
  exceptions: readonly Exception[],
): { readonly faults: readonly string[]; readonly notes: readonly string[] } {
  const faults: string[] = [];
  const notes: string[] = [];
  const used = new Set<Exception>();
  for (const pin of pins) {
    const found = advisories.filter((advisory) => concerns(advisory, pin));
    if (found.length === 0) continue;
    const needed = found.map(({ below }) => below).reduce((a, b) => (isBefore(a, b) ? b : a));
    const why = found.map(({ ids, about }) => `${ids.join(", ")} (${about})`).join("; ");
    const words = `${pin.name} ${pin.version} is behind ${needed}: ${why}.`;
    const exception = exceptions.find((one) => one.pin === pin.name && one.version === pin.version);
    if (exception === undefined) faults.push(`${words} Take ${needed} or later.`);
    else {
      used.add(exception);
      notes.push(`${words} Allowed: ${exception.reason}`);
    }
  }
  for (const exception of exceptions)
    if (!used.has(exception))
      faults.push(
        `The exception for ${exception.pin} ${exception.version} allows nothing any more: remove it from scripts/advisories.json.`,
      );
  return { faults, notes };
}

function concerns({ package: name, from = "0.0.0", below }: Advisory, pin: Pin): boolean {
  const same = name === "node" ? nodeFiles.has(pin.name) || nodePackage.test(pin.name) : pin.name === name;
  return same && !isBefore(pin.version, from) && isBefore(pin.version, below);
}

/** By the three numbers; a pre-release comes before its release (semver.org 2.0.0, section 11). */
export function isBefore(left: string, right: string): boolean {
  const a = partsOf(left);
  const b = partsOf(right);
  const at = a.findIndex((part, index) => part !== b[index]);
  return at >= 0 && a[at]! < b[at]!;
}

function partsOf(version: string): number[] {
  const match = /^(\d+)\.(\d+)\.(\d+)(-)?/.exec(version);
  if (match === null) throw new Error(`"${version}" is no version of three numbers.`);
  const [, major, minor, patch, pre] = match;
  return [Number(major), Number(minor), Number(patch), pre === undefined ? 1 : 0];
}
