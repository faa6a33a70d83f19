/** Chance, as an argument: a number in [0, 1), like `Math.random`. */
export type Random = () => number;

/** The random numbers of a running process. */
export const systemRandom: Random = Math.random;
