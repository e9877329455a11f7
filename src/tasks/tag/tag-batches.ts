import { bucketsByLength, shuffledBuckets } from '../../data/length-buckets.js';
import { maximumOf } from '../../extremes.js';
import type { Random } from '../../random.js';
import type { DatasetBatch } from '../../training/dataset.js';
import type { EncodedSentence } from './tag-codec.js';

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

/** @internal The batches of an epoch, each of sentences of about equal length. */
export function* epochBatches(
  sentences: readonly EncodedSentence[],
  batchSize: number,
  random: Random,
): Generator<DatasetBatch> {
  const lengths = sentences.map(({ words }) => words.length);
  for (const batch of shuffledBuckets(lengths, { batchSize, random, batchesPerPool: 40 }))
    yield padded(Array.from(batch, (place) => sentences[place]));
}

/** @internal Places of sentences that are tagged at once. */
export function placesByLength(lengths: readonly number[]): Int32Array[] {
  return bucketsByLength(lengths, { batchSize: 64, mostSteps: 8192 });
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
