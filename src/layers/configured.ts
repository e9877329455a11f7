import { RondoError, unknownName } from '../errors.js';

/** What a file stores of an object that was chosen by name and options; plain JSON. */
export interface Configuration {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** An object that is chosen by name and options: a loss, an optimizer, an initializer ... */
export interface Configured {
  readonly name: string;
  getConfig(): Configuration;
}

/** The ways to choose one: by name (with its default options), by a stored configuration, or ready made. */
export type Given<T extends Configured> = string | T | Configuration;

/** Makes an object from its options; what it may be given differs from maker to maker. */
export type Maker<T> = (options: never) => T;

/** The objects of one kind, by name. */
export class Catalog<T extends Configured> {
  readonly names: readonly string[];

  /**
   * @param kind what messages call it, such as `loss`.
   * @param aliases short names that stand for another name.
   */
  constructor(
    private readonly kind: string,
    private readonly makers: Readonly<Record<string, Maker<T>>>,
    private readonly aliases: Readonly<Record<string, string>> = {},
  ) {
    this.names = Object.keys(makers);
  }

  /** @throws UNKNOWN_NAME with the nearest names; USAGE when what is given is none of the three. */
  named(given: Given<T>, where = this.kind): T {
    if (typeof given === 'string') return this.made(given, undefined, where);
    if (given !== null && typeof given === 'object') {
      if ('getConfig' in given && typeof given.getConfig === 'function') return given;
      if (typeof given.name === 'string' && 'config' in given) return this.made(given.name, given.config, where);
    }
    throw new RondoError('USAGE', {
      where,
      what: `what is given is no ${this.kind}.`,
      expected: `a name, a ${this.kind}, or { name, config }`,
      received: JSON.stringify(given) ?? String(given),
      fix: `give one of ${this.names.map((name) => `\`${name}\``).join(', ')}.`,
    });
  }

  private made(given: string, options: unknown, where: string): T {
    const name = Object.hasOwn(this.aliases, given) ? this.aliases[given] : given;
    if (!Object.hasOwn(this.makers, name)) throw unknownName(where, this.kind, given, [...this.names, ...Object.keys(this.aliases)]);
    return this.makers[name](options as never);
  }
}
