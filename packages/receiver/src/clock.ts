/** Tells the time: given in by tests, the system's otherwise. */
export type Now = () => Date;

/** The system's clock. */
export const systemNow: Now = () => new Date();
