import { isCount, isTexts, SavedFields } from '../../data/saved-fields.js';

/**
 * Where the vector of a token comes from: the file's word, its n-grams, or drawn; padding and the unknown token are
 * special.
 */
export type VectorSource = 'found' | 'subwords' | 'drawn' | 'special';

/** How much of a vocabulary, and of a text, word vectors cover; plain JSON. */
export interface VectorCoverage {
  /**
   * Tokens of the vocabulary without those for padding and for unknown words; of a text's vocabulary those that the
   * text holds.
   */
  readonly numTypes: number;
  /** Types that the file holds. */
  readonly foundTypes: number;
  /** Types that got a vector by their n-grams. */
  readonly subwordTypes: number;
  /** `(foundTypes + subwordTypes) / numTypes`. */
  readonly shareOfTypes: number;
  /** The same share, each type counted as often as the text holds it, unknown words too; null without a text. */
  readonly shareOfTokens: number | null;
  /** The first types of the vocabulary without a vector, 20 at most. */
  readonly missing: readonly string[];
}

/**
 * @param sources by id.
 * @param counts by id: how often a text holds each token.
 * @param isType which ids count as types.
 */
export function coverageOf(
  tokens: readonly string[],
  sources: readonly VectorSource[],
  counts?: ArrayLike<number>,
  isType: (id: number) => boolean = () => true,
): VectorCoverage {
  const types = [...tokens.keys()].filter((id) => sources[id] !== 'special' && isType(id));
  const from = (source: VectorSource): number => types.filter((id) => sources[id] === source).length;
  const [foundTypes, subwordTypes] = [from('found'), from('subwords')];
  let [covered, total] = [0, 0];
  for (let id = 0; id < (counts?.length ?? 0); id++) {
    total += counts![id];
    if (sources[id] === 'found' || sources[id] === 'subwords') covered += counts![id];
  }
  return {
    numTypes: types.length,
    foundTypes,
    subwordTypes,
    shareOfTypes: types.length === 0 ? 0 : (foundTypes + subwordTypes) / types.length,
    shareOfTokens: total === 0 ? null : covered / total,
    missing: types
      .filter((id) => sources[id] === 'drawn')
      .slice(0, 20)
      .map((id) => tokens[id]),
  };
}

/** The coverage that a model file keeps; null for one that was made without vectors. @throws FILE_FORMAT */
export function savedCoverage(saved: SavedFields): VectorCoverage | null {
  const isObjectOrNull = (value: unknown): value is object | null =>
    value === null || (typeof value === 'object' && !Array.isArray(value));
  const found = saved.read('vectors', 'an object or null', isObjectOrNull);
  if (found === null) return null;
  const fields = new SavedFields(saved.where, found);
  const count = (name: string): number => fields.read(name, 'a whole number', isCount);
  const isShare = (value: unknown): value is number => Number.isFinite(value);
  return {
    numTypes: count('numTypes'),
    foundTypes: count('foundTypes'),
    subwordTypes: count('subwordTypes'),
    shareOfTypes: fields.read('shareOfTypes', 'a number', isShare),
    shareOfTokens: fields.read(
      'shareOfTokens',
      'a number or null',
      (value): value is number | null => value === null || isShare(value),
    ),
    missing: fields.read('missing', 'a list of texts', isTexts),
  };
}
