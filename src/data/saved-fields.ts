import { RondoError } from '../errors.js';

/** A saved JSON object whose fields are checked as they are read; every fault is FILE_FORMAT with the field's name. */
export class SavedFields {
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @param where what is being restored, for messages. */
  constructor(
    readonly where: string,
    value: unknown,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.fault('the saved state is not an object.', 'a JSON object', value);
    }
    this.#fields = value as Record<string, unknown>;
  }

  /** @param holds whether the value is what `expected` says. */
  read<T>(name: string, expected: string, holds: (value: unknown) => value is T): T {
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
    if (!holds(value))
      throw this.fault(
        `the saved field \`${name}\` is ${value === undefined ? 'missing' : 'damaged'}.`,
        expected,
        value,
      );
    return value;
  }

  fault(what: string, expected: string, value: unknown): RondoError {
    return new RondoError('FILE_FORMAT', {
      where: this.where,
      what,
      expected,
      received: (JSON.stringify(value) ?? 'nothing').slice(0, 200),
      fix: 'use an intact file, as it was saved.',
    });
  }
}

export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
export const isText = (value: unknown): value is string => typeof value === 'string';
export const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value);
export const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
export const isCountOrNull = (value: unknown): value is number | null => value === null || isCount(value);
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

/** Any number, also those that are not finite: the loss of a training that failed. */
export const isNumber = (value: unknown): value is number => typeof value === 'number';

/** What a value must be to be used. */
export type Holds<T> = (value: unknown) => value is T;

export function orNull<T>(holds: Holds<T>): Holds<T | null> {
  return (value): value is T | null => value === null || holds(value);
}

/** Absent or as said. */
export function optional<T>(holds: Holds<T>): Holds<T | undefined> {
  return (value): value is T | undefined => value === undefined || holds(value);
}

export function listOf<T>(holds: Holds<T>): Holds<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(holds);
}

/** An object whose values are all alike. */
export function recordOf<T>(holds: Holds<T>): Holds<Readonly<Record<string, T>>> {
  return (value): value is Readonly<Record<string, T>> => isObject(value) && Object.values(value).every(holds);
}

/** An object with at least these fields. */
export function objectWith<Fields extends object>(
  fields: { readonly [Name in keyof Fields]: Holds<Fields[Name]> },
): Holds<Fields> {
  const checks = Object.entries(fields) as [string, Holds<unknown>][];
  return (value): value is Fields =>
    isObject(value) && checks.every(([name, holds]) => holds(Object.hasOwn(value, name) ? value[name] : undefined));
}

export const isFiniteNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(Number.isFinite);
