import type { Random } from "../ports/random.ts";

/**
 * Numbers in [0, 1) that are the same for the same seed: mulberry32, by Tommy Ettinger (public domain).
 *
 * @example const random = createSeededRandom(7); random() // 0.011704753851518035
 */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
