/** The ISO text of epoch milliseconds. */
export const isoText = (ms: number): string => new Date(ms).toISOString();

/** Likewise, null staying null. */
export const isoTextOrNull = (ms: number | null): string | null => (ms === null ? null : isoText(ms));

/**
 * The smallest id of an instant, as `postrider.id_floor` makes it: ids are UUID version 7 (RFC 9562), so times are
 * bounds on ids.
 *
 * @example idFloor(0) // "00000000-0000-0000-0000-000000000000"
 */
export function idFloor(ms: number): string {
  const hex = Math.min(Math.max(Math.floor(ms), 0), maxIdMs)
    .toString(16)
    .padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The milliseconds of a version 7 id. */
export const idTimeMs = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

const maxIdMs = 2 ** 48 - 1;
