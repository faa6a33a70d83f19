/**
 * Values of credentials do not go into files unless the operator asks. A mark stands for them, which `apply` reads as:
 * leave it as the server has it.
 *
 * @packageDocumentation
 */
import type { EndpointDocument } from "@postrider/contract";
import { hiddenValue, shownHeader, shownUrl } from "@postrider/engine";

/** A value with a macro is a name, not a credential. */
const hasMacro = (text: string): boolean => text.includes("{");

/** The endpoint with the mark in place of the values of credentials, in headers and in the query of the URL. */
export function withoutCredentials(document: EndpointDocument): EndpointDocument {
  const headers = Object.entries(document.headers).map(([name, value]) => [
    name,
    hasMacro(value) ? value : shownHeader(name, value),
  ]);
  return { ...document, url: hiddenInUrl(document.url), headers: Object.fromEntries(headers) };
}

function hiddenInUrl(url: string): string {
  const written = url.split("&");
  // Both are split at the same places: the mark holds no "&".
  return shownUrl(url)
    .split("&")
    .map((part, index) => (hasMacro(written[index] ?? "") ? written[index] : part))
    .join("&");
}

/** Whether a mark stands in the endpoint. */
export function hidesCredentials({ url, headers }: EndpointDocument): boolean {
  return url.includes(hiddenValue) || Object.values(headers).includes(hiddenValue);
}

/**
 * The endpoint with the server's values in place of the marks.
 *
 * @returns the keys whose value the server does not have either, if there are any
 */
export function withCredentials(
  document: EndpointDocument,
  found: EndpointDocument | undefined,
): { readonly document: EndpointDocument; readonly missing: readonly string[] } {
  const missing: string[] = [];
  let { url } = document;
  if (url.includes(hiddenValue)) {
    if (found !== undefined && hiddenInUrl(found.url) === url) ({ url } = found);
    else missing.push("url");
  }
  const headers = Object.entries(document.headers).map(([name, value]) => {
    if (value !== hiddenValue) return [name, value];
    if (found !== undefined && Object.hasOwn(found.headers, name)) return [name, found.headers[name]];
    missing.push(`headers.${name}`);
    return [name, value];
  });
  return { document: { ...document, url, headers: Object.fromEntries(headers) }, missing };
}
