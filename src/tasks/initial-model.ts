import { RondoError } from '../errors.js';
import { sameShape } from '../shape.js';
import { variablesOf } from '../training/model-weights.js';
import type { Sequential } from '../training/sequential.js';

/** What a training takes from the model it begins with. */
export interface TakenWeights {
  /** Parameters that begin with the values of the other model. */
  readonly numTaken: number;
  /** Names of weights that begin as in any training: the other model has none of this name and shape. */
  readonly anew: readonly string[];
}

/** What of some data the vocabulary of an earlier model does not hold. */
export interface UnknownTokens {
  readonly numTokens: number;
  readonly numUnknown: number;
  /** The most frequent of them, at most ten. */
  readonly examples: readonly string[];
}

/** Copies every weight that both models have by name and shape. */
export function takeWeights(model: Sequential, initial: Sequential): TakenWeights {
  const theirs = variablesOf(initial);
  const anew: string[] = [];
  let numTaken = 0;
  for (const [name, variable] of variablesOf(model)) {
    const found = theirs.get(name);
    if (found === undefined || !sameShape(found.shape, variable.shape)) {
      anew.push(name);
      continue;
    }
    variable.assign(found.dataSync());
    numTaken += variable.size;
  }
  return { numTaken, anew };
}

/**
 * The options that an earlier model has decided, such as the width of its layers. They may be repeated.
 *
 * @param given what the caller says, undefined where nothing.
 * @param names of the options that cannot be changed.
 * @throws USAGE naming all that differ
 */
export function optionsOfInitial<Options extends object, Name extends keyof Options & string>(
  where: string,
  given: Partial<Options>,
  initial: Options,
  names: readonly Name[],
): Pick<Options, Name> {
  const differing = names.filter((name) => given[name] !== undefined && given[name] !== initial[name]);
  if (differing.length === 0) return Object.fromEntries(names.map((name) => [name, initial[name]])) as Pick<Options, Name>;
  const list = (options: Partial<Options>): string => differing.map((name) => `${name} ${JSON.stringify(options[name])}`).join(', ');
  throw new RondoError('USAGE', {
    where,
    option: differing[0],
    what: 'these options are decided by the model that training begins with.',
    expected: list(initial),
    received: list(given),
    fix: 'leave them out, or begin without a model.',
  });
}

/** Counts the tokens that a vocabulary does not hold. */
export function unknownTokens(tokens: Iterable<string>, isKnown: (token: string) => boolean): UnknownTokens {
  const counts = new Map<string, number>();
  let numTokens = 0;
  let numUnknown = 0;
  for (const token of tokens) {
    numTokens++;
    if (isKnown(token)) continue;
    numUnknown++;
    counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  const examples = [...counts].sort(([, a], [, b]) => b - a).slice(0, 10).map(([token]) => token);
  return { numTokens, numUnknown, examples };
}
