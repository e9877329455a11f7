import { RondoError } from '../../../errors.js';
import type { CellAlongTime } from '../../../layers/cell-along-time.js';
import type { GraphWriter } from './graph-writer.js';
import type { HostWeight } from './host-weights.js';

/** One cell along time, as it is written. T time, B batch, F features, U units. */
export interface CellRun {
  readonly graph: GraphWriter;
  readonly member: CellAlongTime;
  /** By name: `kernel`, `bias`. */
  readonly weights: ReadonlyMap<string, HostWeight>;
  /** `[T, B, F]` */
  readonly input: string;
  /** `[T, B, 1]`, true where a step counts. */
  readonly mask: string | undefined;
  /** By state, `[B, width]`; zeros where absent. */
  readonly initial: Readonly<Record<string, string>> | undefined;
  readonly reverse: boolean;
  readonly outputOrder: 'time' | 'computed';
  readonly returnSequences: boolean;
}

/** What a run gives. */
export interface CellResult {
  /** `[T, B, width]` with `returnSequences`, else `[B, width]`. */
  readonly output: string;
  /** By state, `[B, width]`. */
  readonly states: Readonly<Record<string, string>>;
}

/** A weight that the cell has. */
export function weightOf({ weights, member }: CellRun, name: string): HostWeight {
  const found = weights.get(name);
  if (found !== undefined) return found;
  throw new RondoError('INTERNAL', {
    where: 'writeOnnx',
    what: `the cell \`${member.cell.name}\` has no \`${name}\`.`,
  });
}

/** Columns of `[rows, columns]` in another order: those of each of `places`, `width` wide, one after the other. */
export function columnsAt({ shape, values }: HostWeight, width: number, places: readonly number[]): HostWeight {
  const columns = shape[shape.length - 1];
  const rows = values.length / columns;
  const all = new Float32Array(rows * places.length * width);
  for (let row = 0; row < rows; row++)
    places.forEach((place, i) => {
      for (let u = 0; u < width; u++)
        all[row * places.length * width + i * width + u] = values[row * columns + place * width + u];
    });
  return { shape: [...shape.slice(0, -1), places.length * width], values: all };
}

/** Columns of a weight as {@link columnsAt} gives them, in the graph; those of 8 bits are chosen there. */
export function storedColumns(
  graph: GraphWriter,
  name: string,
  weight: HostWeight,
  width: number,
  places: readonly number[],
): string {
  if (weight.quantized === undefined) {
    const { shape, values } = columnsAt(weight, width, places);
    return graph.floats(name, values, shape);
  }
  const all = graph.stored(name, weight);
  const isAll = places.length * width === weight.shape[1] && places.every((place, i) => place === i);
  if (isAll) return all;
  const columns = places.flatMap((place) => Array.from({ length: width }, (_, u) => place * width + u));
  return graph.outermost.add('Gather', [all, graph.integers(...columns)], { attributes: { axis: 1 } });
}
