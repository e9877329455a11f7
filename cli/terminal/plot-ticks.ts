/** One mark on an axis. */
export interface Tick {
  value: number;
  label: string;
}

/**
 * About `most` round numbers in a range, at least 1: multiples of 1, 2 or 5 times a power of ten.
 *
 * @param whole true keeps to whole numbers.
 */
export function ticksBetween(low: number, high: number, most: number, whole = false): Tick[] {
  const step = roundStep(high / most - low / most, whole);
  const ticks: Tick[] = [];
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  for (let i = first; i <= last && ticks.length <= most + 1; i++) {
    const value = i === 0 ? 0 : i * step;
    ticks.push({ value, label: labelOf(value, step) });
  }
  return ticks;
}

function roundStep(least: number, whole: boolean): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
  return whole ? Math.max(1, step) : step;
}

function labelOf(value: number, step: number): string {
  if (value === 0) return '0';
  const stepExponent = Math.floor(Math.log10(step) + 1e-9);
  const exponent = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
  const numDigits = Math.max(0, exponent - stepExponent);
  // A large number that changes little needs all its digits, and an exponent would only hide them.
  const isShort = numDigits <= 6;
  if (isShort && (exponent >= 6 || stepExponent <= -5)) return value.toExponential(numDigits).replace('e+', 'e');
  return exponent > 20 || stepExponent < -20 ? value.toPrecision(17) : value.toFixed(Math.max(0, -stepExponent));
}
