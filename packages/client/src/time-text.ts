/** Times as people read them. */

/** The last millisecond that a date can name, in the year 275760. */
const DATE_MS_MAX = 8_640_000_000_000_000;

/** RFC 3339 in UTC; for a number that is no date, as strangers may write it, the number itself. */
export function timeText(timestampMs: number): string {
  const isDate = Number.isFinite(timestampMs) && Math.abs(timestampMs) <= DATE_MS_MAX;
  return isDate ? new Date(timestampMs).toISOString() : `${timestampMs} ms`;
}
