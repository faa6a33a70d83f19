/** What accepting is compared with: `node:http` that reads a body and answers 202. */
import { createServer } from "node:http";
import { answerParent, givenByParent } from "./child.ts";

await givenByParent();
const answer = '{"results":[{"event_id":"e-1","status":"accepted","deliveries":1}]}';
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    Buffer.concat(chunks);
    response.writeHead(202, { "content-type": "application/json" }).end(answer);
  });
});
server.listen(0, "127.0.0.1", () => answerParent({}, { port: (server.address() as { port: number }).port }));
