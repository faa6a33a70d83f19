import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureClasses } from "../ports/transport.ts";
import { classify } from "./classify.ts";

const came = (status: number | null, more: Partial<Parameters<typeof classify>[0]> = {}) =>
  classify({ status, failure: null, location: null, ...more });
const failed = (name: string) => ({ class: name, message: "what happened" });

describe("a status", () => {
  const table: [readonly number[], string][] = [
    [[200, 201, 202, 204, 226, 299], "accepted"],
    [[300, 301, 302, 303, 304, 305, 307, 308, 399], "retryable"],
    [[410], "gone"],
    [[400, 401, 403, 404, 405, 409, 411, 413, 422, 423, 424, 426, 428, 431, 451, 499], "client_error"],
    [[408, 425, 429, 500, 501, 502, 503, 504, 505, 511, 599], "retryable"],
    [[100, 101, 199, 0, 600, 999], "retryable"],
  ];
  test.each(table.flatMap(([statuses, kind]) => statuses.map((status) => [status, kind] as const)))(
    "%i is %s",
    (status, kind) => {
      expect(came(status).kind).toBe(kind);
    },
  );

  test.each([
    [409, "5", "busy"],
    [423, " 120 ", "busy"],
    [409, "0", "busy"],
    [423, "Wed, 04 Mar 2026 10:00:00 GMT", "busy"],
    [409, null, "client_error"],
    [409, "", "client_error"],
    [409, "soon", "client_error"],
    [423, "-5", "client_error"],
    [404, "5", "client_error"],
    [422, "5", "client_error"],
    [412, "5", "client_error"],
    [424, "5", "client_error"],
    [410, "5", "gone"],
    [429, "5", "retryable"],
    [503, "5", "retryable"],
    [302, "5", "retryable"],
    [201, "5", "accepted"],
  ])("%i with Retry-After %j is %s", (status, retryAfter, kind) => {
    expect(came(status, { retryAfter }).kind).toBe(kind);
  });

  test("of a redirect is the reason if it was the last; others name none", () => {
    expect(came(307)).toEqual({ kind: "retryable", reason: "redirected", error: "status 307" });
    expect(came(304, { location: "/x" })).toEqual({
      kind: "retryable",
      reason: "redirected",
      error: "status 304: not modified, which answers a cached GET only",
    });
    expect(came(500)).not.toHaveProperty("reason");
  });

  test("names itself in the error", () => {
    expect(came(503)).toEqual({ kind: "retryable", error: "status 503" });
    expect(came(404)).toEqual({ kind: "client_error", reason: "rejected", error: "status 404" });
  });
});

describe("a failure", () => {
  test.each(failureClasses.filter((name) => name !== "target_refused"))(
    "%s without a status is retried",
    (name) => {
      expect(came(null, { failure: failed(name) })).toEqual({
        kind: "retryable",
        error: `${name}: what happened`,
      });
    },
  );

  test("after a 2xx is retried: an answer that was cut may not be an acceptance", () => {
    expect(came(200, { failure: failed("reset") })).toEqual({
      kind: "retryable",
      error: "reset: what happened",
    });
  });

  test("after another status does not change what the status says", () => {
    expect(came(410, { failure: failed("reset") }).kind).toBe("gone");
    expect(came(302, { failure: failed("timeout") })).toMatchObject({ reason: "redirected" });
    expect(came(404, { failure: failed("timeout") }).kind).toBe("client_error");
  });

  test("of a refused target is somebody's mistake", () => {
    expect(came(null, { failure: failed("target_refused") })).toMatchObject({
      kind: "client_error",
      reason: "target_refused",
    });
  });
});

describe("a redirect's error", () => {
  test("says where to, without the query, fragment and user that may hold data or secrets", () => {
    const location = "https://me:pass@login.example/in?next=/pb%3Femail=a@b.example#token";
    expect(came(302, { location })).toMatchObject({
      error: "status 302: redirect to https://login.example/in",
    });
    expect(came(307, { location: "/in?x=1" })).toMatchObject({ error: "status 307: redirect to /in" });
    expect(came(307, { location: "/i\nn?x=1\n2" })).toMatchObject({ error: "status 307: redirect to /…" });
  });

  test("is short", () => {
    const verdict = came(301, { location: `/${"x".repeat(10_000)}` });
    expect("error" in verdict ? verdict.error.length : 0).toBeLessThan(250);
  });
});

test("every exchange has a verdict", () => {
  const failure = fc.option(fc.record({ class: fc.constantFrom(...failureClasses), message: fc.string() }));
  const exchange = fc.record({
    status: fc.option(fc.integer({ min: 0, max: 999 })),
    failure,
    location: fc.option(fc.string()),
  });
  fc.assert(
    fc.property(exchange, (facts) => {
      const verdict = classify(facts);
      expect(verdict.kind === "accepted").toBe(
        facts.failure === null && facts.status !== null && facts.status >= 200 && facts.status < 300,
      );
    }),
    { seed: 20_260_304, numRuns: 500 },
  );
});
