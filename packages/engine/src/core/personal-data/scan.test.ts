import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasCard } from "./card.ts";
import { hasPhone } from "./phone.ts";
import { everyKind, kindBits, kindsOf } from "./kinds.ts";
import { hintOf, isPersonalName } from "./names.ts";
import { personalKindsIn } from "./scan.ts";

const found = (text: string, name = "data.sub1") =>
  kindsOf(personalKindsIn(text, everyKind, hintOf(name))).join(" ");
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("an e-mail address is found", () => {
  test.each([
    ["as it is", "john@partner.example"],
    ["with a tag and dots", "john.p.doe+sale@mail.partner.co.uk"],
    ["in capitals", "JOHN@PARTNER.EXAMPLE"],
    ["within a text", "Mail john@partner.example, or call."],
    ["in brackets", "John Doe <john@partner.example>"],
    ["at the end of a sentence", "It is john@partner.example."],
    ["after mailto:", "mailto:john@partner.example?subject=x"],
    ["with a quoted local part", '"john doe"@partner.example'],
    ["with a dot before the @, as Japanese addresses have", "john.@docomo.ne.jp"],
    ["with letters of another script", "юзер@почта.рф"],
    ["with a domain in punycode", "user@xn--80a1acny.xn--p1ai"],
    ["at an address of the internet", "john@[192.0.2.1]"],
    ["with a full-width @", "john＠partner.example"],
    ["with a sign that has no width", "john\u200B@partner\u200B.example"],
    ["percent-encoded", "john%40partner.example"],
    ["percent-encoded twice", "john%2540partner.example"],
    ["percent-encoded three times", "john%252540partner.example"],
    ["in the query of a URL", "https://shop.example/thanks?id=7&em=john%40partner.example&x=1"],
    ["as a URL's user", "https://john@partner.example/"],
    ["in JSON text", '{"user":{"email":"john@partner.example"}}'],
    ["in JSON text with an escape", '{"user":"john\\u0040partner.example"}'],
    ["in JSON text within JSON text", '{"user":"{\\"email\\":\\"john@partner.example\\"}"}'],
    ["as a key of JSON text", '{"john@partner.example":true}'],
    ["as an HTML reference", "john&#64;partner.example"],
    ["as a hexadecimal HTML reference", "john&#x40;partner.example"],
    ["as base64", base64("john@partner.example")],
    ["as base64url of JSON", Buffer.from('{"e":"jöhn@partner.example"}').toString("base64url")],
    [
      "in a JSON Web Token",
      `eyJhbGciOiJIUzI1NiJ9.${base64('{"email":"john@partner.example"}')}.c2lnbmF0dXJl`,
    ],
    ["as base64 in a URL", `https://shop.example/u/${base64("john@partner.example")}/x`],
    ["at a host whose name has only digits", "john@163.com"],
    ["with the full stop of Chinese", "john@partner。example"],
    ["with marks of direction", "\u202Ajohn@\u2066partner.example\u202C"],
    ["with the escapes of Telegram's Markdown", "john\\.doe\\@partner\\.example"],
    ["with the escapes of Discord", "john\\.doe\\@\u200bpartner\\.example"],
    ["with an escape of old scripts", "john%u0040partner.example"],
    ["with an escape of JavaScript", "john\\x40partner.example"],
    ["as an HTML reference with zeros", "john&#000064;partner.example or john&#x00040;partner.example"],
    ["in hexadecimal", Buffer.from("john@partner.example").toString("hex")],
    ["in hexadecimal with capitals", Buffer.from("j@x.io").toString("hex").toUpperCase()],
  ])("%s", (_, text) => {
    expect(found(text)).toBe("email");
    expect(found(`a=1;u=${text}`)).toBe("email");
  });
});

describe("no e-mail address is found in", () => {
  test.each([
    ["a handle", "@john"],
    ["a handle with a dot", "@partner.example"],
    ["handles in JSON text", '["john","@partner.example"]'],
    ["a name of a package", "@types/node@26.1.0"],
    ["a version", "postrider@1.20.3"],
    ["a picture", "logo@2x.png"],
    ["a host without a dot", "root@localhost"],
    ["a place on a map", "https://maps.example/@48.8577,2.295,15z"],
    ["a key of JSON-LD", '{"@type":"Order","@id":"x.y"}'],
    ["an address that has been hashed", "b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514"],
    ["nothing", ""],
  ])("%s", (_, text) => expect(found(text)).toBe(""));
});

describe("a phone number is found", () => {
  test.each([
    ["in the form of E.164", "+14155552671"],
    ["with spaces", "+49 170 1234567"],
    ["with parentheses", "+1 (415) 555-2671"],
    ["with an area code's zero in parentheses", "+44 (0)20 7946 0958"],
    ["with dots", "+33.6.12.34.56.78"],
    ["percent-encoded", "%2B14155552671"],
    ["with its plus decoded to a space", " 14155552671"],
    ["in a tel: URL", "tel:+14155552671"],
    ["with the prefix 00", "0049 170 1234567"],
    ["as North Americans write it", "(415) 555-2671"],
    ["as North Americans write it, with hyphens", "415-555-2671"],
    ["as North Americans write it, with dots", "415.555.2671"],
    ["as North Americans write it, with a one", "1-415-555-2671"],
    ["as the French write it", "06 12 34 56 78"],
    ["as the French write it, with dots", "06.12.34.56.78"],
    ["as the British write it", "020 7946 0958"],
    ["as Germans write it", "0170/1234567"],
    ["as the Dutch write it", "06-12345678"],
    ["as the Japanese write it", "090-1234-5678"],
    ["as Australians write it", "(02) 9876 5432"],
    ["as the Spanish write it", "612 345 678"],
    ["as Russians write it", "8 (912) 345-67-89"],
    ["as Brazilians write it", "11 91234-5678"],
    ["as Indians write it", "98765 43210"],
    ["as the Chinese write it", "138-0013-8000"],
    ["within a text", "Call 415-555-2671, please."],
    ["as base64", base64("+14155552671")],
  ])("%s", (_, text) => expect(found(text)).toBe("phone"));

  test("in JSON text, by the name of its key", () => {
    expect(found('{"phone":"4155552671"}')).toBe("phone");
    expect(found("https://a.example/?msisdn=4915112345678&x=1")).toBe("phone");
    expect(found('{"order":"4155552671"}')).toBe("");
  });

  test.each(["data.phone", "data.user.phone_number", "data.msisdn", 'data["user phone"]', "data.tel[0]"])(
    "of digits alone under the name %s",
    (name) => {
      expect(found("4155552671", name)).toBe("phone");
      expect(found("0049 1701234567", name)).toBe("phone");
    },
  );
});

describe("no phone number is found in", () => {
  test.each([
    ["digits alone", "4155552671"],
    ["an instant in seconds", "1769853600"],
    ["an instant in milliseconds", "1769853600123"],
    ["an instant of RFC 3339", "2026-01-31T10:00:00.123+02:00"],
    ["a date and time", "2026-01-31 10:00:00"],
    ["a date and time with a point", "31.01.2026 10:15"],
    ["a date that begins with a zero", "01.02.2026 10"],
    ["a date of the United States", "01/31/2026"],
    ["an address of the internet", "192.168.100.200"],
    ["a version of a browser", "Chrome/126.0.6478.127"],
    ["a client id of Google Analytics", "1234567890.1769853600"],
    ["a cookie of Google Analytics", "GA1.2.1234567890.1769853600"],
    ["a cookie of Meta", "fb.1.1596403881668.1116446470"],
    ["an order id of Amazon", "113-1234567-1234567"],
    ["an ISBN", "978-3-16-148410-0"],
    ["a price", "10.50"],
    ["a large amount", "1,234,567.89"],
    ["coordinates", "48.8577060,2.2950000"],
    ["a UUID", "55040011-1234-4234-9234-123456789012"],
    ["two amounts", "129.90|1249.00"],
    ["a time zone", "GMT+0200"],
  ])("%s", (_, text) => expect(found(text)).toBe(""));
});

describe("a card number is found", () => {
  test.each([
    ["of Visa", "4111111111111111"],
    ["of Visa, with spaces", "4111 1111 1111 1111"],
    ["of Visa, with hyphens", "4111-1111-1111-1111"],
    ["of Mastercard", "5555555555554444"],
    ["of Mastercard's newer range", "2223003122003222"],
    ["of American Express", "378282246310005"],
    ["of American Express, with spaces", "3782 822463 10005"],
    ["of Discover", "6011111111111117"],
    ["of Diners Club", "30569309025904"],
    ["of JCB", "3530111333300000"],
    ["of UnionPay", "6200000000000005"],
    ["within a text", "paid by 4111 1111 1111 1111 today"],
    ["in JSON text", '{"card":{"number":"4111111111111111"}}'],
    ["as a number of JSON", '{"n":4111111111111111}'],
    ["percent-encoded", "4111%201111%201111%201111"],
    ["as base64", base64("4111111111111111")],
  ])("%s", (_, text) => expect(found(text)).toBe("card"));

  test("but not if a digit is wrong", () => expect(found("4111111111111112")).toBe(""));
  test("but not if its name says that it is an id", () => {
    expect(found("4111111111111111", "data.click_id")).toBe("");
    expect(found("4111111111111111", "data.clickId")).toBe("");
    expect(found("4111 1111 1111 1111", "data.click_id")).toBe("card");
    expect(found("4111111111111111", "data.card_id")).toBe("card");
  });
  test.each([
    ["a longer number", "41111111111111110000"],
    ["a fraction", "0.4111111111111111"],
    ["a token", "click-4111111111111111"],
    ["hexadecimal digits", "4111111111111111abcdef"],
    ["a snowflake", "1460323737035677698"],
  ])("nor in %s", (_, text) => expect(found(text)).toBe(""));
});

test("several kinds are found in one text", () => {
  const text = "john@partner.example, +14155552671, 4111111111111111";
  expect(found(text)).toBe("email phone card");
  expect(personalKindsIn(text, kindBits.phone)).toBe(kindBits.phone);
  expect(personalKindsIn(text, 0)).toBe(0);
});

test("names of e-mail addresses, phones and cards are told from others", () => {
  expect(
    ["data.email", "data.user.userEmail", "data.em", "data.e-mail", "data.msisdn", "data.card_number"].filter(
      isPersonalName,
    ),
  ).toHaveLength(6);
  expect(
    ["data.email_id", "data.click_id", "data.item", "data.model", "data.telemetry", "data.payout"].filter(
      isPersonalName,
    ),
  ).toEqual([]);
});

const alphabet = fc.constantFrom(
  ...Array.from({ length: 20 }, (_, index) => String(index % 10)),
  " ",
  "-",
  ".",
  "(",
  ")",
  "/",
  "+",
  "=",
  "a",
  "é",
  "_",
  ",",
);
const numeric = fc.array(alphabet, { maxLength: 40 }).map((letters) => letters.join(""));

test("the first look at a text passes over no number that the whole look finds", () => {
  fc.assert(
    fc.property(numeric, fc.boolean(), (text, isPhone) => {
      const plainText = text.normalize("NFKC");
      const hint = { isPhone, isId: false };
      const kinds = personalKindsIn(text, everyKind, hint);
      if (hasPhone(plainText, isPhone)) expect(kinds & kindBits.phone).toBe(kindBits.phone);
      if (hasCard(plainText, true)) expect(kinds & kindBits.card).toBe(kindBits.card);
    }),
    { seed: 12, numRuns: 20_000 },
  );
});

test("an address is found wherever it stands in a text", () => {
  const around = fc.string({ unit: "grapheme", maxLength: 30 });
  fc.assert(
    fc.property(around, around, (left, right) => {
      expect(personalKindsIn(`${left} john@partner.example ${right}`, kindBits.email)).toBe(kindBits.email);
      expect(
        personalKindsIn(
          encodeURIComponent(`${left} john@partner.example ${right}`.toWellFormed()),
          kindBits.email,
        ),
      ).toBe(kindBits.email);
    }),
    { seed: 12, numRuns: 2_000 },
  );
});

describe("the time is linear in the text, whatever it is", () => {
  test.each([
    ["@", "a@"],
    ["quotes", '"@'],
    ["dots", "a@b."],
    ["percent signs", "%25"],
    ["backslashes", '\\"'],
    ["digits", "1"],
    ["digits in pairs", "06 "],
    ["plus signs", "+1 "],
    ["parentheses", "(0"],
    ["words that name phones", "phone:1"],
    ["base64", "aaaa"],
    ["tokens of base64", "YWFhYWFhYWFhYWFh."],
    ["references of HTML", "&#64;"],
  ])("%s", (_, unit) => {
    const timeMs = (length: number) => {
      const text = unit.repeat(length / unit.length);
      const started = performance.now();
      personalKindsIn(text, everyKind, { isPhone: true, isId: false });
      return performance.now() - started;
    };
    timeMs(4_096);
    // 16 times the text: quadratic time would be 256 times as long.
    const short = Math.min(timeMs(4_096), timeMs(4_096), timeMs(4_096));
    expect(Math.min(timeMs(65_536), timeMs(65_536), timeMs(65_536))).toBeLessThan(100 * Math.max(short, 1.5));
  });
});

test.each([
  ["a phone number in Arabic digits", "+٩٦٦٥٠١٢٣٤٥٦٧", "phone"],
  ["a phone number in Persian digits", "+۹۸۹۱۲۱۲۳۴۵۶۷", "phone"],
  ["a phone number with marks of direction", "\u202A+49 170\u2011123\u20114567\u202C", "phone"],
  ["a card number in Devanagari digits", "४१११ ११११ ११११ ११११", "card"],
])("%s is found", (_, text, kind) => {
  expect(found(text)).toBe(kind);
});
