/** A listener that its parent stops: the system keeps the first connections and drops the rest without a word. */
import { createServer } from "node:net";
import { answerParent, givenByParent } from "./child.ts";

await givenByParent();
const server = createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () =>
  answerParent({}, { port: (server.address() as { port: number }).port }),
);
