import type { Endpoint, Partner } from "@postrider/engine";
import { type Tone, stateTone } from "./render/colour.ts";
import { counted } from "./render/text.ts";
import { clockTime } from "./render/time.ts";

/** An endpoint's state in words: the same in every command that shows an endpoint. */
export function endpointState(endpoint: Endpoint): string {
  const { state, circuit, held_until } = endpoint;
  if (state === "held" && circuit.state === "open")
    return `circuit open, next probe ${clockTime(circuit.next_probe_at ?? held_until ?? "")}`;
  if (state === "active" && circuit.state !== "closed") return "circuit half-open, being probed";
  if (state === "active" && circuit.refusing_since !== null)
    return `refusing since ${clockTime(circuit.refusing_since)}`;
  if (state === "active" && circuit.in_flight_limit !== null)
    return `active, coming back with ${circuit.in_flight_limit} in flight`;
  if (state === "active" && circuit.failing_since !== null)
    return `active, failing since ${clockTime(circuit.failing_since)}`;
  return held_until === null ? state : `${state} until ${clockTime(held_until)}`;
}

/** Good only if the words say nothing but that it is active. */
export function endpointTone(endpoint: Endpoint): Tone {
  return endpointState(endpoint) === "active"
    ? "good"
    : stateTone(endpoint.state === "active" ? "held" : endpoint.state);
}

/** A partner's state in words, with the endpoints that are not well. */
export function partnerState({ state, endpoints }: Partner): string {
  const { total, open, refusing, failing, paused } = endpoints;
  const troubles = [
    [open, "circuit open"],
    [refusing, "refusing"],
    [failing, "failing"],
    [paused, total === 1 ? "endpoint paused" : "paused"],
  ] as const;
  const words = troubles
    .filter(([n]) => n > 0)
    .map(([n, what]) => (total === 1 ? what : `${n} of ${counted(total, "endpoint")} ${what}`));
  return [state, ...words].join(", ");
}

/** Good only if all of its endpoints are well too. */
export function partnerTone(partner: Partner): Tone {
  return partnerState(partner) === "active" ? "good" : "warning";
}
