import { tokenCounts } from '../data/vocabulary.js';
import { RondoError } from '../errors.js';
import type { Layer } from '../layers/layer.js';
import { sameShape } from '../shape.js';
import { variablesOf } from '../training/model-weights.js';
import type { Trainable } from '../training/trainable.js';
import type { TaskOption } from './option-table.js';
import { type SavedSeenItems, SeenItems } from './seen-items.js';

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

/** What a training of labelled data that begins with an earlier model takes from it. */
export interface Beginning extends TakenWeights {
  /** What of the training data its vocabulary does not hold. */
  readonly unknown: UnknownTokens;
  /**
   * Texts or sentences of the other parts that the earlier model has learned from; null where its file does not say.
   */
  readonly learnedBefore: LearnedBefore | null;
}

/** By part. */
export interface LearnedBefore {
  readonly validation: number;
  readonly test: number;
}

/**
 * Copies every weight that both models have by name and shape, but for those of the layers that begin anew. What is pruned
 * stays so.
 */
export function takeWeights(
  model: Trainable,
  initial: Trainable,
  layersAnew: readonly Layer<unknown>[] = [],
): TakenWeights {
  const theirs = variablesOf(initial);
  const own = new Set(layersAnew.flatMap(({ weights }) => [...weights]));
  const anew: string[] = [];
  let numTaken = 0;
  for (const [name, variable] of variablesOf(model)) {
    const found = theirs.get(name);
    if (found === undefined || own.has(variable) || !sameShape(found.shape, variable.shape)) {
      anew.push(name);
      continue;
    }
    variable.assign(found);
    const isPruned = found.mask !== undefined || found.compressed?.matrices[0].kind === 'blocks';
    if (isPruned) variable.mask = 'zeros';
    numTaken += variable.size;
  }
  return { numTaken, anew };
}

/**
 * The options that an earlier model says: those that it has decided, such as the width of its layers, which may be
 * repeated, and those that are taken from it where nothing else is given.
 *
 * @param given what the caller says, undefined where nothing.
 * @throws USAGE naming all that cannot be changed and differ
 */
export function optionsOfInitial<Options extends object>(
  where: string,
  table: Readonly<Record<keyof Options & string, TaskOption>>,
  given: Partial<Options>,
  initial: Options,
): Partial<Options> {
  const names = (Object.keys(table) as (keyof Options & string)[]).filter((name) => table[name].ofInitial);
  const differing = names
    .filter((name) => table[name].ofInitial === 'decided')
    .filter((name) => given[name] !== undefined && given[name] !== initial[name]);
  if (differing.length === 0)
    return Object.fromEntries(names.map((name) => [name, given[name] ?? initial[name]])) as Partial<Options>;
  const list = (options: Partial<Options>): string =>
    differing.map((name) => `${name} ${JSON.stringify(options[name])}`).join(', ');
  throw new RondoError('USAGE', {
    where,
    option: differing[0],
    what: 'these options are decided by the model that training begins with.',
    expected: list(initial),
    received: list(given),
    fix: 'leave them out, or begin without a model.',
  });
}

/** @throws USAGE for what an earlier model has itself, such as vectors */
export function refuseBesideInitial(
  where: string,
  initial: object | undefined,
  others: Readonly<Record<string, unknown>>,
): void {
  const given = Object.keys(others).filter((name) => others[name] !== undefined);
  if (initial === undefined || given.length === 0) return;
  throw new RondoError('USAGE', {
    where,
    what: 'the model that training begins with has tokens and vectors of its own.',
    expected: `no ${Object.keys(others)
      .map((name) => `\`${name}\``)
      .join(' and no ')} beside \`initial\``,
    received: given.join(', '),
    fix: 'leave them out, or begin without a model.',
  });
}

/**
 * How many items of each part an earlier model has learned from.
 *
 * @param saved what its file keeps; older ones say nothing.
 */
export function learnedBefore(
  saved: SavedSeenItems | undefined,
  keys: Readonly<Record<keyof LearnedBefore, readonly string[]>>,
): LearnedBefore | null {
  if (saved === undefined) return null;
  const items = SeenItems.fromJSON(saved);
  const count = (part: readonly string[]): number => part.filter((key) => items.partOf(key) === 'train').length;
  return { validation: count(keys.validation), test: count(keys.test) };
}

/** Counts the tokens that a vocabulary does not hold. */
export function unknownTokens(tokens: Iterable<string>, isKnown: (token: string) => boolean): UnknownTokens {
  const all = [...tokens];
  const unknown = all.filter((token) => !isKnown(token));
  const examples = tokenCounts(unknown).slice(0, 10);
  return { numTokens: all.length, numUnknown: unknown.length, examples: examples.map(([token]) => token) };
}
