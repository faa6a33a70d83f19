import { runSuites } from "./worker.ts";

/** What is used of the event of a service worker; the types of Node do not know it. */
interface FetchEvent {
  request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = globalThis as unknown as {
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
};

scope.addEventListener("fetch", (event) => {
  if (new URL(event.request.url).pathname !== "/run") return;
  event.respondWith(runSuites().then((report) => Response.json(report)));
});
