/** Rows that an epoch reads in its windows, unless its steps are given: longer series are drawn from. */
const rowsPerEpoch = 2 ** 21;

/** Steps of an epoch, at least: a short series is gone through several times. */
const leastSteps = 50;

/** Windows of the validation part that choose the epoch and the share: rows in all of them, and windows at least. */
const validationRows = 2 ** 20;
const leastValidationWindows = 2048;

/** Forecasts that errors are measured on, of all series together. */
export const mostForecasts = 20_000;

/** The last rows of a series that its base is chosen by. */
export const mostRowsForBase = 100_000;

/** Steps of an epoch: those that show every window once, as far as they read no more than so many rows. */
export function stepsOfEpoch(
  numWindows: number,
  { batchSize, timesteps }: { batchSize: number; timesteps: number },
): number {
  const all = Math.ceil(numWindows / batchSize);
  const most = Math.ceil(rowsPerEpoch / (batchSize * timesteps));
  return Math.max(leastSteps, Math.min(all, most));
}

/** Windows that are validated on, drawn evenly where there are more. */
export function mostValidationWindows(timesteps: number): number {
  return Math.max(leastValidationWindows, Math.floor(validationRows / timesteps));
}

/** Numbers from 0 to below `count`, evenly drawn where that is above `most`, the last one always among them. */
export function evenlyDrawn(count: number, most: number): Int32Array {
  if (count <= most) return Int32Array.from({ length: count }, (_, i) => i);
  return Int32Array.from({ length: most }, (_, i) => Math.floor(((i + 1) * count) / most) - 1);
}

export interface BudgetUse {
  /** Windows to train on, and how many of them an epoch shows. */
  readonly numWindows: number;
  readonly windowsPerEpoch: number;
  /** Whether the steps of an epoch were asked for. */
  readonly isGiven: boolean;
  readonly validation: { readonly length: number; readonly numPossible: number };
  /** Origins of the held-out part. */
  readonly numTestOrigins: number;
  /** Of the longest series: rows that its base may be chosen by. */
  readonly mostRows: number;
}

/** What was left out of long series to end in time, a sentence each. */
export function budgetNotes({
  numWindows,
  windowsPerEpoch,
  isGiven,
  validation,
  numTestOrigins,
  mostRows,
}: BudgetUse): string[] {
  const shown = (count: number): string => count.toLocaleString('en-US');
  const how = isGiven ? '' : ' (steps per epoch say how many)';
  return [
    ...(windowsPerEpoch < numWindows
      ? [`an epoch shows ${shown(windowsPerEpoch)} windows, drawn anew from ${shown(numWindows)}${how}`]
      : []),
    ...(validation.length < validation.numPossible
      ? [`validation is on ${shown(validation.length)} windows, drawn evenly from ${shown(validation.numPossible)}`]
      : []),
    ...(numTestOrigins > mostForecasts
      ? [`errors are those of at most ${shown(mostForecasts)} forecasts, drawn evenly from ${shown(numTestOrigins)}`]
      : []),
    ...(mostRows > mostRowsForBase
      ? [`the base is chosen by the last ${shown(mostRowsForBase)} of ${shown(mostRows)} rows`]
      : []),
  ];
}
