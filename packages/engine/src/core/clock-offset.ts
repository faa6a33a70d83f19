/**
 * What another clock is ahead of this process's monotonic time, learned by asking it: the estimate of NTP (RFC 5905,
 * section 8), on the best of the latest samples.
 *
 * @packageDocumentation
 */

/** One answer of the other clock. `sentMs` and `receivedMs` are this process's monotonic time, the others are epoch ms. */
export interface ClockReading {
  readonly sentMs: number;
  readonly receivedMs: number;
  /** When the other side began to work on the question, and when it had the answer, by its own clock. */
  readonly arrivedMs: number;
  readonly answeredMs: number;
}

/** What a reading says: the offset is right to `errorMs`, whichever way took how long. */
export interface ClockSample {
  /** When it was received, in monotonic milliseconds. */
  readonly atMs: number;
  /** The other clock less monotonic time. */
  readonly offsetMs: number;
  /** Half of the round trip, without the work of the other side. */
  readonly errorMs: number;
}

/** Samples kept: of eight, one mostly had a quick answer. */
const keptSamples = 8;
/** Two clocks drift apart by less than this: 500 ppm is as much as NTP corrects (RFC 5905). */
const driftPerMs = 0.0005;

/** @example sampleOf({ sentMs: 100, arrivedMs: 5_010, answeredMs: 5_010, receivedMs: 120 }) // { atMs: 120, offsetMs: 4_900, errorMs: 10 } */
export function sampleOf({ sentMs, receivedMs, arrivedMs, answeredMs }: ClockReading): ClockSample {
  return {
    atMs: receivedMs,
    offsetMs: (arrivedMs - sentMs + (answeredMs - receivedMs)) / 2,
    errorMs: Math.max(0, (receivedMs - sentMs - (answeredMs - arrivedMs)) / 2),
  };
}

/**
 * The samples to keep, with a new one. If the new one cannot be true beside what the best of them says, then one of the two
 * clocks was set (or stood still, as monotonic time may while a machine is suspended), and only the new one counts.
 *
 * @param samples in the order in which they came
 */
export function withSample(samples: readonly ClockSample[], sample: ClockSample): readonly ClockSample[] {
  const best = bestOf(samples, sample.atMs);
  if (best === null) return [sample];
  const apartMs = Math.abs(best.offsetMs - sample.offsetMs);
  if (apartMs > sample.errorMs + errorAt(best, sample.atMs)) return [sample];
  return [...samples.slice(-(keptSamples - 1)), sample];
}

/** The best of the samples at a time (monotonic milliseconds); null without any. */
export function bestOf(samples: readonly ClockSample[], atMs: number): ClockSample | null {
  let best: ClockSample | null = null;
  for (const sample of samples)
    if (best === null || errorAt(sample, atMs) <= errorAt(best, atMs)) best = sample;
  return best;
}

/** How wrong a sample may be by then. */
function errorAt({ atMs: sampledAtMs, errorMs }: ClockSample, atMs: number): number {
  return errorMs + (atMs - sampledAtMs) * driftPerMs;
}
