/** The target of a series, `[rows]`. */
export interface TargetRows {
  readonly values: Float64Array;
  /** 0 where a value was filled. */
  readonly isReal: Uint8Array;
}

/** Makes forecasts from any row of a series. */
export interface BaseForecaster {
  /** Writes the values of row `origin` and after, from what is before it; there is at least one row before it. */
  forecastInto(origin: number, result: Float64Array): void;
}
