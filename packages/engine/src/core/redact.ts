import { mayBeCredential } from "./credential-names.ts";

/** What stands in the place of a credential. */
export const hiddenValue = "•••";

/** A value that only names secrets of the partner, perhaps behind a scheme such as `Bearer`: it gives nothing away. */
const namesSecrets = /^(?:[A-Za-z]{1,20} )?(?:\{secret\.[a-z0-9_]{1,40}\}[:.,;_-]?){1,9}$/;

const isCredential = (name: string, value: string): boolean =>
  mayBeCredential(name) && !namesSecrets.test(value);

/** A header value to be shown: that of a credential is hidden, by the header's name, unless it is `{secret.name}`. */
export function shownHeader(name: string, value: string): string {
  return isCredential(name, value) ? hiddenValue : value;
}

/**
 * A URL to be shown, character for character, with the values of credentials in its query hidden by their names, unless
 * they are `{secret.name}`.
 *
 * @example shownUrl("https://t.example/pb?cid=7&token=s3cret") // "https://t.example/pb?cid=7&token=•••"
 */
export function shownUrl(url: string): string {
  const at = url.indexOf("?");
  if (at < 0) return url;
  const parameters = url.slice(at + 1).split("&");
  const shown = parameters.map((parameter) => {
    const name = parameter.slice(0, parameter.indexOf("=") + 1);
    const hides = name !== "" && isCredential(name.slice(0, -1), parameter.slice(name.length));
    return hides ? `${name}${hiddenValue}` : parameter;
  });
  return `${url.slice(0, at)}?${shown.join("&")}`;
}
