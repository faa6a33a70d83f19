/**
 * Prints what a piece of work costs: processor time of one round in microseconds, the least of some runs, because other work
 * on the machine can only add to it.
 */
export function printCpuTime(
  name: string,
  work: () => unknown,
  { runs, rounds }: { readonly runs: number; readonly rounds: number },
): void {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round += 1) work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / rounds);
  }
  process.stdout.write(`${name}: ${least.toFixed(2)} µs\n`);
}
