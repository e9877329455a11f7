import { RondoError } from '../errors.js';
import { cFunctions } from './c-functions.js';
import { javascriptFunctions } from './javascript-functions.js';
import type { NotedPort, NotedRun } from './note-model.js';
import type { NotedBuffer } from './noting-backend.js';
import type { Amount, IndicesOf, OperationOf, PlaceOf, Port, Program, ScalarOf, Store } from './program.js';

type Noted = OperationOf<NotedBuffer, number>;

/** How a visit of an operation gives its arrays and numbers another form. */
interface Rewriting<B, N> {
  store(store: NotedBuffer): B;
  amount(value: number): N;
  scalar(value: ScalarOf<number>): ScalarOf<N>;
}

/** A program of a step, or of anything else of fixed sizes. */
export function programOfStep(run: NotedRun): Program {
  return programOf('step', [run], { amount: ([value]) => value, scalar: ([value]) => value });
}

/**
 * A program for sequences of any length, from runs over sequences of several lengths: each size and place grows evenly with
 * the length.
 *
 * @throws USAGE where one does not, or where what is computed depends on the length
 */
export function programOfSequences(runs: readonly { readonly run: NotedRun; readonly length: number }[]): Program {
  const lengths = runs.map(({ length }) => length);
  return programOf(
    'sequence',
    runs.map(({ run }) => run),
    { amount: (values) => growing(values, lengths), scalar: (values) => scalarOf(values, lengths) },
  );
}

/** Says that a size or a place does not grow evenly; who asks knows of which layer. */
class Uneven extends Error {}

/** Work on sizes that a layer asked for. @throws USAGE with its name where one does not grow evenly */
function ofLayer<Result>(layer: string | undefined, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof Uneven ? dependsOnLength(layer) : error;
  }
}

function growing(values: readonly number[], lengths: readonly number[]): Amount {
  const perStep = (values[1] - values[0]) / (lengths[1] - lengths[0]);
  const fixed = values[0] - perStep * lengths[0];
  if (values.some((value, i) => value !== fixed + perStep * lengths[i])) throw new Uneven();
  return perStep === 0 ? fixed : { fixed, perStep };
}

/** The same for a number of a call, whose reciprocal may grow instead. */
function scalarOf(values: readonly number[], lengths: readonly number[]): ScalarOf<Amount> {
  if (values.every((value) => value === values[0])) return values[0];
  const isWhole = values.every(Number.isInteger);
  const sizes = isWhole ? values : values.map((value) => nearly(1 / value));
  return { kind: isWhole ? 'size' : 'reciprocal', size: growing(sizes, lengths) };
}

/** A whole number that another one is within rounding. */
function nearly(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= 1e-6 * Math.abs(whole) ? whole : value;
}

function programOf(
  kind: Program['kind'],
  runs: readonly NotedRun[],
  fit: {
    readonly amount: (values: readonly number[]) => Amount;
    readonly scalar: (values: readonly number[]) => ScalarOf<Amount>;
  },
): Program {
  const amountOf = fit.amount;
  const visits = runs.map(visited);
  const [first, ...others] = visits;
  for (const { shapes, order, numbers, stores } of others)
    if (
      shapes.length !== first.shapes.length ||
      shapes.some((shape, i) => shape !== first.shapes[i]) ||
      order !== first.order ||
      numbers.length !== first.numbers.length ||
      stores.length !== first.stores.length
    )
      throw dependsOnLength(runs[0].layers[first.shapes.findIndex((shape, i) => shape !== shapes[i])]);
  const stores = storesOf(runs[0], visits, amountOf);
  let place = 0;
  const next = (): number[] => {
    const values = visits.map(({ numbers }) => numbers[place]);
    place++;
    return values;
  };
  const rewriting: Rewriting<Store, Amount> = {
    store: (buffer) => stores.get(buffer)!,
    amount: () => amountOf(next()),
    scalar: () => fit.scalar(next()),
  };
  const { layers } = runs[0];
  const operations = runs[0].operations.map((operation, i) =>
    ofLayer(layers[i], () => rewritten(operation, rewriting)),
  );
  const ports = (which: 'inputs' | 'outputs'): Port[] =>
    runs[0][which].map((port, i): Port => {
      const of = (value: (port: NotedPort) => number): Amount =>
        ofLayer(undefined, () => amountOf(runs.map((run) => value(run[which][i]))));
      const axes = port.shape.map((_, axis) => of(({ shape }) => shape[axis]));
      return {
        name: port.name,
        place: { store: stores.get(port.store)!, offset: of(({ offset }) => offset), rowStride: 0, stepStride: 0 },
        size: of(({ size }) => size),
        shape: axes.map((axis) => (typeof axis === 'number' ? axis : null)),
        numRows: which === 'inputs' ? rowsLookedUpBy(port.store, runs[0].operations) : undefined,
      };
    });
  return {
    kind,
    stores: [...new Set(stores.values())],
    operations,
    inputs: ports('inputs'),
    outputs: ports('outputs'),
  };
}

/** Of how many rows the numbers of an array are indices, perhaps after they were made whole. */
function rowsLookedUpBy(store: NotedBuffer, operations: readonly Noted[]): number | undefined {
  const isRead = (places: Readonly<Record<string, { readonly store: NotedBuffer }>>): boolean =>
    Object.values(places).some((place) => place.store === store);
  const wholes = new Set(
    operations.flatMap((operation) =>
      operation.kind === 'pointwise' && isRead(operation.inputs)
        ? Object.values(operation.outputs)
            .map((place) => place.store)
            .filter(({ dtype }) => dtype === 'int32')
        : [],
    ),
  );
  const rows = operations.flatMap((operation) =>
    operation.kind === 'lookUp' && wholes.has(operation.indices.store) ? [operation.numRows] : [],
  );
  return rows.length > 0 ? Math.min(...rows) : undefined;
}

interface Visit {
  readonly numbers: readonly number[];
  /** In the order in which they appear, those that go in and come out last. */
  readonly stores: readonly NotedBuffer[];
  /** What is computed, without sizes and places. */
  readonly shapes: readonly string[];
  /** The operation that reads or writes an array first. */
  readonly firstUse: ReadonlyMap<NotedBuffer, number>;
  /** Which arrays are read and written. */
  readonly order: string;
}

function visited({ operations, inputs, outputs }: NotedRun): Visit {
  const numbers: number[] = [];
  const stores = new Set<NotedBuffer>();
  const order: number[] = [];
  const places = new Map<NotedBuffer, number>();
  const firstUse = new Map<NotedBuffer, number>();
  let use = 0;
  const rewriting: Rewriting<NotedBuffer, number> = {
    store(buffer) {
      stores.add(buffer);
      if (!firstUse.has(buffer)) firstUse.set(buffer, use);
      if (!places.has(buffer)) places.set(buffer, places.size);
      order.push(places.get(buffer)!);
      return buffer;
    },
    amount(value) {
      numbers.push(value);
      return value;
    },
    scalar(value) {
      numbers.push(value as number);
      return value;
    },
  };
  operations.forEach((operation, i) => {
    use = i;
    rewritten(operation, rewriting);
  });
  for (const { store } of [...inputs, ...outputs]) rewriting.store(store);
  return { numbers, stores: [...stores], shapes: operations.map(shapeOf), order: order.join(), firstUse };
}

function shapeOf(operation: Noted): string {
  switch (operation.kind) {
    case 'loop':
      return `loop(${operation.body.map(shapeOf).join(';')})`;
    case 'pointwise':
      return operation.program.key;
    case 'product':
      return `product ${operation.transposeA} ${operation.transposeB} ${operation.accumulate}`;
    case 'quantized':
      return `quantized ${operation.firstColumn} ${operation.accumulate}`;
    case 'gather':
      return operation.indices.kind === 'list' ? `gather ${operation.indices.values.join()}` : operation.indices.kind;
    case 'lookUp':
      return 'lookUp';
    case 'fill':
      return `fill ${operation.value}`;
  }
}

function rewritten<B, N>(operation: Noted, rewriting: Rewriting<B, N>): OperationOf<B, N> {
  const { amount } = rewriting;
  const place = ({ store, offset, rowStride, stepStride }: PlaceOf<NotedBuffer, number>): PlaceOf<B, N> => ({
    store: rewriting.store(store),
    offset: amount(offset),
    rowStride: amount(rowStride),
    stepStride: amount(stepStride),
  });
  const all = (places: Readonly<Record<string, PlaceOf<NotedBuffer, number>>>): Record<string, PlaceOf<B, N>> =>
    Object.fromEntries(Object.entries(places).map(([name, one]) => [name, place(one)]));
  switch (operation.kind) {
    case 'loop':
      return {
        kind: 'loop',
        count: amount(operation.count),
        body: operation.body.map((inner) => rewritten(inner, rewriting)),
      };
    case 'pointwise': {
      const { rows, columns, inputs, outputs } = operation;
      const scalars = Object.entries(operation.scalars).map(
        ([name, value]) => [name, rewriting.scalar(value)] as const,
      );
      return {
        ...operation,
        ...{ rows: amount(rows), columns: amount(columns), inputs: all(inputs), outputs: all(outputs) },
        scalars: Object.fromEntries(scalars),
      };
    }
    case 'product': {
      const { m, n, k, a, b, c } = operation;
      return { ...operation, m: amount(m), n: amount(n), k: amount(k), a: place(a), b: place(b), c: place(c) };
    }
    case 'quantized': {
      const { m, n, a, c } = operation;
      return { ...operation, m: amount(m), n: amount(n), a: place(a), c: place(c) };
    }
    case 'gather': {
      const { columns, indices, source, target } = operation;
      return {
        kind: 'gather',
        columns: amount(columns),
        indices: rewrittenIndices(indices, amount),
        source: place(source),
        target: place(target),
      };
    }
    case 'lookUp': {
      const { columns, count, numRows, indices, source, target } = operation;
      return {
        kind: 'lookUp',
        columns: amount(columns),
        count: amount(count),
        numRows: amount(numRows),
        indices: place(indices),
        source: place(source),
        target: place(target),
      };
    }
    case 'fill':
      return { kind: 'fill', size: amount(operation.size), value: operation.value, target: place(operation.target) };
  }
}

function rewrittenIndices<N>(indices: IndicesOf<number>, amount: (value: number) => N): IndicesOf<N> {
  if (indices.kind === 'list') return indices;
  const { count, first, step } = indices;
  const even = { count: amount(count), first: amount(first), step: amount(step) };
  if (indices.kind === 'even') return { kind: 'even', ...even };
  const { width, innerStep, limit } = indices;
  return { kind: 'windows', ...even, width: amount(width), innerStep: amount(innerStep), limit: amount(limit) };
}

/** What code calls its own arrays, functions and parameters. */
const reservedNames = [
  ...['work', 'whole', 'state', 'length', 'sequence', 'outputs', 'i', 't', 'bytes', 'weights', 'step', 'run', 'reset'],
  ...['createModel', 'weightsText', 'weightsGiven', 'decoded', 'bytesOf', 'numbersIn', 'output'],
  ...['writeNumbers', 'writeIndices', ...Object.keys(javascriptFunctions), ...Object.keys(cFunctions)],
];

/** Every array of a program with its role and a name of its own. */
function storesOf(
  { inputs, names, layers }: NotedRun,
  visits: readonly Visit[],
  amountOf: (values: readonly number[]) => Amount,
): ReadonlyMap<NotedBuffer, Store> {
  const taken = new Set(reservedNames);
  const result = new Map<NotedBuffer, Store>();
  visits[0].stores.forEach((buffer, i) => {
    const input = inputs.find(({ store }) => store === buffer);
    const role =
      input !== undefined ? 'input' : !buffer.isComputed ? 'constant' : buffer.isPersistent ? 'state' : 'work';
    const given = input === undefined ? names.get(buffer) : inputs.length === 1 ? 'input' : `input_${input.name}`;
    const name = freeName(given ?? `${role}${i}`, taken);
    const same = visits.map(({ stores }) => stores[i]);
    const layer = layers[visits[0].firstUse.get(buffer) ?? -1];
    const size = ofLayer(layer, () => amountOf(same.map((one) => one.size)));
    const isWhole = buffer.dtype === 'int32';
    const isKept = role === 'constant' || role === 'state';
    const numbers = isKept ? (buffer.numbers ?? new Float64Array(buffer.size)) : undefined;
    if (isKept && same.some((one) => !sameNumbers(one.numbers, buffer.numbers))) throw dependsOnLength(layer);
    if (role === 'work' && buffer.numbers !== undefined)
      throw new RondoError('INTERNAL', { where: 'standalone code', what: 'a constant is written over.' });
    result.set(buffer, { name, role, size, isWhole, numbers });
  });
  return result;
}

function sameNumbers(a: Float64Array | undefined, b: Float64Array | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/** A name that both languages take. */
function freeName(wanted: string, taken: Set<string>): string {
  const plain = wanted.replace(/[^A-Za-z0-9]+/g, '_').replace(/^(?=\d)/, '_') || '_';
  let name = plain;
  for (let i = 2; taken.has(name); i++) name = `${plain}_${i}`;
  taken.add(name);
  return name;
}

function dependsOnLength(layer?: string): RondoError {
  return new RondoError('USAGE', {
    where: 'standaloneCode',
    what: `what the ${layer === undefined ? 'model' : `layer ${layer}`} computes does not grow evenly with the length of the sequence.`,
    expected: 'layers that treat sequences of every length in the same way',
    fix: 'use the model with the library itself.',
  });
}
