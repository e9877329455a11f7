import type { Resolved } from '../../resolved.js';
import { literal, type ModuleCode, type TakenByNet } from '../module-code.js';
import { type BaseForecast, rowsNeededBy } from './base-forecast.js';
import type { ForecastFindings } from './findings.js';
import type { ForecastOptions } from './forecast-options.js';
import type { TrainedSeries } from './trained-series.js';

/** What code is written of, of a `Forecaster`. */
export interface CodedForecaster {
  readonly names: readonly string[];
  readonly series: readonly TrainedSeries[];
  readonly options: Readonly<Resolved<ForecastOptions>>;
  readonly findings: ForecastFindings;
  readonly isOfSeveral: boolean;
  readonly usesNetwork: boolean;
  isShort(known: TrainedSeries): boolean;
}

/** By name, what makes the forecast of a base: a function of the row that is forecast first and of a number of steps. */
const bases: Readonly<Record<BaseForecast['name'], string>> = {
  naive: '(values) => seasonal(values, 1, () => 0)',
  drift: `(values) =>
    seasonal(values, 1, (origin) => (origin > 1 ? (values[origin - 1] - values[0]) / (origin - 1) : 0))`,
  seasonalNaive: '(values, { season }) => seasonal(values, season, () => 0)',
  seasonalDrift: `(values, { season }) => {
    const sum = (from, to) => values.slice(from, to).reduce((a, b) => a + b, 0);
    return seasonal(values, season, (origin) =>
      origin >= 2 * season ? (sum(origin - season, origin) - sum(0, season)) / season / (origin - season) : 0);
  }`,
  mean: `(values) => (origin, steps) => {
    const sum = values.slice(0, origin).reduce((a, b) => a + b, 0);
    return new Array(steps).fill(sum / origin);
  }`,
  median: `(values) => (origin, steps) => {
    const sorted = values.slice(0, origin).sort((a, b) => a - b);
    const middle = origin >> 1;
    return new Array(steps).fill(origin % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
  }`,
  smoothing: '(values, { parameters }) => smoothed(values, parameters)',
};

const seasonal = `// The last season again and again, with a change for each step.
function seasonal(values, season, slopeAt) {
  return (origin, steps) => {
    const length = origin < season ? 1 : season;
    const slope = slopeAt(origin);
    return Array.from({ length: steps }, (_, step) =>
      values[origin - length + (step % length)] + (Math.floor(step / length) + 1) * length * slope);
  };
}
`;

const smoothed = `// Exponential smoothing with a damped trend and seasons: what it knows at every row.
function smoothed(values, { level: alpha, trend, damping, drift, season: gamma, autocorrelation, seasons, isLog }) {
  const numRows = values.length;
  const first = seasons.length > 0 ? seasons[0] : 1;
  const level = new Float64Array(numRows + 1);
  const slope = new Float64Array(numRows + 1);
  const error = new Float64Array(numRows + 1);
  const states = seasons.map(() => new Float64Array(numRows));
  if (numRows >= first) {
    const start = values.slice(0, first).map((value) => (isLog ? Math.log(Math.max(value, Number.MIN_VALUE)) : value));
    const mean = start.reduce((sum, value) => sum + value, 0) / first;
    level[first] = mean;
    const rest = start.map((value) => value - mean);
    for (let k = seasons.length - 1; k >= 0; k--) {
      const profile = new Float64Array(seasons[k]);
      const counts = new Float64Array(seasons[k]);
      rest.forEach((value, row) => {
        profile[row % seasons[k]] += value;
        counts[row % seasons[k]]++;
      });
      for (let row = 0; row < first; row++) {
        states[k][row] = profile[row % seasons[k]] / counts[row % seasons[k]];
        rest[row] -= states[k][row];
      }
    }
  }
  for (let row = first; row < numRows; row++) {
    const value = isLog ? Math.log(values[row]) : values[row];
    const start = level[row] + damping * slope[row];
    const known = autocorrelation * error[row];
    let sum = 0;
    for (let k = 0; k < seasons.length; k++) sum += states[k][row - seasons[k]];
    error[row + 1] = Number.isFinite(value) ? value - start - sum : known;
    const missed = error[row + 1] - known;
    const rate = Math.max(alpha, 1 / (row + 1));
    level[row + 1] = start + rate * missed;
    slope[row + 1] = damping * slope[row] + trend * missed;
    let left = 1 - rate;
    for (let k = seasons.length - 1; k >= 0; k--) {
      const own = Math.min(left, Math.max(gamma, 1 / (1 + Math.floor(row / seasons[k]))));
      states[k][row] = states[k][row - seasons[k]] + own * missed;
      left -= own;
    }
  }
  return (origin, steps) => {
    if (origin < first) return new Array(steps).fill(values[origin - 1]);
    const change = (drift * (level[origin] - level[first])) / origin;
    let [at, by, missed] = [level[origin], slope[origin], error[origin]];
    return Array.from({ length: steps }, (_, step) => {
      by *= damping;
      at += by + change;
      missed *= autocorrelation;
      let value = at + missed;
      for (let k = 0; k < seasons.length; k++) value += states[k][origin - seasons[k] + (step % seasons[k])];
      return isLog ? Math.exp(value) : value;
    });
  };
}
`;

/** `createForecaster().predict(rows)`: the past of a series to its next values, with scaling, windows and base. */
export function forecasterCode(forecaster: CodedForecaster, takes: TakenByNet): ModuleCode {
  const { names, options, findings, isOfSeveral } = forecaster;
  const { horizon, timesteps, season, allowNegative } = options;
  const { share, instead } = findings;
  const series = forecaster.series.map((known) => {
    const { offset, scale } = known.scaler.toJSON();
    const base: BaseForecast =
      instead === null
        ? known.base
        : instead === 'seasonalNaive' || instead === 'seasonalDrift'
          ? { name: instead, season }
          : { name: instead };
    const rowsNeeded = Math.max(timesteps, rowsNeededBy(known.base));
    return {
      name: known.name,
      base,
      // Without a part of the network, any row will do that the base forecasts from.
      usesNetwork: forecaster.usesNetwork && !forecaster.isShort(known),
      rowsNeeded: instead !== null ? 1 : rowsNeeded,
      leastRows: instead !== null || isOfSeveral ? 1 : rowsNeeded,
      lowest: Number.isFinite(known.lowest) ? known.lowest : null,
      isBounded: known.lowest >= 0 && !allowNegative,
      ...{ offset, scale, correctionScale: known.correctionScale, errorScale: known.errorScale },
    };
  });
  const used = [...new Set(series.map(({ base }) => base.name))];
  const isSmoothed = used.includes('smoothing');
  const isSeasonal = used.some((name) => /naive|drift/i.test(name));
  const corrections =
    takes === 'steps'
      ? 'const outputs = model.run(window);\n      const corrections = outputs[outputs.length - 1];'
      : 'const corrections = model.run(window.flat());';
  const example = names.length === 1 ? '[12.5, 13.1, ...]' : `[[${names.join(', ')}], ...]`;
  return {
    about: [
      '  import { createForecaster } from "./NAME.mjs";',
      `  const next = createForecaster().predict(rows${isOfSeveral ? ', series' : ''}); // ${horizon} values behind the last row`.replace(
        /[^\x20-\x7e]/g,
        '?',
      ),
      `  // rows: the past, the oldest first, without gaps: ${example}`.replace(/[^\x20-\x7e]/g, '?'),
    ],
    source: `// The columns of a row, and what is known of each series.
export const columns = ${literal(names)};
const knownSeries = ${literal(series)};

${isSeasonal ? seasonal : ''}${isSmoothed ? smoothed : ''}const bases = {
${used.map((name) => `  ${name}: ${bases[name]},`).join('\n')}
};

// A forecaster of series.
export function createForecaster(WEIGHTS) {
  const model = createModel(WEIGHTS);
  // The next ${horizon} values of the first column. rows: the past, the oldest first, one row a step: a number, a list
  // of the columns in their order, or an object with the columns by name.
  function predict(rows, name) {
    const known = ${isOfSeveral ? 'knownSeries.find((each) => each.name === name)' : 'knownSeries[0]'};
    if (known === undefined) throw new RangeError('there is no series ' + name + '; a new one is forecast with the library');
    const width = columns.length;
    if (!Array.isArray(rows)) throw new TypeError('predict takes an array of rows, the oldest first');
    const values = rows.map((row, i) => {
      const isNamed = Object(row) === row && typeof row.length !== 'number';
      const missing = isNamed ? columns.find((column) => !Number.isFinite(row[column])) : undefined;
      if (missing !== undefined) throw new RangeError('row ' + i + ' has no number of the column ' + missing);
      const list = isNamed ? columns.map((column) => row[column]) : typeof row === 'number' ? [row] : Array.from(Object(row));
      if (list.length !== width || !list.every(Number.isFinite)) throw new RangeError('row ' + i + ' is not of ' + width + ' numbers');
      return list;
    });
    const origin = values.length;
    if (origin < known.leastRows) throw new RangeError('there are ' + origin + ' rows instead of at least ' + known.leastRows);
    const isLog = known.base.name === 'smoothing' && known.base.parameters.isLog;
    const into = (value) => (isLog ? Math.log(Math.max(value, known.lowest / 2)) : value);
    const target = values.map(([value]) => value);
    const forecast = bases[known.base.name](target, known.base);
    let result = forecast(origin, ${horizon});
    if (known.usesNetwork && origin >= known.rowsNeeded) {
      const scaled = (row, column) =>
        Math.fround(((column === 0 ? into(target[row]) : values[row][column]) - known.offset[column]) / known.scale[column]);
      const window = Array.from({ length: ${timesteps} }, (_, step) => {
        const row = origin - ${timesteps} + step;
        const inputs = columns.map((_, column) => scaled(row, column) - scaled(origin - 1, column));
        // What the base missed there.
        if (known.errorScale !== null)
          inputs.push(row < 1 ? 0 : (into(target[row]) - into(forecast(row, 1)[0])) / known.errorScale);
        return inputs;
      });
      ${corrections}
      result = result.map((value, step) => {
        const corrected = into(value) + ${share} * corrections[step] * known.correctionScale;
        return isLog ? Math.exp(corrected) : corrected;
      });
    }
    return known.isBounded ? result.map((value) => Math.max(0, value)) : result;
  }
  return { predict };
}
`,
  };
}
