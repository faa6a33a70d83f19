/** Everything the doctor can say, in one line each. Codes are stable. */
export const doctorCauses = [
  { cause: "secret_not_base64", meaning: "A secret given is not the text that the sender showed." },
  {
    cause: "secret_of_another_endpoint",
    meaning: "The signature was made with another secret that is known here.",
  },
  {
    cause: "signature_scheme_unmatched",
    meaning: "Signed with v1 and checked with public keys, or the other way round.",
  },
  {
    cause: "clock_off",
    meaning: "The signature is right, and the timestamp too far from this machine's clock.",
  },
  { cause: "timestamp_in_milliseconds", meaning: "The timestamp counts milliseconds." },
  { cause: "header_missing", meaning: "One of the three headers did not arrive." },
  { cause: "header_renamed", meaning: "A header arrived under another name." },
  { cause: "header_duplicated", meaning: "A header arrived twice or folded." },
  { cause: "header_malformed", meaning: "A header's value was changed or cut." },
  { cause: "body_already_parsed", meaning: "An object was given for the body, or the text of one." },
  { cause: "body_empty", meaning: "The body is empty, and what was signed is not." },
  { cause: "body_base64_not_decoded", meaning: "The body is still base64, as Lambda delivers it." },
  { cause: "body_double_encoded", meaning: "The body is a JSON string that holds the JSON." },
  {
    cause: "body_reserialised",
    meaning: "The body was parsed and written again; `differences` says how it differs.",
  },
  { cause: "body_trailing_newline", meaning: "A line end at the end of the body was added or dropped." },
  { cause: "body_line_endings", meaning: "CR LF and LF were exchanged." },
  { cause: "body_byte_order_mark", meaning: "A byte order mark was added or dropped." },
  { cause: "body_charset_changed", meaning: "The bytes were decoded as another charset and encoded again." },
  { cause: "body_length_changed", meaning: "The body is not as long as content-length says." },
  {
    cause: "signature_mismatch",
    meaning: "None of the above: a secret that is not known here, or changed content.",
  },
] as const satisfies ReadonlyArray<{ cause: string; meaning: string }>;

/** One of the stable codes of {@link doctorCauses}. */
export type DoctorCause = (typeof doctorCauses)[number]["cause"];

/** One thing that is wrong, and what to do about it. Holds no secret, signature or content. */
export interface Finding {
  cause: DoctorCause;
  /** What happened and what to change, in words. */
  message: string;
  /** Facts for programs: numbers, header names, labels, kinds of differences. */
  details: Readonly<Record<string, string | number | readonly string[]>>;
}

/** What the doctor found. */
export interface Diagnosis {
  /** Whether `verify` would accept. */
  verified: boolean;
  /** The surest first; empty exactly if verified. */
  findings: readonly Finding[];
}
