import { RondoError, refuseUnknownOptions } from '../errors.js';
import { type ColumnStatistics, columnStatistics, requireRows } from './column-statistics.js';
import { isFiniteNumbers, isText, SavedFields } from './saved-fields.js';

/** What {@link Scaler.toJSON} writes: the offset and scale of each column. */
export type ScalerJson = {
  kind: 'standard' | 'minMax';
  offset: number[];
  scale: number[];
  /** Of a `minMax` scaler. */
  featureRange?: [low: number, high: number] | undefined;
};

/**
 * One affine map for each column, learned by {@link fit} in float64. Values are row-major, `[rows, columns]`, in one
 * flat array.
 *
 * A column that never changes has no spread to divide by. It is only shifted: every value of it becomes 0 (`standard`)
 * or the lower end of the range (`minMax`), and {@link inverse} gives the constant back.
 */
export abstract class Scaler {
  abstract readonly kind: ScalerJson['kind'];
  protected offset: Float64Array | undefined;
  protected scale: Float64Array | undefined;
  /** What is added after scaling: the lower end of a range. */
  protected get shift(): number {
    return 0;
  }

  /** The offset and scale of each column from its statistics. */
  protected abstract learn(statistics: ColumnStatistics): { offset: Float64Array; scale: Float64Array };

  protected get className(): string {
    return this.kind === 'standard' ? 'StandardScaler' : 'MinMaxScaler';
  }

  /**
   * Learns the map of each column; fit the training rows only, or the test rows leak into the model.
   * @throws NOT_FINITE naming row and column; SHAPE_MISMATCH when the values are no whole number of rows.
   */
  fit(values: ArrayLike<number>, columns = 1): this {
    const { offset, scale } = this.learn(columnStatistics(`${this.className}.fit`, values, columns));
    this.offset = offset;
    this.scale = scale;
    return this;
  }

  /** Number of columns it was fitted to. */
  get columns(): number {
    return this.#fitted('columns').offset.length;
  }

  /** `(value - offset) / scale + shift`, in a new array. */
  transform(values: ArrayLike<number>): Float32Array {
    const { offset, scale } = this.#fitted('transform');
    const columns = offset.length;
    requireRows(`${this.className}.transform`, values, columns);
    const result = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++)
      result[i] = (values[i] - offset[i % columns]) / scale[i % columns] + this.shift;
    return result;
  }

  fitTransform(values: ArrayLike<number>, columns = 1): Float32Array {
    return this.fit(values, columns).transform(values);
  }

  /** Undoes {@link transform}, in a new array; in float64, because the original numbers may be large. */
  inverse(values: ArrayLike<number>): Float64Array {
    const { offset, scale } = this.#fitted('inverse');
    const columns = offset.length;
    requireRows(`${this.className}.inverse`, values, columns);
    const result = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++)
      result[i] = (values[i] - this.shift) * scale[i % columns] + offset[i % columns];
    return result;
  }

  /**
   * The scaler of some columns, in the order given: what turns forecasts of the target columns back into their units.
   * @throws OUT_OF_RANGE for a column that does not exist.
   */
  select(columns: readonly number[]): Scaler {
    const { offset, scale } = this.#fitted('select');
    for (const column of columns) {
      if (column in offset) continue;
      throw new RondoError('OUT_OF_RANGE', {
        where: `${this.className}.select`,
        what: 'there is no such column.',
        expected: `whole numbers from 0 to ${offset.length - 1}`,
        received: String(column),
        fix: 'give positions of columns that the scaler was fitted to.',
      });
    }
    const pick = (from: Float64Array): number[] => columns.map((column) => from[column]);
    return scalerFromJSON({ ...this.toJSON(), offset: pick(offset), scale: pick(scale) });
  }

  toJSON(): ScalerJson {
    const { offset, scale } = this.#fitted('toJSON');
    return { kind: this.kind, offset: [...offset], scale: [...scale] };
  }

  /** Takes over a saved state; {@link scalerFromJSON} checks it first. */
  restore(offset: readonly number[], scale: readonly number[]): this {
    this.offset = Float64Array.from(offset);
    this.scale = Float64Array.from(scale);
    return this;
  }

  #fitted(method: string): { offset: Float64Array; scale: Float64Array } {
    if (this.offset !== undefined && this.scale !== undefined) return { offset: this.offset, scale: this.scale };
    throw new RondoError('OUT_OF_RANGE', {
      where: `${this.className}.${method}`,
      what: 'the scaler is not fitted.',
      expected: 'a call of fit first',
      fix: 'call fit with the training values, or restore a saved scaler.',
    });
  }
}

/** Mean 0 and standard deviation 1 in each column: `(value - mean) / deviation`, dividing by the number of rows. */
export class StandardScaler extends Scaler {
  readonly kind = 'standard';

  protected learn({ mean, deviation }: ColumnStatistics): { offset: Float64Array; scale: Float64Array } {
    return { offset: mean, scale: deviation.map((spread) => (spread > 0 ? spread : 1)) };
  }
}

/** The smallest and largest value of each column at the two ends of `featureRange`, `[0, 1]` by default. */
export class MinMaxScaler extends Scaler {
  readonly kind = 'minMax';
  readonly featureRange: readonly [low: number, high: number];

  constructor(options: { featureRange?: readonly [low: number, high: number] | undefined } = {}) {
    super();
    refuseUnknownOptions('MinMaxScaler', options, ['featureRange']);
    const [low, high] = options.featureRange ?? [0, 1];
    if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
      throw new RondoError('OUT_OF_RANGE', {
        where: 'MinMaxScaler',
        what: '`featureRange` is not a range.',
        expected: '[low, high] with low < high',
        received: `[${low}, ${high}]`,
        fix: 'give the lower end first.',
      });
    }
    this.featureRange = [low, high];
  }

  protected override get shift(): number {
    return this.featureRange[0];
  }

  override toJSON(): ScalerJson {
    return { ...super.toJSON(), featureRange: [...this.featureRange] };
  }

  protected learn({ min, max }: ColumnStatistics): { offset: Float64Array; scale: Float64Array } {
    const width = this.featureRange[1] - this.featureRange[0];
    return { offset: min, scale: max.map((high, i) => (high > min[i] ? (high - min[i]) / width : 1)) };
  }
}

/** @throws FILE_FORMAT when the value is not what {@link Scaler.toJSON} writes. */
export function scalerFromJSON(value: unknown, where = 'scalerFromJSON'): Scaler {
  const saved = new SavedFields(where, value);
  const kind = saved.read('kind', '`standard` or `minMax`', isText);
  const offset = saved.read('offset', 'a list of finite numbers', isFiniteNumbers);
  const scale = saved.read('scale', 'a list of finite numbers', isFiniteNumbers);
  if (scale.length !== offset.length || !scale.every((item) => item > 0)) {
    throw saved.fault('the saved field `scale` is damaged.', `${offset.length} positive numbers`, scale);
  }
  if (kind === 'standard') return new StandardScaler().restore(offset, scale);
  if (kind === 'minMax') {
    const featureRange = saved.read('featureRange', '[low, high] with low < high', isRange);
    return new MinMaxScaler({ featureRange }).restore(offset, scale);
  }
  throw saved.fault('the saved scaler is of an unknown kind.', '`standard` or `minMax`', kind);
}

function isRange(value: unknown): value is [low: number, high: number] {
  return isFiniteNumbers(value) && value.length === 2 && value[0] < value[1];
}
