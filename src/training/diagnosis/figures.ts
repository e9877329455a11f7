/** A number with two significant digits, as advice quotes it. */
export function figure(value: number): string {
  const magnitude = Math.abs(value);
  return magnitude !== 0 && (magnitude < 1e-2 || magnitude >= 1e4)
    ? value.toExponential(0)
    : String(Number(value.toPrecision(magnitude >= 0.1 && magnitude < 10 ? 3 : 2)));
}

/** A share in percent. */
export function percentage(share: number): string {
  return `${Math.round(100 * share)} %`;
}
