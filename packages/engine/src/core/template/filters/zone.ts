import { nearestName } from "@postrider/contract";
import { loadTemporal } from "./on-demand.ts";

/** Reads the offset from UTC at an instant, both in seconds; null if the offset is no whole number of minutes. */
export type OffsetReader = (epochSeconds: number) => number | null;

/**
 * The name of a zone of the IANA time zone database, `UTC` included, as the runtime writes it; null if there is none.
 * Offsets such as `+01:00` are no zone: they know no summer time.
 */
function zoneName(zone: string): string | null {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{1,60}$/.test(zone)) return null;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

/** Words for a zone that is not known. */
export function unknownZone(zone: string): string {
  // Comparing with all 450 names takes 8 ms: only those of the same continent and about the same length.
  const like = Intl.supportedValuesOf("timeZone").filter(
    (name) => name[0] === zone[0]?.toUpperCase() && Math.abs(name.length - zone.length) <= 2,
  );
  const near = nearestName(zone, like);
  const hint = near === null ? "" : ` Did you mean "${near}"?`;
  return `Write a time zone of the IANA database, such as "Europe/Berlin" or "UTC".${hint}`;
}

/** A period between two changes of the clocks: from `from` until before `until`, in milliseconds since 1970. */
interface Period {
  readonly from: number;
  readonly until: number;
  readonly offsetSeconds: number | null;
}

/** Summer and winter of some years: a replay goes through old events while new ones come in. */
const mostPeriods = 8;

function periodAt(zone: string, ms: number): Period {
  const { Instant } = loadTemporal();
  const at = Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  const seconds = Math.round(at.offsetNanoseconds / 1_000_000_000);
  // The change at this very instant has happened already: it is looked for from a millisecond later.
  const after = Instant.fromEpochMilliseconds(ms + 1).toZonedDateTimeISO(zone);
  return {
    from: after.getTimeZoneTransition("previous")?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    until: at.getTimeZoneTransition("next")?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetSeconds: seconds % 60 === 0 ? seconds : null,
  };
}

/**
 * The zones that templates use, by their names as written: templates share what is known of a zone, and to look one up
 * costs 300 µs. Null for a name that is no zone. There are some 600 names; more are not kept.
 */
const readers = new Map<string, OffsetReader | null>();
const mostReaders = 2000;

/**
 * The offsets of a zone, or null if the zone is unknown. The periods between changes of the clocks are kept, so that
 * Temporal is asked for the first instant of each alone: that takes 3 µs, and 90 µs with the polyfill.
 *
 * @example offsetsOf("Europe/Berlin")?.(1769853600) // 3600
 */
export function offsetsOf(zone: string): OffsetReader | null {
  const known = readers.get(zone);
  if (known !== undefined) return known;
  const name = zoneName(zone);
  const reader = name === null ? null : createReader(name);
  if (readers.size < mostReaders) readers.set(zone, reader);
  return reader;
}

function createReader(name: string): OffsetReader {
  loadTemporal();
  const periods: Period[] = [];
  return (epochSeconds) => {
    const ms = epochSeconds * 1000;
    let period = periods.find(({ from, until }) => ms >= from && ms < until);
    if (period === undefined) {
      period = periodAt(name, ms);
      if (periods.push(period) > mostPeriods) periods.shift();
    }
    return period.offsetSeconds;
  };
}
