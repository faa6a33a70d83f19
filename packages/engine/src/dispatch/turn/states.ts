/** The states of a turn. `turn.ts` has the chart. */
export type TurnState =
  /** The first claim is asked: nothing is known yet of the turn, nor of the partner's settings. */
  | "opening"
  /** Claims pages ahead of need, and sends. */
  | "sending"
  /** Others wait: claims nothing more, and sends what it has claimed. */
  | "finishing"
  /** All that is due was sent and stored. The turn is kept for the partner's next event. */
  | "idle"
  /** Starts nothing more. What is in flight ends and is stored; until then the lease is renewed. */
  | "closing"
  /** Gives the turn back, and looks at nothing any more. */
  | "over";

/** The states that may follow each state. Every state may be followed by `over`: a turn that is aborted waits for nothing. */
export const nextStates: Readonly<Record<TurnState, readonly TurnState[]>> = {
  opening: ["sending", "closing", "over"],
  sending: ["idle", "finishing", "closing", "over"],
  finishing: ["closing", "over"],
  idle: ["sending", "closing", "over"],
  closing: ["over"],
  over: [],
};

/**
 * The next state, if it may follow.
 *
 * @throws Error for a move that `nextStates` does not have: a fault in the turn's code
 * @example moveTo("opening", "sending") // "sending"
 */
export function moveTo(from: TurnState, to: TurnState): TurnState {
  if (!nextStates[from].includes(to)) throw new Error(`A turn cannot go from "${from}" to "${to}".`);
  return to;
}
