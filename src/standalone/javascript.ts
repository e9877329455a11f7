import type { BinaryOperation, UnaryOperation } from '../expression/build.js';
import type { PointwiseProgram } from '../expression/program.js';
import { javascriptFunctions } from './javascript-functions.js';
import { indented } from './language.js';
import { type ProgramLanguage, pointwiseFunction } from './operation-text.js';
import type { Store } from './program.js';

const ofMath: Partial<Record<UnaryOperation, string>> = {
  abs: 'Math.abs',
  sign: 'Math.sign',
  sqrt: 'Math.sqrt',
  exp: 'Math.exp',
  log: 'Math.log',
  tanh: 'Math.tanh',
};
const ownFunctions: Partial<Record<UnaryOperation, string>> = {
  round: 'nearest',
  sigmoid: 'sigmoid',
  relu: 'relu',
  softplus: 'softplus',
  erf: 'erf',
};
const signs: Partial<Record<BinaryOperation, string>> = { add: '+', sub: '-', mul: '*', div: '/' };

/** Equations and calls in JavaScript: ES2020, nothing but plain loops on typed arrays. */
export class JavaScript implements ProgramLanguage {
  readonly #used = new Set<string>();

  /** Lines of the functions that are called. */
  get library(): readonly string[] {
    return Object.keys(javascriptFunctions)
      .filter((name) => this.#used.has(name))
      .flatMap((name) => [...javascriptFunctions[name].lines.split('\n'), '']);
  }

  use(name: string): string {
    this.#used.add(name);
    for (const called of javascriptFunctions[name].calls ?? []) this.use(called);
    return name;
  }

  number(value: number): string {
    if (Object.is(value, -0)) return '-0';
    return value < 0 ? `(${value})` : String(value);
  }

  unary(operation: UnaryOperation, a: string): string {
    if (operation === 'neg') return `(-${a})`;
    if (operation === 'detach') return a;
    const known = ofMath[operation];
    if (known !== undefined) return `${known}(${a})`;
    return `${this.use(ownFunctions[operation]!)}(${a})`;
  }

  binary(operation: BinaryOperation, a: string, b: string): string {
    if (operation === 'greater') return `(${a} > ${b} ? 1 : 0)`;
    if (operation === 'equal') return `(${a} === ${b} ? 1 : 0)`;
    const sign = signs[operation];
    return sign === undefined ? `Math.${operation}(${a}, ${b})` : `(${a} ${sign} ${b})`;
  }

  declare(name: string, value: string): string {
    return `const ${name} = ${value};`;
  }

  variable(name: string, value: string): string {
    return `let ${name} = ${value};`;
  }

  loop(counter: string, count: string, lines: readonly string[]): string[] {
    return [`for (let ${counter} = 0; ${counter} < ${count}; ${counter}++) {`, ...indented(lines), '}'];
  }

  element(name: string, places: readonly string[]): string {
    return `${name}[${[`${name}At`, ...places].join(' + ')}]`;
  }

  place({ name }: Store, offset: string): string {
    return `${name}, ${offset}`;
  }

  matrix(name: string): string {
    return `${name}Values, ${name}Scales`;
  }

  functionName(name: string): string {
    return name;
  }

  pointwiseFunction(name: string, program: PointwiseProgram, isOneRow: boolean): string[] {
    return pointwiseFunction(this, program, isOneRow, new Set(), {
      array: (array) => `${array}, ${array}At`,
      whole: (own) => own,
      scalar: (own) => own,
      head: (parameters) => `function ${name}(${parameters}) {`,
    });
  }
}
