import type { PointwiseProgram } from '../expression/program.js';
import type { QuantizedMatrix } from '../kernels/compressed-matrix.js';
import { indented, type Language } from './language.js';
import { pointwiseBody, pointwiseNames } from './pointwise-text.js';
import type {
  Amount,
  GatherOf,
  Operation,
  Place,
  PointwiseOf,
  Program,
  QuantizedProductOf,
  ScalarOf,
  Store,
} from './program.js';

/** What a language has besides equations. */
export interface ProgramLanguage extends Language {
  /** A place as arguments of a call. @param offset as text. */
  place(store: Store, offset: string): string;
  /** How a function of that name is called. */
  functionName(name: string): string;
  /** A function of a pointwise program. @param wholes inputs and outputs that are arrays of whole numbers */
  pointwiseFunction(name: string, program: PointwiseProgram, isOneRow: boolean, wholes: ReadonlySet<string>): string[];
  /** A matrix of 8 bits as arguments: its whole numbers and its scales. */
  matrix(name: string): string;
  /** Says that a function of the language's own library is called. */
  use(name: string): string;
}

/** The operations of a program as lines of calls, and the functions that they call. */
export class OperationText {
  /** By key: name and lines of each pointwise function. */
  readonly #functions = new Map<string, { readonly name: string; readonly lines: readonly string[] }>();
  readonly #names = new Set<string>();
  readonly #language: ProgramLanguage;
  /** By name. */
  readonly matrices = new Map<QuantizedMatrix, string>();
  /** Indices that have no pattern, by name. */
  readonly lists = new Map<string, Int32Array>();

  constructor(language: ProgramLanguage) {
    this.#language = language;
  }

  /** Lines of all pointwise functions that were called. */
  get functions(): readonly string[] {
    return [...this.#functions.values()].flatMap(({ lines }) => [...lines, '']);
  }

  lines({ operations }: Pick<Program, 'operations'>): string[] {
    return operations.flatMap((operation) => this.#lines(operation, undefined));
  }

  #lines(operation: Operation, step: string | undefined): string[] {
    const language = this.#language;
    switch (operation.kind) {
      case 'loop': {
        if (operation.count === 1) return operation.body.flatMap((inner) => this.#lines(inner, undefined));
        const body = operation.body.flatMap((inner) => this.#lines(inner, 't'));
        return language.loop('t', amountText(operation.count), body);
      }
      case 'pointwise':
        return [this.#pointwise(operation, step)];
      case 'product': {
        const { m, n, k, a, b, c, transposeA, transposeB, accumulate } = operation;
        const strides = (place: Place, isTransposed: boolean): string =>
          isTransposed ? `1, ${amountText(place.rowStride)}` : `${amountText(place.rowStride)}, 1`;
        const name = language.use(transposeB ? 'productByRows' : 'product');
        const places = [
          `${this.#place(c, step)}, ${amountText(c.rowStride)}`,
          `${this.#place(a, step)}, ${strides(a, transposeA)}`,
          `${this.#place(b, step)}, ${amountText(b.rowStride)}`,
        ];
        return [`${name}(${[...places, amountText(m), amountText(n), amountText(k), Number(accumulate)].join(', ')});`];
      }
      case 'quantized':
        return [this.#quantized(operation, step)];
      case 'gather':
        return [this.#gather(operation, step)];
      case 'lookUp': {
        const { columns, count, numRows, indices, source, target } = operation;
        const places = [target, source, indices].map((place) => this.#place(place, step));
        const numbers = [count, columns, numRows].map(amountText);
        return [`${language.use('lookUp')}(${[...places, ...numbers].join(', ')});`];
      }
      case 'fill': {
        const { target, size, value } = operation;
        return [
          `${language.use('fill')}(${this.#place(target, step)}, ${amountText(size)}, ${language.number(value)});`,
        ];
      }
    }
  }

  #place({ store, offset, stepStride }: Place, step: string | undefined): string {
    const moved = step === undefined || stepStride === 0 ? offset : undefined;
    if (moved !== undefined) return this.#language.place(store, amountText(moved));
    const by = `${step} * ${amountText(stepStride)}`;
    return this.#language.place(store, offset === 0 ? by : `${amountText(offset)} + ${by}`);
  }

  #pointwise(operation: PointwiseOf<Store, Amount>, step: string | undefined): string {
    const { program, rows, columns, inputs, outputs, scalars } = operation;
    const isOneRow = rows === 1;
    const places = [
      ...program.outputs.map(({ name, reduce }) => [outputs[name], reduce !== 'rows' && reduce !== 'all'] as const),
      ...program.inputs.map(({ name, access }) => [inputs[name], access !== 'column'] as const),
    ].map(([place, hasRows]) => {
      const stride = isOneRow || !hasRows ? [] : [amountText(place.rowStride)];
      return [this.#place(place, step), ...stride].join(', ');
    });
    const numbers = program.scalars.map((name) => this.#scalar(scalars[name]));
    const sizes = isOneRow ? [amountText(columns)] : [amountText(rows), amountText(columns)];
    const wholes = Object.entries({ ...inputs, ...outputs }).flatMap(([name, { store }]) =>
      store.isWhole ? [name] : [],
    );
    return `${this.#functionOf(program, isOneRow, new Set(wholes))}(${[...sizes, ...places, ...numbers].join(', ')});`;
  }

  #scalar(scalar: ScalarOf<Amount>): string {
    if (typeof scalar === 'number') return this.#language.number(scalar);
    const size = amountText(scalar.size);
    return scalar.kind === 'size' ? size : `${this.#language.number(1)} / ${size}`;
  }

  #functionOf(program: PointwiseProgram, isOneRow: boolean, wholes: ReadonlySet<string>): string {
    const key = `${isOneRow} ${[...wholes].join()} ${program.key}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return this.#language.functionName(known.name);
    const words = program.name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '' && !/^\d/.test(word));
    const plain = ['compute', ...words.map((word) => word[0].toUpperCase() + word.slice(1))].join('');
    let name = plain;
    for (let i = 2; this.#names.has(name); i++) name = `${plain}${i}`;
    this.#names.add(name);
    this.#functions.set(key, { name, lines: this.#language.pointwiseFunction(name, program, isOneRow, wholes) });
    return this.#language.functionName(name);
  }

  #quantized(operation: QuantizedProductOf<Store, Amount>, step: string | undefined): string {
    const { m, n, firstColumn, matrix, a, c, accumulate } = operation;
    const name = this.matrices.get(matrix) ?? `matrix${this.matrices.size}`;
    this.matrices.set(matrix, name);
    const places = [c, a].map((place) => `${this.#place(place, step)}, ${amountText(place.rowStride)}`);
    const numbers = [matrix.k, firstColumn, amountText(m), amountText(n), Number(accumulate)];
    return `${this.#language.use('quantizedProduct')}(${[...places, this.#language.matrix(name), ...numbers].join(', ')});`;
  }

  #gather({ columns, indices, source, target }: GatherOf<Store, Amount>, step: string | undefined): string {
    const language = this.#language;
    const places = [target, source].map((place) => this.#place(place, step));
    if (indices.kind === 'list') {
      const name = language.functionName(`indices${this.lists.size}`);
      this.lists.set(name, indices.values);
      return `${language.use('gatherListed')}(${[...places, name, indices.values.length, amountText(columns)].join(', ')});`;
    }
    const even = [indices.count, indices.first, indices.step].map(amountText);
    if (indices.kind === 'windows') {
      const inner = [indices.width, indices.innerStep, indices.limit].map(amountText);
      return `${language.use('gatherWindows')}(${[...places, ...even, ...inner, amountText(columns)].join(', ')});`;
    }
    if ((indices.count === 1 || indices.step === 1) && typeof columns === 'number') {
      const from = { ...source, offset: sum(source.offset, scaled(indices.first, columns)) };
      const size = amountText(scaled(indices.count, columns));
      return `${language.use('copy')}(${[places[0], this.#place(from, step), size].join(', ')});`;
    }
    return `${language.use('gatherRows')}(${[...places, ...even, amountText(columns)].join(', ')});`;
  }
}

/** The signature of a pointwise function, with its body. @param parameter how an array is written. */
export function pointwiseFunction(
  language: Language,
  program: PointwiseProgram,
  isOneRow: boolean,
  wholes: ReadonlySet<string>,
  write: {
    readonly array: (name: string, isWritten: boolean, isWhole: boolean) => string;
    readonly whole: (name: string) => string;
    readonly scalar: (name: string) => string;
    readonly head: (parameters: string) => string;
  },
): string[] {
  const names = pointwiseNames(program);
  const withStride = (leaf: string, isWritten: boolean, hasRows: boolean): string[] => {
    const name = (isWritten ? names.outputs : names.inputs).get(leaf)!;
    const array = write.array(name, isWritten, wholes.has(leaf));
    return isOneRow || !hasRows ? [array] : [array, write.whole(`${name}Stride`)];
  };
  const parameters = [
    ...(isOneRow ? [] : [write.whole('rows')]),
    write.whole('columns'),
    ...program.outputs.flatMap(({ name, reduce }) => withStride(name, true, reduce !== 'rows' && reduce !== 'all')),
    ...program.inputs.flatMap(({ name, access }) => withStride(name, false, access !== 'column')),
    ...program.scalars.map((name) => write.scalar(names.scalars.get(name)!)),
  ];
  const body = pointwiseBody(program, names, isOneRow, language);
  return [write.head(parameters.join(', ')), ...indented(body), '}'];
}

/** A size or place as text. */
export function amountText(amount: Amount): string {
  if (typeof amount === 'number') return String(amount);
  const { fixed, perStep } = amount;
  const grown = perStep === 1 ? 'length' : `${perStep} * length`;
  if (fixed === 0) return perStep === 1 ? grown : `(${grown})`;
  return `(${grown} ${fixed < 0 ? '-' : '+'} ${Math.abs(fixed)})`;
}

function scaled(amount: Amount, by: number): Amount {
  if (typeof amount === 'number') return amount * by;
  return { fixed: amount.fixed * by, perStep: amount.perStep * by };
}

function sum(a: Amount, b: Amount): Amount {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const [x, y] = [a, b].map((one) => (typeof one === 'number' ? { fixed: one, perStep: 0 } : one));
  return { fixed: x.fixed + y.fixed, perStep: x.perStep + y.perStep };
}
