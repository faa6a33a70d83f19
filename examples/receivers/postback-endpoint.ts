import { type Endpoint, handle } from "@postrider/receiver";
import { memoryStore } from "@postrider/receiver/memory";

/** The part that is the same behind every framework: what is verified, remembered and done. */
export function postbackEndpoint(secret: string, received: (id: string, body: unknown) => void): Endpoint {
  return handle({
    secrets: secret,
    store: memoryStore(), // one process only: use redisStore or sqlStore in production
    onError: ({ error, status }) => console.error(status, error),
    handler: ({ id, json }) => received(id, json()),
  });
}
