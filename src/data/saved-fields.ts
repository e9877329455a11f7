import { RondoError } from '../errors.js';

/** A saved JSON object whose fields are checked as they are read; every fault is FILE_FORMAT with the field's name. */
export class SavedFields {
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @param where what is being restored, for messages. */
  constructor(readonly where: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.fault('the saved state is not an object.', 'a JSON object', value);
    }
    this.#fields = value as Record<string, unknown>;
  }

  /** @param holds whether the value is what `expected` says. */
  read<T>(name: string, expected: string, holds: (value: unknown) => value is T): T {
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
    if (!holds(value)) throw this.fault(`the saved field \`${name}\` is ${value === undefined ? 'missing' : 'damaged'}.`, expected, value);
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
export const isFiniteNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(Number.isFinite);
