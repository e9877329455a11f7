import type { BinaryOperation, UnaryOperation } from '../expression/build.js';
import type { PointwiseProgram } from '../expression/program.js';
import { cFunctions } from './c-functions.js';
import { indented } from './language.js';
import { type ProgramLanguage, pointwiseFunction } from './operation-text.js';
import type { Store } from './program.js';

const ofMath: Partial<Record<UnaryOperation, string>> = {
  abs: 'fabsf',
  round: 'rintf',
  sqrt: 'sqrtf',
  exp: 'expf',
  log: 'logf',
  tanh: 'tanhf',
  erf: 'erff',
};
const ownFunctions = ['sign', 'sigmoid', 'relu', 'softplus'];
const signs: Partial<Record<BinaryOperation, string>> = { add: '+', sub: '-', mul: '*', div: '/' };

/** Equations and calls in C99, with names that begin with that of the header. */
export class CLanguage implements ProgramLanguage {
  readonly #used = new Set<string>();
  readonly #prefix: string;
  readonly #placeOf: (store: Store) => string;

  /** @param placeOf where an array begins, as a pointer. */
  constructor(prefix: string, placeOf: (store: Store) => string) {
    this.#prefix = prefix;
    this.#placeOf = placeOf;
  }

  /** Lines of the functions that are called. */
  get library(): readonly string[] {
    return Object.keys(cFunctions)
      .filter((name) => this.#used.has(name))
      .flatMap((name) => [...cFunctions[name].lines.replaceAll('@', `${this.#prefix}_`).split('\n'), '']);
  }

  use(name: string): string {
    this.#used.add(name);
    for (const called of cFunctions[name].calls ?? []) this.use(called);
    return this.functionName(name);
  }

  functionName(name: string): string {
    return `${this.#prefix}_${name}`;
  }

  number(value: number): string {
    const text = cFloat(value);
    return value < 0 || Object.is(value, -0) ? `(${text})` : text;
  }

  unary(operation: UnaryOperation, a: string): string {
    if (operation === 'neg') return `(-${a})`;
    if (operation === 'detach') return a;
    const known = ofMath[operation];
    if (known !== undefined) return `${known}(${a})`;
    return ownFunctions.includes(operation) ? `${this.use(operation)}(${a})` : a;
  }

  binary(operation: BinaryOperation, a: string, b: string): string {
    if (operation === 'greater') return `(${a} > ${b} ? 1.0f : 0.0f)`;
    if (operation === 'equal') return `(${a} == ${b} ? 1.0f : 0.0f)`;
    const sign = signs[operation];
    if (sign !== undefined) return `(${a} ${sign} ${b})`;
    return `${this.use(operation === 'max' ? 'larger' : 'smaller')}(${a}, ${b})`;
  }

  declare(name: string, value: string): string {
    return `const float ${name} = ${value};`;
  }

  variable(name: string, value: string): string {
    return `float ${name} = ${value};`;
  }

  loop(counter: string, count: string, lines: readonly string[]): string[] {
    return [`for (int32_t ${counter} = 0; ${counter} < ${count}; ${counter}++) {`, ...indented(lines), '}'];
  }

  element(name: string, places: readonly string[]): string {
    return `${name}[${places.length === 0 ? '0' : places.join(' + ')}]`;
  }

  place(store: Store, offset: string): string {
    const start = this.#placeOf(store);
    return offset === '0' ? start : `${start} + ${offset}`;
  }

  matrix(name: string): string {
    return `${this.#prefix}_${name}_values, ${this.#prefix}_${name}_scales`;
  }

  pointwiseFunction(name: string, program: PointwiseProgram, isOneRow: boolean, wholes: ReadonlySet<string>): string[] {
    const lines = pointwiseFunction(this, program, isOneRow, wholes, {
      array: (own, isWritten, isWhole) => `${isWritten ? '' : 'const '}${isWhole ? 'int32_t' : 'float'} *${own}`,
      whole: (own) => `int32_t ${own}`,
      scalar: (own) => `float ${own}`,
      head: (parameters) => `static inline void ${this.functionName(name)}(${parameters}) {`,
    });
    const [head, ...body] = lines;
    // Compilers warn of a parameter that nothing reads.
    return body.some((line) => line.includes('columns')) ? lines : [head, '  (void)columns;', ...body];
  }
}

/** A number of single precision as a literal: nine digits tell every two of them apart. */
export function cFloat(value: number): string {
  const single = Math.fround(value);
  if (Number.isNaN(single)) return 'NAN';
  if (!Number.isFinite(single)) return single < 0 ? '-INFINITY' : 'INFINITY';
  if (Object.is(single, -0)) return '-0.0f';
  const text = String(Number(single.toPrecision(9)));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}
