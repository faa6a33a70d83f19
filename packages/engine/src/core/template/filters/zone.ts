import { nearestName } from "../../nearest.ts";
import { loadTemporal } from "./on-demand.ts";

/** Reads the offset from UTC at an instant, both in seconds; null if the offset is no whole number of minutes. */
export type OffsetReader = (epochSeconds: number) => number | null;

/** A name of the IANA time zone database, `UTC` included. Offsets such as `+01:00` are no zone: they know no summer time. */
function isZone(zone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{1,60}$/.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** Words for a zone that is not known. */
export function unknownZone(zone: string): string {
  const near = nearestName(zone, Intl.supportedValuesOf("timeZone"));
  const hint = near === null ? "" : ` Did you mean "${near}"?`;
  return `Write a time zone of the IANA database, such as "Europe/Berlin" or "UTC".${hint}`;
}

/**
 * The offsets of a zone, or null if the zone is unknown. The period between two changes of the clock is kept, because
 * events come in the order of time: Temporal is asked only when an instant lies outside of it.
 *
 * @example offsetsOf("Europe/Berlin")?.(1769853600) // 3600
 */
export function offsetsOf(zone: string): OffsetReader | null {
  if (!isZone(zone)) return null;
  const { Instant } = loadTemporal();
  let from = Number.POSITIVE_INFINITY;
  let until = Number.NEGATIVE_INFINITY;
  let offset: number | null = 0;
  return (epochSeconds) => {
    const ms = epochSeconds * 1000;
    if (ms >= from && ms < until) return offset;
    const at = Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
    const seconds = Math.round(at.offsetNanoseconds / 1_000_000_000);
    offset = seconds % 60 === 0 ? seconds : null;
    // The change at this very instant has happened already: it is looked for from a millisecond later.
    const next = Instant.fromEpochMilliseconds(ms + 1).toZonedDateTimeISO(zone);
    from = next.getTimeZoneTransition("previous")?.epochMilliseconds ?? Number.NEGATIVE_INFINITY;
    until = at.getTimeZoneTransition("next")?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
    return offset;
  };
}
