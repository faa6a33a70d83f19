import { describe, expect, it } from "vitest";
import { connectFailure, nameFailure } from "./connect-failure.ts";

const error = (code: string, more: object = {}) =>
  Object.assign(new Error(`connect ${code} 192.0.2.1:443 - Local (undefined:undefined)`), { code, ...more });
const to = (address: string) => ({ syscall: "connect", address, port: 443 });
const openssl = (reason: string, thread: string, line: number) =>
  Object.assign(
    new Error(
      `write EPROTO ${thread}:error:0A00042E:SSL routines:ssl3_read_bytes:${reason}:../deps/openssl/ssl/record/rec_layer_s3.c:${line}:SSL alert number 70\n`,
    ),
    { code: "EPROTO" },
  );

describe("a connection that was not made", () => {
  it.each(["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EADDRNOTAVAIL"])(
    "for want of something here is no failure of the partner: %s",
    (code) => {
      const expected = {
        class: "local",
        message: expect.stringMatching(`^this (process|machine) .* \\(${code}\\)\\.$`),
      };
      expect(connectFailure(error(code, to("192.0.2.1")))).toEqual(expected);
      const several = [error("ECONNREFUSED", to("192.0.2.2")), error(code, to("192.0.2.1"))];
      expect(connectFailure(new AggregateError(several))).toEqual(expected);
    },
  );

  it.each([
    ["ECONNREFUSED", "192.0.2.1", "the connection was refused by 192.0.2.1:443 (ECONNREFUSED)."],
    ["EHOSTUNREACH", "192.0.2.1", "there is no route to the host: 192.0.2.1:443 (EHOSTUNREACH)."],
    ["ENETUNREACH", "2001:db8::1", "there is no route to the network: [2001:db8::1]:443 (ENETUNREACH)."],
    [
      "EADDRNOTAVAIL",
      "2001:db8::1",
      "this machine has no address to reach it from: [2001:db8::1]:443 (EADDRNOTAVAIL).",
    ],
    ["EWHATEVER", "192.0.2.1", "the connection failed: 192.0.2.1:443 (EWHATEVER)."],
  ])("says %s once", (code, address, message) =>
    expect(connectFailure(error(code, to(address)))).toEqual({ class: "connect", message }),
  );

  it("says the same of several addresses, in whatever order they were tried", () => {
    const [one, other] = [error("ECONNREFUSED", to("192.0.2.2")), error("ENETUNREACH", to("2001:db8::1"))];
    const message =
      "the connection was refused by 192.0.2.2:443 (ECONNREFUSED). there is no route to the network: [2001:db8::1]:443 (ENETUNREACH).";
    expect(connectFailure(new AggregateError([one, other]))).toEqual({ class: "connect", message });
    expect(connectFailure(new AggregateError([other, one, one]))).toEqual({ class: "connect", message });
  });

  it.each([
    "tlsv1 alert protocol version",
    "wrong version number",
    "bad signature",
    "decryption failed or bad record mac",
  ])("holds nothing of OpenSSL's inside: %s", (reason) => {
    const [here, there] = [
      openssl(reason, "40E3E1DDED7F0000", 918),
      openssl(reason, "80F1A2B3C47F0000", 907),
    ];
    expect(connectFailure(here)).toEqual(connectFailure(there));
    expect(connectFailure(here)).toEqual({
      class: "tls",
      message: expect.not.stringMatching(/[0-9A-F]{8}|routines|\.c:|alert number|\n/),
    });
  });

  it.each([
    "INVALID_CA",
    "CERT_SIGNATURE_FAILURE",
    "PATH_LENGTH_EXCEEDED",
    "CERT_CHAIN_TOO_LONG",
    "CRL_HAS_EXPIRED",
  ])("is the certificate's for each of OpenSSL's codes: %s", (code) =>
    expect(connectFailure(error(code))).toEqual({
      class: "tls",
      message: `the certificate cannot be verified (${code}).`,
    }),
  );
});

describe("a name without an address", () => {
  it.each(["ECONNREFUSED", "ENOMEM", "EMFILE", "EAI_MEMORY"])(
    "is not the partner's for want of something here: %s",
    (code) => expect(nameFailure("partner.test", { code }).class).toBe("local"),
  );
  it.each(["EAI_AGAIN", "EBADRESP", "EFORMERR", undefined])("is the partner's: %s", (code) =>
    expect(nameFailure("partner.test", { code })).toMatchObject({
      class: "dns",
      message: expect.stringMatching(/^(the|partner).*\.$/),
    }),
  );
});
