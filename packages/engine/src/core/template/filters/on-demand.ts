import { createRequire } from "node:module";

/**
 * Libraries that only some templates need. They are loaded when the first such template is compiled, and never while a
 * postback is rendered. `require` because compiling is synchronous; Node 22.12 and later load ES modules by it.
 */
const require = createRequire(import.meta.url);

/** A date and time in a zone, as far as it is used here. */
interface ZonedDateTime {
  readonly offsetNanoseconds: number;
  readonly epochMilliseconds: number;
  getTimeZoneTransition(direction: "next" | "previous"): ZonedDateTime | null;
}

/** The part of Temporal (ECMA-262, 2026) that is used here. */
interface TemporalApi {
  readonly Instant: {
    fromEpochMilliseconds(ms: number): { toZonedDateTimeISO(zone: string): ZonedDateTime };
  };
}

let temporal: TemporalApi | null = null;

/** Temporal: the runtime's own if it has it (Node 26), else `temporal-polyfill` (Node 22 and 24). */
export function loadTemporal(): TemporalApi {
  temporal ??=
    (globalThis as { Temporal?: TemporalApi }).Temporal ??
    (require("temporal-polyfill") as { Temporal: TemporalApi }).Temporal;
  return temporal;
}

/** The part of libphonenumber-js that is used here. */
interface PhoneApi {
  parsePhoneNumberFromString(
    text: string,
    country: string | undefined,
  ): { readonly number: string; isPossible(): boolean } | undefined;
  isSupportedCountry(country: string): boolean;
  getCountries(): readonly string[];
}

let phones: PhoneApi | null = null;

/** The numbering plans of all countries, 80 KB: only for templates that read national phone numbers. */
export function loadPhones(): PhoneApi {
  phones ??= require("libphonenumber-js/min") as PhoneApi;
  return phones;
}
