import type { BinaryOperation, UnaryOperation } from '../expression/build.js';

/** How a language writes the equations of a pointwise program. Both are so alike that loops and assignments are the same. */
export interface Language {
  /** A number as a literal. */
  number(value: number): string;
  unary(operation: UnaryOperation, a: string): string;
  binary(operation: BinaryOperation, a: string, b: string): string;
  /** Gives a value a name. */
  declare(name: string, value: string): string;
  /** The same for one that changes. */
  variable(name: string, value: string): string;
  /** `lines` for each whole number from 0 to before `count`. */
  loop(counter: string, count: string, lines: readonly string[]): string[];
  /** An element of an array that is a parameter, at the sum of these places. */
  element(name: string, places: readonly string[]): string;
}

/** Lines one step further in. */
export function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}
