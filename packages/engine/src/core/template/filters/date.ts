import { nearestName } from "@postrider/contract";
import { compilePattern, formatIso } from "./date-pattern.ts";
import {
  type ArgumentFault,
  type BoundFilter,
  changing,
  type FilterFamily,
  type Filtered,
  instants,
  invalid,
  type ValueType,
} from "./filter.ts";
import { type Instant, isWithinYears, parseInstant } from "./instant.ts";
import { offsetsOf, unknownZone } from "./zone.ts";

const notInstant = invalid(
  "takes an RFC 3339 text with its zone, or seconds, milliseconds or microseconds since 1970, and this is none",
);
const outsideYears = invalid("cannot write a year before 0 or after 9999");
const oddOffset = invalid("cannot write the zone's offset of that time, which had seconds");

/** A bound filter on instants. */
function onInstants(gives: ValueType, change: (instant: Instant) => Filtered): BoundFilter {
  const apply = (text: string): Filtered => {
    const instant = parseInstant(text);
    return instant === null ? notInstant : change(instant);
  };
  return changing(apply, { gives });
}

/** A number of units since 1970; digits below the unit are cut off, toward the past. */
function sinceEpoch(digits: number): (instant: Instant) => Filtered {
  const unit = 10 ** digits;
  return ({ seconds, fraction }) => {
    const below = fraction.slice(0, digits).padEnd(digits, "0");
    // From microseconds of the year 2255 on a double would lose the last digit.
    return { json: digits === 0 ? String(seconds) : String(BigInt(seconds) * BigInt(unit) + BigInt(below)) };
  };
}

const forms: ReadonlyMap<string, (instant: Instant) => Filtered> = new Map([
  ["unix", sinceEpoch(0)],
  ["unix_ms", sinceEpoch(3)],
  ["unix_us", sinceEpoch(6)],
]);

const formNames: readonly string[] = [...forms.keys(), "iso"];
const usage = '|date:"unix" or |tz:"Europe/Berlin"|date:"yyyy-MM-dd HH:mm"';

function bindDate(form: string, inZone: boolean): BoundFilter | ArgumentFault {
  const toNumber = forms.get(form);
  if (toNumber !== undefined) return onInstants("number", toNumber);
  const shown = (instant: Instant): Instant => (inZone ? instant : { ...instant, offsetSeconds: 0 });
  if (form === "iso")
    return onInstants(inZone ? "time" : "text", (instant) => formatIso(shown(instant), !inZone));
  const pattern = compilePattern(form);
  if (typeof pattern === "string") {
    const message = (): string => {
      const near = form.length > 10 ? null : nearestName(form, formNames);
      const hint = near === null ? "" : ` Did you mean "${near}"?`;
      return `${pattern} Or write ${formNames.join(", ")}.${hint}`;
    };
    return { argument: 0, message };
  }
  if (!pattern.hasZone && !inZone) {
    const message = `A time without its zone means another instant in each zone: choose one before it, |tz:"UTC"|date:"${form.slice(0, 40)}", or write the offset with xxx.`;
    return { argument: 0, message };
  }
  return onInstants("text", (instant) => pattern.format(shown(instant)));
}

function bindZone(zone: string): BoundFilter | ArgumentFault {
  const offsetAt = offsetsOf(zone);
  if (offsetAt === null) return { argument: 0, message: () => unknownZone(zone) };
  return onInstants("time", (instant) => {
    const offsetSeconds = offsetAt(instant.seconds);
    if (offsetSeconds === null) return oddOffset;
    const local = { ...instant, offsetSeconds };
    return isWithinYears(local) ? formatIso(local, false) : outsideYears;
  });
}

/**
 * Filters on instants. `tz` gives the RFC 3339 text with the offset that the clocks of a zone have at that instant; `date`
 * writes an instant in another form. There is no local time that does not exist or exists twice here: the instant is
 * always known, only its text is made.
 */
export const dateFilters: FilterFamily = {
  tz: {
    usage: '|tz:"Europe/Berlin"',
    parameters: [{ kinds: ["text"] }],
    takes: instants,
    bind: ([zone]) =>
      zone?.kind === "text" ? bindZone(zone.text) : { argument: 0, message: () => unknownZone("") },
  },
  date: {
    usage,
    parameters: [{ kinds: ["text"] }],
    takes: instants,
    bind: ([form], input) =>
      form?.kind === "text"
        ? bindDate(form.text, input === "time")
        : { argument: 0, message: `Write the form: ${usage}.` },
  },
};
