/**
 * What the names of other platforms' macros mean. Names are compared without case and separators: `CLICK_ID`,
 * `clickId` and `click-id` are one name.
 *
 * Sources: the public pages on postbacks and callbacks of Voluum, Binom, Keitaro, RedTrack (trackers), TUNE, Everflow,
 * Affise, CAKE, impact.com, Awin, MaxBounty (networks), AppsFlyer, Adjust, Branch, Singular, Kochava, Tenjin
 * (measurement), LevelPlay, BitLabs, Tapjoy, Adiscope (rewards), TikTok, Reddit and Google Ad Manager (advertising).
 */

/** What a name stands for: a macro's text without braces, and whether it means nothing else anywhere. */
export interface Meaning {
  /** `data.click_id`, `event_id`, `occurred_at|date:"unix"`. */
  readonly path: string;
  /** False if platforms use the name for different things: the reader has to confirm it. */
  readonly sure: boolean;
}

interface Row {
  readonly path: string;
  /** Names that mean this and nothing else, separated by spaces. */
  readonly sure: string;
  /** Names that most often mean this. */
  readonly guess?: string;
}

const rows: readonly Row[] = [
  // The click and the conversion.
  {
    path: "data.click_id",
    sure: "click_id aff_click_id click_identifier",
    guess:
      "cid clid click clk_id click_ref external_id ext_click_id callback_param callback subid sub_id cnv_id",
  },
  {
    path: "data.transaction_id",
    sure: "transaction_id txn_id trans_id tx_id",
    guess: "tx tid txn transaction",
  },
  { path: "data.conversion_id", sure: "conversion_id", guess: "conv_id action_id lead_id cnv" },
  { path: "data.order_id", sure: "order_id", guess: "oid order order_ref order_reference" },
  { path: "event_id", sure: "event_id", guess: "uuid unique_id postback_id request_id" },
  { path: "delivery_id", sure: "", guess: "cache_buster cachebuster random rand cb" },
  { path: "data.status", sure: "status conversion_status cnv_status", guess: "state conv_status" },
  { path: "data.event_name", sure: "event_name", guess: "event event_type et goal_name" },
  { path: "data.goal_id", sure: "goal_id", guess: "goal gid" },
  // Money.
  {
    path: "data.payout",
    sure: "payout payout_amount",
    guess: "commission rate price sum amount value val payment",
  },
  { path: "data.payout", sure: "", guess: "payout_usd value_usd amount_usd val_usd" },
  { path: "data.revenue", sure: "revenue revenue_amount", guess: "rev profit" },
  {
    path: "data.sale_amount",
    sure: "sale_amount",
    guess: "sale order_amount order_total order_value total subtotal",
  },
  {
    path: "data.currency",
    sure: "currency currency_code payout_currency",
    guess: "cur curr commission_currency",
  },
  // The parties.
  { path: "data.offer_id", sure: "offer_id", guess: "offer program_id" },
  { path: "data.campaign_id", sure: "campaign_id", guess: "campaign camp_id utm_campaign" },
  { path: "data.campaign_name", sure: "campaign_name" },
  { path: "data.affiliate_id", sure: "affiliate_id aff_id", guess: "affid" },
  { path: "data.publisher_id", sure: "publisher_id pub_id", guess: "publisher" },
  { path: "data.advertiser_id", sure: "advertiser_id adv_id", guess: "advertiser" },
  { path: "data.source_id", sure: "source_id", guess: "source src utm_source" },
  { path: "data.site_id", sure: "site_id", guess: "siteid" },
  { path: "data.zone_id", sure: "zone_id" },
  { path: "data.creative_id", sure: "creative_id", guess: "creative banner_id" },
  { path: "data.ad_id", sure: "ad_id" },
  { path: "data.adset_id", sure: "adset_id ad_set_id adgroup_id ad_group_id" },
  { path: "data.placement_id", sure: "placement_id", guess: "placement" },
  { path: "data.app_id", sure: "app_id application_id", guess: "bundle_id bundle package_name" },
  { path: "data.app_name", sure: "app_name" },
  { path: "data.app_version", sure: "app_version" },
  // Click ids of advertising platforms have their own names everywhere.
  { path: "data.gclid", sure: "gclid" },
  { path: "data.gbraid", sure: "gbraid" },
  { path: "data.wbraid", sure: "wbraid" },
  { path: "data.fbclid", sure: "fbclid" },
  { path: "data.ttclid", sure: "ttclid" },
  { path: "data.msclkid", sure: "msclkid" },
  // The user and the device.
  {
    path: "data.user_id",
    sure: "user_id",
    guess: "uid user player_id member_id snuid usn app_user_id user_uid",
  },
  { path: "data.idfa", sure: "idfa ios_ifa ios_idfa", guess: "ida ifa" },
  { path: "data.idfv", sure: "idfv" },
  { path: "data.gaid", sure: "gaid google_ad_id google_aid gps_adid google_advertising_id", guess: "aaid" },
  { path: "data.advertising_id", sure: "advertising_id", guess: "device_ad_id adid device_ifa" },
  { path: "data.android_id", sure: "android_id" },
  { path: "data.device_id", sure: "device_id", guess: "did" },
  { path: "data.device_model", sure: "device_model", guess: "model" },
  { path: "data.device_brand", sure: "device_brand device_make", guess: "brand" },
  { path: "data.os", sure: "os os_name", guess: "platform user_data_os" },
  { path: "data.os_version", sure: "os_version" },
  { path: "data.ip", sure: "ip ip_address user_ip client_ip", guess: "user_data_ip" },
  { path: "data.user_agent", sure: "user_agent", guess: "ua" },
  { path: "data.country", sure: "country country_code", guess: "geo cc" },
  { path: "data.region", sure: "region" },
  { path: "data.city", sure: "city" },
  { path: "data.language", sure: "language", guess: "lang locale" },
  { path: "data.carrier", sure: "carrier", guess: "isp" },
  { path: "data.email", sure: "email email_address" },
  { path: "data.phone", sure: "phone phone_number" },
  { path: "data.reward", sure: "reward_amount", guess: "reward rewards" },
  // When it happened. Which form the platform expects is never sure.
  {
    path: "occurred_at",
    sure: "occurred_at",
    guess: "time date datetime event_time conversion_time source_time",
  },
  {
    path: 'occurred_at|date:"unix"',
    sure: "",
    guess: "timestamp ts unix_time unix_timestamp utc_unix_time epoch",
  },
  {
    path: 'occurred_at|date:"unix_ms"',
    sure: "",
    guess: "timestamp_ms ts_ms unix_ms epoch_ms timestamp_millis",
  },
];

/** Credentials: never in the event's data. */
const credentials =
  "token api_key apikey access_token auth_token security_token secret password pass secure_key postback_key key";
/** Names of one's own account, a part of the URL for good; only a placeholder has them. */
const ownIds =
  "id account_id account domain pixel_id pixel network_id merchant_id company_id tracker_id project_id hostname host tracking_domain username subdomain";

/** A name as it is compared: small letters and digits. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

function namesOf(text: string | undefined): readonly string[] {
  return (text ?? "").split(" ").filter((name) => name !== "");
}

function meaningsBy(key: (name: string) => string): ReadonlyMap<string, Meaning> {
  return new Map(
    rows.flatMap(({ path, sure, guess }) => [
      ...namesOf(guess).map((name): [string, Meaning] => [key(name), { path, sure: false }]),
      ...namesOf(sure).map((name): [string, Meaning] => [key(name), { path, sure: true }]),
    ]),
  );
}

/** As the table has them, so that `ad_id` is not `adid`; and without separators. */
const meanings = meaningsBy((name) => name);
const plainMeanings = meaningsBy(plainName);

const credentialNames: ReadonlySet<string> = new Set(namesOf(credentials).map(plainName));
const ownIdNames: ReadonlySet<string> = new Set(namesOf(ownIds).map(plainName));

/** The numbered values that travel from a click to its conversion: `sub1`, `aff_sub2`, `s3`; `aff_sub` is the first. */
const numberedSub = /^(aff_?sub|sub_?id|sub|s)_?(\d{1,2})$/i;

/**
 * What a name means, or null if no platform of the table has it.
 *
 * @example meaningOf("CLICK_ID") // { path: "data.click_id", sure: true }
 */
export function meaningOf(name: string): Meaning | null {
  const sub = numberedSub.exec(name);
  if (sub) return { path: `data.sub${sub[2]}`, sure: sub[1]?.toLowerCase() !== "s" };
  const plain = plainName(name);
  if (plain === "affsub") return { path: "data.sub1", sure: true };
  return meanings.get(snakeName(name)) ?? plainMeanings.get(plain) ?? null;
}

/** Whether the name is that of a credential: `TOKEN`, `api-key`. */
export function isCredentialMacro(name: string): boolean {
  return credentialNames.has(plainName(name));
}

/** Whether a platform of the table has the name, for a value or for a credential. */
export function isKnownName(name: string): boolean {
  return meaningOf(name) !== null || isCredentialMacro(name);
}

/** Whether the name can follow `your_` in an example: also ids of one's own account. */
export function isExampleName(name: string): boolean {
  return isKnownName(name) || ownIdNames.has(plainName(name));
}

/**
 * The name as it is written in Postrider's paths.
 *
 * @example snakeName("clickRef") // "click_ref"
 */
export function snakeName(name: string): string {
  const snake = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
  return snake === "" ? "value" : snake;
}

/**
 * A name without the ending by which Google Ad Manager says how the value is encoded, and the layers of encoding that
 * it asks for: `_ESC` is one, as each value in a URL has, `_ESC_ESC` two
 * (https://support.google.com/admanager/answer/6081628).
 *
 * @example withoutEscape("CLICK_URL_ESC_ESC") // { name: "CLICK_URL", layers: 2 }
 */
export function withoutEscape(name: string): { readonly name: string; readonly layers: number } {
  const ending = /(?:_(?:UN)?ESC){1,2}$/i.exec(name)?.[0] ?? "";
  return { name: name.slice(0, name.length - ending.length), layers: /_ESC_ESC$/i.test(ending) ? 2 : 1 };
}

/**
 * The macro to write for a name, in braces: by the table, else the event's field of that name.
 *
 * @example macroFor("!PAYOUT") // "{data.payout}"
 */
export function macroFor(name: string): string {
  const meaning = meaningOf(name);
  if (meaning) return `{${meaning.path}}`;
  return isCredentialMacro(name) ? `{secret.${snakeName(name)}}` : `{data.${snakeName(name)}}`;
}
