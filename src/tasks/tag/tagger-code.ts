import { Bidirectional } from '../../layers/bidirectional.js';
import { GlobalMaxPooling1D } from '../../layers/global-max-pooling-1d.js';
import type { Layer } from '../../layers/layer.js';
import type { WordFeatures } from '../../layers/word-features.js';
import type { ChainWeights } from '../../tensor/linear-chain.js';
import { Sequential } from '../../training/sequential.js';
import { literal, type ModuleCode, type ModuleNets } from '../module-code.js';
import type { TagCodec } from './tag-codec.js';

/**
 * The parts of a tagger's net that code can be written of: its vectors of words, affixes and spellings look at what stands in a sentence,
 * which the code around them does.
 */
export function taggerNets(model: Sequential): ModuleNets {
  const [features, ...layers] = model.layers;
  const inside = (features as WordFeatures).sublayers as ReadonlyMap<string, Layer>;
  const [words, affixes, characters, encoder] = ['words', 'affixes', 'characters', 'characterEncoder'].map((name) =>
    inside.get(name),
  );
  const [, , width] = features.computeOutputShape([null, null, null]);
  const pooling = encoder instanceof Bidirectional ? [] : [new GlobalMaxPooling1D()];
  return {
    main: chainOf(
      layers.filter(({ className }) => className !== 'CRF'),
      [null, width],
    ),
    others: new Map([
      ['words', chainOf([words!], [null])],
      ...(affixes === undefined ? [] : [['affixes', chainOf([affixes], [null])] as const]),
      ...(encoder === undefined ? [] : [['spellings', chainOf([characters!, encoder, ...pooling], [null])] as const]),
    ]),
  };
}

/** A chain of layers that have their weights, which keep their names. */
function chainOf(layers: readonly Layer[], inputShape: readonly (number | null)[]): Sequential {
  const names = layers.map(({ name }) => name);
  const chain = new Sequential(layers, { inputShape });
  layers.forEach((layer, i) => {
    layer.name = names[i];
  });
  return chain;
}

/** `createTagger().predict(words)`: words to vectors, to scores of tags, to the best tags. */
export function taggerCode(codec: TagCodec, nets: ModuleNets, chain: ChainWeights | undefined): ModuleCode {
  const { lower, digits, maxCharacters, longestAffix } = codec.options;
  const hasAffixes = nets.others.has('affixes');
  const hasSpellings = nets.others.has('spellings');
  const head = Math.ceil(maxCharacters / 2);
  // Impossible neighbours have no finite score, which JSON has no word for.
  const numbers = (values: Float64Array): (number | null)[] =>
    Array.from(values, (value) => (Number.isFinite(value) ? value : null));
  const ids = (tokens: readonly string[]): string => `idsOf(${literal(tokens)})`;
  const search =
    chain === undefined
      ? bestOfSteps
      : `${bestOfChain}const chain = ${literal({
          transitions: numbers(chain.transitions),
          start: numbers(chain.start),
          end: numbers(chain.end),
        })};\n`;
  return {
    about: [
      '  import { createTagger } from "./NAME.mjs";',
      '  const found = createTagger().predict(["They", "sleep", "."]); // a tag for each word',
    ],
    source: `// The tags, and what words, their affixes and their characters are numbered as.
export const tags = ${literal(codec.tags)};
function idsOf(tokens) {
  return new Map(tokens.map((token, id) => [token, id]));
}
function idOf(ids, token) {
  const id = ids.get(token);
  return id === undefined || id === 0 ? 1 : id;
}
const wordIds = ${ids(codec.words.tokens)};
${hasAffixes ? `const affixIds = ${ids(codec.affixes.tokens)};` : ''}
${hasSpellings ? `const characterIds = ${ids(codec.characters.tokens)};` : ''}
function formOf(word, lower, digits) {
  const cased = lower ? word.toLowerCase() : word;
  return digits ? cased.replace(/\\p{Nd}/gu, '0') : cased;
}
${
  hasAffixes
    ? `
// The shape of a word, and its prefixes and suffixes.
function affixesOf(word) {
  const kinds = Array.from(word, (character) =>
    /\\p{Lu}/u.test(character) ? 'X' : /\\p{L}/u.test(character) ? 'x' : /\\p{Nd}/u.test(character) ? 'd' : character);
  const form = Array.from(formOf(word, true, true));
  const affixes = ['w' + kinds.filter((kind, i) => kind !== kinds[i - 1]).slice(0, 8).join('')];
  for (let length = 1; length <= ${longestAffix}; length++) {
    const isShorter = form.length < length;
    affixes.push(isShorter ? '' : 'p' + form.slice(0, length).join(''));
    affixes.push(isShorter ? '' : 's' + form.slice(form.length - length).join(''));
  }
  return affixes.map((affix) => (affix === '' ? 0 : idOf(affixIds, affix)));
}
`
    : ''
}${
  hasSpellings
    ? `
function charactersOf(word) {
  const points = Array.from(word);
  const last = points.slice(points.length - ${maxCharacters - head});
  const read = points.length > ${maxCharacters} ? [...points.slice(0, ${head}), ...last] : points;
  return read.map((point) => idOf(characterIds, point));
}
`
    : ''
}${search}
// A tagger of sentences.
export function createTagger(WEIGHTS) {
  const model = createModel(WEIGHTS);
  const vectors = wordsNet();
${hasAffixes ? '  const ofAffixes = affixesNet();' : ''}
${hasSpellings ? '  const ofSpellings = spellingsNet();' : ''}
  // One tag for each word of a sentence.
  function predict(words) {
    if (!Array.isArray(words)) throw new TypeError('predict takes an array of the words of one sentence');
    if (words.length === 0) return [];
    if (!words.every((word) => typeof word === 'string' && word !== '')) throw new RangeError('a word is empty, or no text');
    const features = [];
    for (const word of words) {
      for (const value of vectors.step(idOf(wordIds, formOf(word, ${lower}, ${digits})))) features.push(value);
${
  hasAffixes
    ? `      const rows = affixesOf(word).map((id) => ofAffixes.step(id));
      for (let i = 0; i < rows[0].length; i++) features.push(rows.reduce((sum, row) => sum + row[i], 0) / Math.sqrt(rows.length));
`
    : ''
}${hasSpellings ? '      for (const value of ofSpellings.run(charactersOf(word))) features.push(value);\n' : ''}    }
    return bestLabels(model.run(features), words.length).map((label) => tags[label]);
  }
  return { predict };
}
`,
  };
}

const bestOfSteps = `
function bestLabels(scores, length) {
  const count = tags.length;
  return Array.from({ length }, (_, t) => {
    let best = 0;
    for (let j = 1; j < count; j++) if (scores[t * count + j] > scores[t * count + best]) best = j;
    return best;
  });
}
`;

const bestOfChain = `
// The tags of the highest score together, of neighbours that may follow each other.
function bestLabels(scores, length) {
  const count = tags.length;
  const known = (value) => (value === null ? -Infinity : value);
  const cameFrom = [];
  let best = tags.map((_, j) => known(chain.start[j]) + scores[j]);
  for (let t = 1; t < length; t++) {
    const reached = new Array(count).fill(-Infinity);
    const from = new Array(count).fill(0);
    for (let i = 0; i < count; i++)
      for (let j = 0; j < count; j++) {
        const score = best[i] + known(chain.transitions[i * count + j]);
        if (score > reached[j]) {
          reached[j] = score;
          from[j] = i;
        }
      }
    cameFrom.push(from);
    best = reached.map((score, j) => score + scores[t * count + j]);
  }
  const ends = best.map((score, j) => score + known(chain.end[j]));
  const labels = [ends.indexOf(ends.reduce((a, b) => Math.max(a, b)))];
  for (let t = length - 2; t >= 0; t--) labels.unshift(cameFrom[t][labels[0]]);
  return labels;
}
`;
