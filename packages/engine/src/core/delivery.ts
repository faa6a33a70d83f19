/**
 * The life of a delivery: the one function that may change its state. The states and the reasons stand in the contract, for clients too.
 *
 * @packageDocumentation
 */
import { type DeliveryState, type Reason, reasons } from "@postrider/contract";

export {
  type DeliveryState,
  deliveryStates,
  type Reason,
  reasons,
  type TerminalState,
} from "@postrider/contract";

/**
 * The moves a delivery may make. Out of a terminal state leads a replay; besides, a delivery that was cancelled while it
 * was in flight, and that the partner accepted, is delivered after all.
 */
export type Change = { kind: "retry" } | { kind: "finish"; reason: Reason } | { kind: "replay" };

/**
 * The next state, or `null` where the move is not legal (the caller records nothing).
 *
 * @example transition("pending", { kind: "finish", reason: "rejected" }) // "dead"
 * @example transition("delivered", { kind: "retry" }) // null
 */
export function transition(state: DeliveryState, change: Change): DeliveryState | null {
  switch (change.kind) {
    case "retry":
      return state === "pending" ? "pending" : null;
    case "finish":
      return state === "pending" || (state === "cancelled" && reasons[change.reason].state === "delivered")
        ? reasons[change.reason].state
        : null;
    case "replay":
      return state === "pending" ? null : "pending";
  }
}
