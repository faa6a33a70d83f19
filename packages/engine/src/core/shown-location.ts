/** Segments of a path that are words of an API, such as `/login`, `/v2` or `/error-page.html`. */
const word = /^[A-Za-z][A-Za-z._~-]{0,30}\d{0,2}$/;
const mostSegments = 8;

/**
 * A redirect's target, to be shown in an error and kept: scheme, host and the path's words. A partner's redirect often
 * repeats what it was sent, and no event's value may stand in such a text: of the path all but words is `…`, of a
 * query and of user names nothing is left.
 *
 * @example shownLocation("https://t.example/login/7f3a@x.example?sub=1") // "https://t.example/login/…"
 */
export function shownLocation(location: string): string {
  const [, origin = "", path = ""] =
    /^((?:[a-z][a-z\d+.-]{0,20}:)?\/\/[^/?#]*)?([^?#]*)/i.exec(location.slice(0, 2_000)) ?? [];
  const segments = path.split("/");
  const shown = segments
    .slice(0, mostSegments)
    .map((segment) => (segment === "" || word.test(segment) ? segment : "…"));
  if (segments.length > mostSegments) shown.push("…");
  return (origin.replace(/\/\/.*@/, "//") + shown.join("/")).slice(0, 200);
}
