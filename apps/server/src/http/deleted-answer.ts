import type { Deleted } from "@postrider/engine";
import type { Answer, Route } from "./route.ts";
import { cancellingView } from "@postrider/contract";

/** What a deletion may answer with: it does not wait for a large backlog to be cancelled. */
export const deletedAnswers: Route["answers"] = {
  202: {
    meaning: "Deleted: nothing more is sent; what still waits is being cancelled.",
    schema: cancellingView,
  },
  204: { meaning: "Deleted, and nothing waits any more.", schema: null },
};

/** The answer to a deletion that was done. */
export function deletedAnswer({ cancelling }: Deleted): Answer {
  return cancelling ? { status: 202, json: { cancelling } } : { status: 204 };
}
