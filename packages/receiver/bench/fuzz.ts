// node packages/receiver/bench/fuzz.ts [cases] [seed]   prints one JSON line; exits with 1 at the first case that fails.
import { fuzz } from "../test/fuzz.ts";

const cases = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 20_261_123);
const start = process.hrtime.bigint();
const report = await fuzz(cases, seed);
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
process.stdout.write(
  `${JSON.stringify({ bench: "receiver.fuzz", seed, seconds: Math.round(seconds), ...report })}\n`,
);
