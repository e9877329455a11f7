/** Minutes that clocks of a zone are ahead of UTC, for abbreviations that mean one zone in practice. */
const offsets: Readonly<Record<string, number>> = {
  Z: 0,
  UTC: 0,
  GMT: 0,
  WET: 0,
  WEST: 60,
  CET: 60,
  CEST: 120,
  EET: 120,
  EEST: 180,
  EST: -300,
  EDT: -240,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
  JST: 540,
  KST: 540,
  AEST: 600,
  AEDT: 660,
};

/** Matches a zone behind a time. */
export const zonePattern = String.raw`(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|${Object.keys(offsets)
  .sort((a, b) => b.length - a.length)
  .join('|')}`;

/** Minutes that the clock is ahead of UTC; 0 for an empty text. @param zone what {@link zonePattern} matches. */
export function offsetOfZone(zone: string): number {
  if (zone === '') return 0;
  const known = offsets[zone.toUpperCase()];
  if (known !== undefined) return known;
  const [, sign, hours, minutes = '0'] = /([+-])(\d{1,2}):?(\d{2})?$/.exec(zone)!;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
