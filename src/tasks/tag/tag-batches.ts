import { maximumOf } from '../../extremes.js';
import type { Random } from '../../random.js';
import type { DatasetBatch } from '../../training/dataset.js';
import type { EncodedSentence } from './tag-codec.js';

/** Batches whose sentences are sorted by length together. */
const batchesPerPool = 40;
/** Sentences computed at once, with their padding, have at most so many words, unless one alone is longer. */
const mostWordsAtOnce = 8192;
const mostSentencesAtOnce = 64;

/** Sentences side by side, padded with zeros at the end. */
export interface TagBatch {
  /** `[batch, time, 1 + affixes + characters]`: see {@link WordFeatures}. */
  readonly x: { readonly data: Int32Array; readonly shape: readonly number[] };
  /** `[batch, time]` */
  readonly y: { readonly data: Int32Array; readonly shape: readonly number[] };
}

/** @internal A sentence without words still has one step, of padding. */
export function padded(sentences: readonly EncodedSentence[]): TagBatch {
  const time = maximumOf(
    sentences.map(({ words }) => words.length),
    1,
  );
  let longest = 1;
  for (const { characters } of sentences) for (const { length } of characters) longest = Math.max(longest, length);
  const numAffixes = sentences[0]?.affixesPerWord ?? 0;
  const columns = 1 + numAffixes + longest;
  const data = new Int32Array(sentences.length * time * columns);
  const tags = new Int32Array(sentences.length * time);
  sentences.forEach((sentence, b) => {
    sentence.words.forEach((word, t) => {
      const start = (b * time + t) * columns;
      data[start] = word;
      data.set(sentence.affixes.subarray(t * numAffixes, (t + 1) * numAffixes), start + 1);
      data.set(sentence.characters[t], start + 1 + numAffixes);
    });
    tags.set(sentence.tags, b * time);
  });
  return { x: { data, shape: [sentences.length, time, columns] }, y: { data: tags, shape: [sentences.length, time] } };
}

/**
 * @internal The batches of an epoch: sentences in a new order, neighbours of about equal length, batches in a new order
 * again. Their number is `ceil(sentences / batchSize)`.
 */
export function* epochBatches(
  sentences: readonly EncodedSentence[],
  batchSize: number,
  random: Random,
): Generator<DatasetBatch> {
  const order = random.shuffle(Array.from(sentences.keys()));
  const batches: number[][] = [];
  for (let start = 0; start < order.length; start += batchSize * batchesPerPool) {
    const pool = order
      .slice(start, start + batchSize * batchesPerPool)
      .sort((a, b) => sentences[a].words.length - sentences[b].words.length);
    for (let at = 0; at < pool.length; at += batchSize) batches.push(pool.slice(at, at + batchSize));
  }
  for (const batch of random.shuffle(batches)) yield padded(batch.map((i) => sentences[i]));
}

/** @internal Places of sentences in batches of about equal length and bounded size, the shortest first. */
export function placesByLength(lengths: readonly number[]): number[][] {
  const order = [...lengths.keys()].sort((a, b) => lengths[a] - lengths[b] || a - b);
  const batches: number[][] = [];
  for (const place of order) {
    const open = batches.at(-1);
    const isFull =
      open === undefined || open.length === mostSentencesAtOnce || (open.length + 1) * lengths[place] > mostWordsAtOnce;
    if (isFull) batches.push([place]);
    else open.push(place);
  }
  return batches;
}

/** @internal Sentences cut into pieces of at most `timesteps` words, for training. */
export function cutSentences(sentences: readonly EncodedSentence[], timesteps: number): EncodedSentence[] {
  return sentences.flatMap((sentence) => {
    const pieces: EncodedSentence[] = [];
    for (let start = 0; start < sentence.words.length; start += timesteps) {
      const end = start + timesteps;
      const { affixesPerWord } = sentence;
      pieces.push({
        affixes: sentence.affixes.subarray(start * affixesPerWord, end * affixesPerWord),
        affixesPerWord,
        words: sentence.words.subarray(start, end),
        characters: sentence.characters.slice(start, end),
        tags: sentence.tags.subarray(start, end),
      });
    }
    return pieces;
  });
}
