import { afterEach, describe, expect, test, vi } from "vitest";
import * as fc from "fast-check";
import { compileTemplate } from "../compile.ts";
import { rendered } from "../template.fixture.ts";
import { filtered, filteredText } from "./filter.fixture.ts";
import { filters } from "./index.ts";
import { offsetsOf } from "./zone.ts";

const seed = 20260131;
const runs = { seed, numRuns: 1000 };

/** A decimal as its text, and the same as a fraction of whole numbers, made apart from the code under test. */
interface Sample {
  readonly text: string;
  readonly units: bigint;
  readonly perOne: bigint;
}

const decimals: fc.Arbitrary<Sample> = fc
  .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.nat({ max: 6 }))
  .map(([units, scale]) => {
    const perOne = BigInt(`1${"0".repeat(scale)}`);
    const size = units < 0n ? -units : units;
    const rest = scale === 0 ? "" : `.${String(size % perOne).padStart(scale, "0")}`;
    return { text: `${units < 0n ? "-" : ""}${size / perOne}${rest}`, units, perOne };
  });

/** The fraction that a plain decimal text stands for. */
function fraction(text: string): Omit<Sample, "text"> {
  expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?$/);
  const digits = text.split(".")[1]?.length ?? 0;
  return { units: BigInt(text.replace(".", "")), perOne: 10n ** BigInt(digits) };
}

describe("amounts are exact", () => {
  const digitsOf = { EUR: 2n, JPY: 0n, KWD: 3n, CLF: 4n } as const;
  const currencies = fc.constantFrom(...(Object.keys(digitsOf) as (keyof typeof digitsOf)[]));

  test("a product is that of the whole numbers", () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const made = fraction(filtered("|times:data.b", `{"x":${a.text},"b":"${b.text}"}`));
        expect(made.units * a.perOne * b.perOne).toBe(a.units * b.units * made.perOne);
      }),
      runs,
    );
  });

  test("minor units are whole, or a digit would be lost and nothing is sent", () => {
    fc.assert(
      fc.property(decimals, currencies, ({ text, units, perOne }, currency) => {
        const minor = units * 10n ** digitsOf[currency];
        const expected = minor % perOne === 0n ? String(minor / perOne) : "invalid_value";
        expect(filtered(`|minor:"${currency}"`, text)).toBe(expected);
      }),
      runs,
    );
  });

  test("major units and back give the same", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), currencies, (minor, currency) => {
        expect(filtered(`|major:"${currency}"|minor:"${currency}"`, String(minor))).toBe(String(minor));
        const major = filtered(`|major:"${currency}"`, String(minor));
        expect(major.split(".")[1]?.length ?? 0).toBe(Number(digitsOf[currency]));
      }),
      runs,
    );
  });

  test("rounding is at most half a unit away, and a half goes away from zero", () => {
    fc.assert(
      fc.property(decimals, fc.nat({ max: 6 }), ({ text, units, perOne }, digits) => {
        const made = fraction(filtered(`|round:${digits}`, text));
        const off = (made.units * perOne - units * made.perOne) * 2n;
        const size = off < 0n ? -off : off;
        const unit = (perOne * made.perOne) / 10n ** BigInt(digits);
        expect(size <= unit).toBe(true);
        if (size === unit) expect(off < 0n).toBe(units < 0n);
      }),
      runs,
    );
  });

  test("num keeps every digit of any JSON number", () => {
    const numbers = fc.stringMatching(/^-?(0|[1-9]\d{0,30})(\.\d{1,30})?([eE][+-]?\d{1,3})?$/);
    fc.assert(
      fc.property(numbers, (text) => {
        expect(filtered("|num", JSON.stringify(text))).toBe(text);
      }),
      runs,
    );
  });
});

/** What a clock in the zone shows, by Intl: another implementation than that of the filters. */
function shownByIntl(zone: string, epochMs: number): string {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "longOffset",
  });
  const parts = Object.fromEntries(format.formatToParts(epochMs).map(({ type, value }) => [type, value]));
  const offset = parts.timeZoneName?.slice(3) ?? "";
  return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}:${parts.second}${offset || "+00:00"}`;
}

const zones = fc.constantFrom(...Intl.supportedValuesOf("timeZone"));
/** From 1972-05-01, since when every offset has whole minutes, to the end of 2025. */
const instants = fc.integer({ min: 73_526_400, max: 1_767_225_599 });

describe("dates", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test("show in every zone what another implementation shows", () => {
    fc.assert(
      fc.property(zones, instants, (zone, seconds) => {
        const pattern = `|tz:"${zone}"|date:"yyyy-MM-dd HH:mm:ssxxx"`;
        expect(filteredText(pattern, String(seconds))).toBe(shownByIntl(zone, seconds * 1000));
      }),
      { seed, numRuns: 300 },
    );
  });

  test("show around each change of the clocks what another implementation shows", () => {
    for (const zone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]) {
      const offsetAt = offsetsOf(zone) as NonNullable<ReturnType<typeof offsetsOf>>;
      // An hour at a time through a year, so that the kept period ends again and again.
      for (let at = 1_735_689_600; at < 1_767_225_600; at += 3600) {
        const next = offsetAt(at + 3599);
        if (offsetAt(at) === next) continue;
        for (const seconds of [at - 1, at, at + 1799, at + 1800, at + 3599]) {
          const pattern = `|tz:"${zone}"|date:"yyyy-MM-dd HH:mm:ssxxx"`;
          expect(filteredText(pattern, String(seconds))).toBe(shownByIntl(zone, seconds * 1000));
        }
      }
    }
  });

  test("are the same with the polyfill, for runtimes without Temporal", async () => {
    vi.stubGlobal("Temporal", undefined);
    vi.resetModules();
    const polyfilled = await import("./zone.ts");
    fc.assert(
      fc.property(zones, fc.array(instants, { minLength: 1, maxLength: 3 }), (zone, seconds) => {
        const [native, other] = [offsetsOf(zone), polyfilled.offsetsOf(zone)];
        expect(seconds.map((at) => other?.(at))).toEqual(seconds.map((at) => native?.(at)));
      }),
      { seed, numRuns: 100 },
    );
  });

  test("go through every form and come back to the same instant", () => {
    // Milliseconds before March 1973 look like seconds.
    const later = instants.filter((seconds) => seconds >= 100_000_000);
    fc.assert(
      fc.property(later, zones, (seconds, zone) => {
        const forms = ["iso", "unix_ms", "unix_us", "yyyy-MM-dd'T'HH:mm:ssxxx"];
        for (const form of forms) {
          const there = filtered(`|tz:"${zone}"|date:"${form}"|date:"unix"`, String(seconds));
          expect(there).toBe(String(seconds));
        }
      }),
      { seed, numRuns: 100 },
    );
  });
});

describe("no value breaks out of an escape", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.string({
      unit: fc.constantFrom(...Array.from("<>&\"'\\`*_~[](){}!@#|.-+=:/ \n\tae🎉")),
      maxLength: 20,
    }),
  );
  const checks: [
    name: string,
    safe: RegExp,
    undo: (made: string) => string,
    keep: (text: string) => string,
  ][] = [
    [
      "html",
      /^(?:[^<>&"']|&(?:amp|lt|gt|quot|#39);)*$/,
      (made) =>
        made.replace(
          /&(?:amp|lt|gt|quot|#39);/g,
          (entity) => ({ "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"' })[entity] ?? "'",
        ),
      (text) => text,
    ],
    [
      "slack",
      /^(?:[^<>&]|&(?:amp|lt|gt);)*$/,
      (made) => made.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
      (text) => text,
    ],
    [
      "markdown",
      /^(?:[^!-/:-@[-`{-~\n\t]|\\[!-/:-@[-`{-~])*$/,
      (made) => made.replace(/\\([!-/:-@[-`{-~])/g, "$1"),
      (text) => text.replace(/\s+/g, " "),
    ],
    [
      "telegram",
      /^(?:[^!-/:-@[-`{-~]|\\[!-/:-@[-`{-~])*$/,
      (made) => made.replace(/\\([!-/:-@[-`{-~])/g, "$1"),
      (text) => text,
    ],
    [
      "discord",
      /^(?:[^!-/:-@[-`{-~]|\\[!-?[-`{-~]|\\@\u200b)*$/,
      (made) => made.replace(/\\@\u200b/g, "\\@").replace(/\\([!-/:-@[-`{-~])/g, "$1"),
      (text) => text,
    ],
  ];

  test.each(checks)("%s", (name, safe, undo, keep) => {
    fc.assert(
      fc.property(texts, (text) => {
        const made = filteredText(`|${name}`, text) ?? "";
        expect(made).toMatch(safe);
        expect(undo(made)).toBe(keep(text).toWellFormed());
      }),
      runs,
    );
  });
});

describe("filters are total", () => {
  /** Each filter as it can be written, with arguments. */
  const written = [...filters].flatMap(([name, { usage }]) => {
    const forms = usage.split(" or ").map((form) => form.split("|").at(-1) as string);
    return name === "norm" ? ['norm:"meta.email"', 'norm:"google.phone","DE"', 'norm:"meta.zip"'] : forms;
  });
  const chains = fc.array(fc.constantFrom(...written), { minLength: 1, maxLength: 4 });
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom("10.50", "2026-01-31T10:00:00Z", "-1e400", "1e-64", "٣", "\ud800", "a@b.example", "NaN"),
    fc.jsonValue({ maxDepth: 2 }),
  );

  test("whatever the event holds, a chain that compiles gives a value or a reason", () => {
    let compiledCount = 0;
    fc.assert(
      fc.property(chains, hostile, hostile, (chain, x, other) => {
        const macro = `{data.x|${chain.join("|").replaceAll("item.qty", "data.o").replaceAll("secret.key", "secret.k")}}`;
        const source = { method: "POST", url: "https://t.example/", body: [macro, `-${macro}`] } as const;
        const secrets = new Map([["k", "key"]]);
        const compiled = compileTemplate(source, { secrets });
        if (!compiled.ok) {
          // A pattern without a zone is refused unless tz stands before it; after a fault a map's brace is a stray one.
          const codes = compiled.issues.map(({ code }) => code);
          expect(["filter_mismatch", "invalid_argument", "stray_brace"]).toEqual(
            expect.arrayContaining(codes),
          );
          return;
        }
        compiledCount += 1;
        const result = rendered(
          { ...source, body: [macro.replace(/\|hmac:"sha256",secret.k/g, "|sha256")] },
          { x, o: other },
        );
        if (result.ok) expect(() => JSON.parse(result.body ?? "")).not.toThrow();
        else expect(result.reason).toBe("invalid_value");
      }),
      { seed, numRuns: 3000 },
    );
    expect(compiledCount).toBeGreaterThan(1000);
  });
});
