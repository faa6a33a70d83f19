import { X509Certificate } from "node:crypto";
import type { EndpointDocument } from "@postrider/contract";
import { parseDurationMs } from "./duration.ts";
import { PostriderError } from "./errors.ts";

/** What an endpoint says of each exchange with it, beside what is sent: it goes unchanged from its document to the transport. */
export interface ExchangeSettings {
  /** One deadline over name look-up, connect, TLS, headers and body. Milliseconds. */
  readonly timeoutMs: number;
  /** PEM certificates of roots that are trusted beside all others. Absent: none. */
  readonly ca?: string;
  /** Names, in lower case, of headers of the answer that are given back with it. Absent: none. */
  readonly answerHeaders?: readonly string[];
}

/**
 * Reads them from a document.
 *
 * @throws PostriderError `invalid_duration`, and `invalid_request` for a certificate that cannot be read
 * @example readExchangeSettings(document).timeoutMs // 10000
 */
export function readExchangeSettings({
  timeout,
  ca,
  verdicts,
}: Pick<EndpointDocument, "timeout" | "ca" | "verdicts">): ExchangeSettings {
  const timeoutMs = parseDurationMs(timeout);
  if (ca !== null) checkCertificates(ca);
  const answerHeaders = waitHeaders(verdicts);
  return {
    timeoutMs,
    ...(ca === null ? {} : { ca }),
    ...(answerHeaders.length === 0 ? {} : { answerHeaders }),
  };
}

/** The headers in which verdict rules look for a wait. Retry-After is always there. */
function waitHeaders(verdicts: EndpointDocument["verdicts"]): readonly string[] {
  const names = verdicts.flatMap(({ wait }) =>
    wait !== undefined && "header" in wait ? [wait.header.toLowerCase()] : [],
  );
  return [...new Set(names)].filter((name) => name !== "retry-after");
}

const certificateForm = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function checkCertificates(ca: string): void {
  const certificates = ca.match(certificateForm) ?? [];
  certificates.forEach((pem, index) => {
    const message = faultOf(pem);
    if (message === null) return;
    throw new PostriderError("invalid_request", `ca: certificate ${index + 1} ${message}.`, {
      hint: "Give the certificates of your partner's own authority, as PEM text; openssl x509 -in file -noout -text shows one.",
      issues: [{ path: "ca", message: `certificate ${index + 1} ${message}` }],
    });
  });
}

/** Only what signs others can be a root. */
function faultOf(pem: string): string | null {
  try {
    const certificate = new X509Certificate(pem);
    const isSelfSigned = certificate.subject === certificate.issuer;
    return certificate.ca || isSelfSigned ? null : "is not one of an authority";
  } catch {
    return "cannot be read";
  }
}
