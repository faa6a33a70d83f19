/**
 * How many digits after the point the amounts of a currency have: the "minor unit" of ISO 4217, list one, as its
 * maintenance agency SIX publishes it (https://www.six-group.com/en/products-services/financial-information/data-standards.html).
 * `Intl` is no source: its digits are those of daily use (0 for ALL, 0 for IQD). Codes that were withdrawn since 2021 stay,
 * because events can be old.
 */
const byDigits: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  2: `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG
    HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
    MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS
    SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL`,
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

const digitsByCode: ReadonlyMap<string, number> = new Map(
  Object.entries(byDigits).flatMap(([digits, codes]) =>
    codes.split(/\s+/).map((code): [string, number] => [code, Number(digits)]),
  ),
);

/**
 * The digits after the point of a currency, or null if ISO 4217 has no such code (or one without a minor unit, as gold).
 *
 * @example currencyDigits("JPY") // 0
 */
export function currencyDigits(code: string): number | null {
  return digitsByCode.get(code) ?? null;
}

/** The codes that are known. */
export const currencyCodes: readonly string[] = [...digitsByCode.keys()];
