import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Controlled } from "./controlled.ts";
import { SandboxError } from "./errors.ts";
import { type Fired, fire, isLoopback, parseShot } from "./fire.ts";
import { readDocument } from "./read-document.ts";

/** `POST /_sandbox/fire`: sends a signed test message to the sandbox itself, or to another server on this machine. */
export async function fireShot(sandbox: Controlled, request: IncomingMessage): Promise<Fired> {
  refuseOtherSites(request);
  const shot = parseShot(await readDocument(request), sandbox.url());
  const own = shot.target.origin === new URL(sandbox.url()).origin;
  const name = own ? /^\/p\/([^/]+)/.exec(shot.target.pathname)?.[1] : undefined;
  const known = name === undefined ? [] : (sandbox.knownPartner(name)?.keys ?? []);
  const secrets = shot.secret === undefined ? known.filter(({ kind }) => kind === "whsec") : [shot.secret];
  if (secrets.length === 0 && shot.fault !== "wrong_secret" && shot.fault !== "unsigned") {
    throw new SandboxError(
      "request_invalid",
      'There is no secret to sign with: give "secret", or register one for the partner.',
    );
  }
  return fire(shot, secrets, `sandbox_${randomUUID()}`, sandbox.now());
}

/** A web page from elsewhere may not make the sandbox send things: other origins, and names rebound to this machine. */
function refuseOtherSites({ headers }: IncomingMessage): void {
  const host = headers.host ?? "";
  const here = URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname);
  const sameOrigin = headers.origin === undefined || headers.origin === `http://${host}`;
  const isJson = headers["content-type"]?.startsWith("application/json") === true;
  if (here && sameOrigin && isJson) return;
  throw new SandboxError(
    "request_refused",
    "Fire from this machine, by the address 127.0.0.1 or localhost, with content-type application/json, and from no other site.",
  );
}
