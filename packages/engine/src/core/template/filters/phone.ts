import { loadPhones } from "./on-demand.ts";

/** E.164 allows 15 digits; no country's numbers have fewer than 7 with the country's code. */
const international = /^[1-9]\d{6,14}$/;
const extension = /(?:\s*(?:;?ext[.=:]?|x|#)\s*\d{1,7})$/i;
const notDigits = /\D+/g;
const longestPhone = 60;

/**
 * The digits of a phone number with its country's code, without `+` and leading zeros, or null if it is none. Without a
 * country the number must have its code: `+49 30 …`, `0049 30 …` or `4930…`; a zero in brackets, `+49 (0)30`, is left out.
 *
 * @param country the two letters of ISO 3166-1 for numbers in national form; a country that is not known gives null
 * @example internationalDigits("(650) 555-1212", "US") // "16505551212"
 */
export function internationalDigits(text: string, country: string | null): string | null {
  if (text.length > longestPhone) return null;
  if (country !== null) {
    const phones = loadPhones();
    if (!phones.isSupportedCountry(country)) return null;
    const phone = phones.parsePhoneNumberFromString(text, country);
    return phone?.isPossible() === true ? phone.number.slice(1) : null;
  }
  const main = text.trim().replace(extension, "");
  const withoutTrunk = /^(?:\+|00)/.test(main) ? main.replace("(0)", "") : main;
  const digits = withoutTrunk.replace(notDigits, "").replace(/^0+/, "");
  return international.test(digits) ? digits : null;
}

/** Whether the numbering plan of a country is known. */
export function isPhoneCountry(country: string): boolean {
  return loadPhones().isSupportedCountry(country);
}
