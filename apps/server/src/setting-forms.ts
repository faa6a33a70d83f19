/** The forms that values of settings have, as text: each checks its own and gives what the server uses. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseDurationMs, passwordEncoding, passwordMayReachOn } from "@postrider/engine";
import { z } from "zod";
import { Sealed } from "./sealed.ts";

export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);

export const durationMs = z.string().transform((text, context) => {
  try {
    return parseDurationMs(text);
  } catch {
    context.addIssue({ code: "custom", message: "must be a duration with a unit, such as 250ms, 10s or 2m" });
    return z.NEVER;
  }
});

/** A URL that a reader of the engine takes, whose message begins with `subject`. */
export const urlFor = (read: (text: string) => unknown, subject: string) =>
  z
    .string()
    .superRefine((text, context) => {
      try {
        read(text);
      } catch (error) {
        const { message } = error as Error;
        context.addIssue({ code: "custom", message: message.replace(subject, "").replace(/\.$/, "") });
      }
    })
    .transform((text) => new Sealed(text));

export const egressProxy = z
  .string()
  .refine((text) => !passwordMayReachOn(text, /[/?#\\]/) && !/%(?![0-9a-f]{2})/i.test(text), {
    error: `${passwordEncoding}, % is %25`,
    abort: true,
  })
  .refine((text) => {
    const url = URL.parse(text);
    const bare = url?.pathname === "/" && url.search === "" && url.hash === "";
    const called = bare && (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "";
    return called && isPercentEncoded(url.username + url.password);
  }, "must be a URL such as http://user:password@proxy.internal:3128")
  .transform((text) => new Sealed(text));

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const certificateForm = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The path of a PEM file; its value is the certificates in it. */
export const caBundle = z.string().transform((path, context) => {
  try {
    const certificates = readFileSync(path, "utf8").match(certificateForm) ?? [];
    const read = certificates.map((certificate) => new X509Certificate(certificate));
    if (read.length > 0) return certificates.join("\n");
    context.addIssue({ code: "custom", message: "must be a PEM file with at least one certificate" });
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const why = /^E[A-Z]+$/.test(code)
      ? `cannot be read (${code})`
      : "holds a certificate that cannot be read";
    context.addIssue({ code: "custom", message: why });
  }
  return z.NEVER;
});

export const apiKeys = list
  .refine(
    (keys) => keys.length > 0 && keys.every((key) => /^[!-+\--~]{16,200}$/.test(key)),
    "must be one key, or several separated by commas, each of 16 to 200 visible ASCII characters",
  )
  .transform((keys) => new Sealed<readonly string[]>(keys));

export const masterKeys = list.transform((texts, context) => {
  const keys = texts.map(parseMasterKey);
  if (keys.length > 0 && keys.every((key) => key !== null)) return new Sealed<readonly Uint8Array[]>(keys);
  context.addIssue({
    code: "custom",
    message: "must be 32 bytes in base64 or hex, or several such keys separated by commas, newest first",
  });
  return z.NEVER;
});

export const allowTargets = list.refine(
  (targets) =>
    targets.every(
      (target) =>
        /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):\d{1,5}$/i.test(target) &&
        Number(target.slice(target.lastIndexOf(":") + 1)) <= 65_535,
    ),
  "must be a comma list of host:port, such as 127.0.0.1:4500",
);

export const allowedHosts = list.refine(
  (names) => names.every((name) => /^[a-z0-9._-]{1,253}$/i.test(name)),
  "must be a comma list of host names without ports, such as postrider.internal",
);

export const roles = list
  .refine(
    (names) => names.length > 0 && names.every((name) => name === "api" || name === "worker"),
    "must be api, worker, or api,worker",
  )
  .transform((names) => ({ api: names.includes("api"), worker: names.includes("worker") }));

/** The 32 bytes of a master key's text (64 hex digits, or base64 of either alphabet), or null. */
export function parseMasterKey(text: string): Uint8Array | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, "base64") : null;
  return bytes?.length === 32 ? bytes : null;
}
