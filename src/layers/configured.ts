import { describeValue, RondoError, unknownName } from '../errors.js';

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

/**
 * The ways to choose one: by name (with its default options), by a stored configuration, or ready made.
 *
 * @typeParam Name the names there are; any text where they come from a file.
 */
export type Given<T extends Configured, Name extends string = string> = Name | T | Configuration;

/** The names of tables: of makers, of aliases, and of the interface to which programs add names of their own. */
export type NameIn<Tables> = Tables extends unknown ? Extract<keyof Tables, string> : never;

/** Makes an object from its options; what it may be given differs from maker to maker. */
export type Maker<T> = (options: never) => T;

/** The objects of one kind, by name. */
export class Catalog<T extends Configured> {
  /** Those of the library. */
  readonly names: readonly string[];
  /** The user's own. */
  readonly #registered = new Map<string, Maker<T>>();
  readonly #makers: Readonly<Record<string, Maker<T>>>;

  readonly #kind: string;
  readonly #aliases: Readonly<Record<string, string>>;
  readonly #ownFix: ((name: string) => string) | undefined;

  /**
   * @param kind what messages call it, such as `loss`.
   * @param aliases short names that stand for another name.
   * @param ownFix how one of the user's own is made known, as one sentence.
   */
  constructor(
    kind: string,
    makers: Readonly<Record<string, Maker<T>>>,
    aliases: Readonly<Record<string, string>> = {},
    ownFix?: (name: string) => string,
  ) {
    this.#kind = kind;
    this.#aliases = aliases;
    this.#ownFix = ownFix;
    this.#makers = makers;
    this.names = Object.keys(makers);
  }

  /** @throws UNKNOWN_NAME with the nearest names; USAGE when what is given is none of the three. */
  named(given: Given<T>, where = this.#kind): T {
    if (typeof given === 'string') return this.#made(given, undefined, where);
    if (given !== null && typeof given === 'object') {
      if ('getConfig' in given && typeof given.getConfig === 'function') return given;
      if (typeof given.name === 'string' && 'config' in given) return this.#made(given.name, given.config, where);
    }
    const maker = this.#nameOfMaker(given);
    throw new RondoError('USAGE', {
      where,
      what: `what is given is no ${this.#kind}.`,
      expected: `the name of one, one ready made, or { name, config }`,
      received: describeValue(given),
      fix:
        maker !== undefined
          ? `call it: ${maker}({ ... }), or give its name, '${maker}'.`
          : `give one of ${this.names.map((name) => `\`${name}\``).join(', ')}.`,
    });
  }

  /**
   * Makes an object of the user's own known by its name. It is given the stored options, or none at all by name.
   *
   * @throws USAGE where the library has one of that name.
   */
  register(name: string, make: Maker<T>, where: string): void {
    if (Object.hasOwn(this.#makers, name) || Object.hasOwn(this.#aliases, name)) {
      throw new RondoError('USAGE', {
        where,
        what: `\`${name}\` is a ${this.#kind} of the library.`,
        fix: 'choose another name.',
      });
    }
    this.#registered.set(name, make);
  }

  /** Whether this is what makes an object of the library. */
  isMaker(given: unknown): boolean {
    return this.#nameOfMaker(given) !== undefined;
  }

  #nameOfMaker(given: unknown): string | undefined {
    return this.names.find((name) => this.#makers[name] === given);
  }

  #made(given: string, options: unknown, where: string): T {
    const name = Object.hasOwn(this.#aliases, given) ? this.#aliases[given] : given;
    const own = this.#registered.get(name);
    if (own !== undefined) return this.#ownMade(name, own((options ?? {}) as never), where);
    if (!Object.hasOwn(this.#makers, name)) {
      throw unknownName(
        where,
        this.#kind,
        given,
        [...this.names, ...Object.keys(this.#aliases), ...this.#registered.keys()],
        this.#ownFix?.(given),
      );
    }
    return this.#makers[name](options as never);
  }

  /** A name that differs would be stored, and not be found again. */
  #ownMade(name: string, made: T, where: string): T {
    if (made.name === name) return made;
    throw new RondoError('USAGE', {
      where,
      what: `the ${this.#kind} that was registered as \`${name}\` has another name.`,
      expected: `\`${name}\``,
      received: `\`${made.name}\``,
      fix: 'register it under its own name.',
    });
  }
}
