import type { Endpoint } from "@postrider/receiver";
import { nextPagesHandler, type NextPagesRequest } from "@postrider/receiver/next-pages";
import type { NodeResponse } from "@postrider/receiver/node";

// In pages/api/postbacks.ts this line must stand literally: Next reads it from the source.
export const config = { api: { bodyParser: false } };

export function nextRoute(
  endpoint: Endpoint,
): (request: NextPagesRequest, response: NodeResponse) => Promise<void> {
  return nextPagesHandler(endpoint);
}
