/** Tells the time: given in by tests, the system's otherwise. */
export type Now = () => Date;

/** The system's clock. */
export const systemNow: Now = () => new Date();

/** The system's clock in milliseconds since 1970: for the hot path, where a Date is one of few things made. */
export const systemNowMs = (): number => Date.now();
