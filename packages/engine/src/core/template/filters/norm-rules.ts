import { internationalDigits } from "./phone.ts";

/** Makes of a text (in Unicode's form NFC) what a partner hashes, or null if it cannot be that. */
type Normalize = (text: string, country: string | null) => string | null;

/** One rule: what a partner does with one field before it hashes it. */
export interface NormRule {
  /** `partner.field`, and `@2` for a second version: a rule that is published never changes. */
  readonly name: string;
  /** Takes a country as second argument, for phone numbers in national form. */
  readonly takesCountry?: boolean;
  readonly normalize: Normalize;
  /** The page that the rule is taken from, and what is taken from elsewhere. */
  readonly source: string;
}

const metaPage =
  "https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters";
const googlePage = "https://developers.google.com/google-ads/api/docs/conversions/upload-identifiers";
const snapPage = "https://developers.snap.com/api/marketing-api/Conversions-API/Parameters";
const pinterestPage =
  "Pinterest's own client: https://www.rubydoc.info/gems/pinterest_sdk/PinterestSdkClient/ConversionEventsUserDataProperties";
const redditPage = "Reddit for Business, Manual Advanced Matching";
const xPage = "https://developer.x.com/en/docs/x-ads-api/audiences/overview/user-data";

const longestEmail = 320;
const email = /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/;

function checkedEmail(text: string): string | null {
  return text.length <= longestEmail && email.test(text) ? text : null;
}

/** White space at the ends removed, lower case. */
const plainEmail: Normalize = (text) => checkedEmail(text.trim().toLowerCase());

/** As {@link plainEmail}, and without the dots of the names at Gmail, which Gmail ignores. */
const googleEmail: Normalize = (text) => {
  const address = plainEmail(text, null);
  if (address === null) return null;
  const [name = "", domain = ""] = address.split("@");
  if (domain !== "gmail.com" && domain !== "googlemail.com") return address;
  const bare = name.replaceAll(".", "");
  return bare === "" ? null : `${bare}@${domain}`;
};

/** The name without what follows a `+` and without all but letters and digits, at every domain. */
const redditEmail: Normalize = (text) => {
  const address = plainEmail(text, null);
  if (address === null) return null;
  const [name = "", domain = ""] = address.split("@");
  const bare = name.replace(/\+.*$/, "").replace(/[^a-z0-9]+/g, "");
  return bare === "" ? null : `${bare}@${domain}`;
};

const pinterestEmail: Normalize = (text) => checkedEmail(text.replace(/\s+/g, "").toLowerCase());

/** Country code and number, digits only. */
const digitsPhone: Normalize = (text, country) => internationalDigits(text, country);
/** E.164: `+`, country code and number. */
const plusPhone: Normalize = (text, country) => {
  const digits = internationalDigits(text, country);
  return digits === null ? null : `+${digits}`;
};

const nonEmpty = (text: string): string | null => (text === "" ? null : text);
const punctuation = /[\p{P}\p{S}]+/gu;
const spaces = /\s+/g;

const lowerText: Normalize = (text) => nonEmpty(text.trim().toLowerCase());
const bareName: Normalize = (text) => nonEmpty(text.toLowerCase().replace(punctuation, "").trim());
const bareWord: Normalize = (text) =>
  nonEmpty(text.toLowerCase().replace(punctuation, "").replace(spaces, ""));
const zip: Normalize = (text) => {
  const bare = text.toLowerCase().replace(/[\s-]+/g, "");
  // A ZIP+4 of the United States: its first five digits.
  return nonEmpty(/^\d{9}$/.test(bare) ? bare.slice(0, 5) : bare);
};
const countryCode: Normalize = (text) => {
  const code = text.trim().toLowerCase();
  return /^[a-z]{2}$/.test(code) ? code : null;
};
const gender: Normalize = (text) => {
  const first = text.trim().toLowerCase()[0];
  return first === "f" || first === "m" ? first : null;
};
const birthDate: Normalize = (text) => {
  const digits = text.replace(/\D+/g, "");
  return /^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/.test(digits) ? digits : null;
};

/**
 * The rules, by partner. Version 1 is the name itself: a document that was stored keeps its rule, whatever a partner changes
 * later. `norm-vectors.json` has examples with the hashes that the partners publish.
 */
export const normRules: readonly NormRule[] = [
  { name: "meta.email", normalize: plainEmail, source: metaPage },
  { name: "meta.phone", takesCountry: true, normalize: digitsPhone, source: metaPage },
  { name: "meta.first_name", normalize: bareName, source: metaPage },
  { name: "meta.last_name", normalize: bareName, source: metaPage },
  { name: "meta.city", normalize: bareWord, source: metaPage },
  { name: "meta.state", normalize: bareWord, source: metaPage },
  { name: "meta.zip", normalize: zip, source: metaPage },
  { name: "meta.country", normalize: countryCode, source: metaPage },
  { name: "meta.gender", normalize: gender, source: metaPage },
  { name: "meta.birth_date", normalize: birthDate, source: metaPage },
  {
    name: "tiktok.email",
    normalize: plainEmail,
    source: "The public integration of Segment; TikTok's own page was not found.",
  },
  {
    name: "tiktok.phone",
    takesCountry: true,
    normalize: plusPhone,
    source: "The public integration of Segment; TikTok's own page was not found.",
  },
  { name: "google.email", normalize: googleEmail, source: googlePage },
  { name: "google.phone", takesCountry: true, normalize: plusPhone, source: googlePage },
  { name: "google.first_name", normalize: lowerText, source: googlePage },
  { name: "google.last_name", normalize: lowerText, source: googlePage },
  { name: "google.street", normalize: lowerText, source: googlePage },
  { name: "snap.email", normalize: plainEmail, source: snapPage },
  { name: "snap.phone", takesCountry: true, normalize: digitsPhone, source: snapPage },
  { name: "pinterest.email", normalize: pinterestEmail, source: pinterestPage },
  { name: "pinterest.phone", takesCountry: true, normalize: digitsPhone, source: pinterestPage },
  { name: "pinterest.first_name", normalize: lowerText, source: pinterestPage },
  { name: "pinterest.last_name", normalize: lowerText, source: pinterestPage },
  { name: "pinterest.city", normalize: bareWord, source: pinterestPage },
  { name: "pinterest.country", normalize: countryCode, source: pinterestPage },
  { name: "pinterest.gender", normalize: gender, source: pinterestPage },
  {
    name: "linkedin.email",
    normalize: plainEmail,
    source: "The public integration of Segment: lower case; spaces at the ends are no part of an address.",
  },
  { name: "reddit.email", normalize: redditEmail, source: redditPage },
  {
    name: "reddit.phone",
    takesCountry: true,
    normalize: plusPhone,
    source: "The public integration of Segment; the page says nothing else.",
  },
  { name: "x.email", normalize: plainEmail, source: xPage },
  {
    name: "x.phone",
    takesCountry: true,
    normalize: plusPhone,
    source: "The public tag of Stape; X's own page was not found.",
  },
];
