import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { itWithData } from '../../../test/support/published-data.js';
import { readConllu } from '../../data/conllu.js';
import { Random } from '../../random.js';
import { HmmTagger } from './hmm-tagger.js';
import { type TaggedSentence, taggedSentences } from './tagged-sentence.js';
import { taggingReport } from './tagging-report.js';

const sentence = (words: string, tags: string): TaggedSentence => ({ words: words.split(' '), tags: tags.split(' ') });

/** The tags of largest probability, by the formulas of the tagger's description and by trying all of them. */
function likeliestTags(train: readonly TaggedSentence[], tags: readonly string[], words: readonly string[]): string[] {
  const pairs = train.flatMap((given) => given.words.map((word, i) => ({ word, tag: given.tags[i] })));
  const smoothed =
    (seen: readonly string[], events: readonly string[], fallback: (event: string) => number) =>
    (event: string): number => {
      const different = Math.max(1, new Set(seen.filter((own) => events.includes(own))).size);
      return (seen.filter((own) => own === event).length + different * fallback(event)) / (seen.length + different);
    };
  const prior = (tag: string): number => pairs.filter((pair) => pair.tag === tag).length / pairs.length;
  const start = smoothed(
    train.map((given) => given.tags[0]),
    tags,
    prior,
  );
  const followers = (tag: string): string[] =>
    train.flatMap((given) => given.tags.flatMap((own, i) => (own === tag ? [given.tags[i + 1] ?? 'END'] : [])));
  const next = new Map(
    tags.map((tag) => [
      tag,
      smoothed(followers(tag), [...tags, 'END'], (event) => (event === 'END' ? 0.05 : 0.95 * prior(event))),
    ]),
  );
  const shape = (word: string): string =>
    /[0-9]/.test(word) ? '0' : /^[A-Z]/.test(word) ? 'A' : /[A-Za-z]/.test(word) ? 'a' : '-';
  const isRare = (word: string): boolean => pairs.filter((pair) => pair.word === word).length <= 10;
  const ofWord = (word: string) => {
    let given = prior;
    for (let length = 0; length <= Math.min(8, word.length); length++) {
      const suffix = word.toLowerCase().slice(word.length - length);
      const alike = pairs.filter(
        (pair) => isRare(pair.word) && shape(pair.word) === shape(word) && pair.word.toLowerCase().endsWith(suffix),
      );
      if (alike.length === 0) break;
      given = smoothed(
        alike.map(({ tag }) => tag),
        tags,
        given,
      );
    }
    for (const same of [
      pairs.filter((pair) => pair.word.toLowerCase() === word.toLowerCase()),
      pairs.filter((pair) => pair.word === word),
    ]) {
      if (same.length > 0)
        given = smoothed(
          same.map(({ tag }) => tag),
          tags,
          given,
        );
    }
    return given;
  };
  const emission = words.map(ofWord);
  let best: { tags: string[]; score: number } = { tags: [], score: -Infinity };
  for (let code = 0; code < tags.length ** words.length; code++) {
    const chosen = words.map((_, i) => tags[Math.floor(code / tags.length ** i) % tags.length]);
    const score = chosen.reduce(
      (sum, tag, i) => {
        const transition = i === 0 ? start(tag) : next.get(chosen[i - 1])!(tag);
        return sum + Math.log(transition) + Math.log(emission[i](tag) / prior(tag));
      },
      Math.log(next.get(chosen[chosen.length - 1])!('END')),
    );
    if (score > best.score) best = { tags: chosen, score };
  }
  return best.tags;
}

describe('a tagging report', () => {
  it('counts words, unknown words, sentences and tags', () => {
    const truth = [sentence('the dog barks', 'D N V'), sentence('cats', 'N'), sentence('go now', 'V A')];
    const report = taggingReport(truth, [['D', 'N', 'N'], ['N'], ['V', 'D']], {
      isUnknown: (word) => ['cats', 'barks'].includes(word),
      tags: ['D', 'N', 'V'],
    });
    expect(report).toMatchObject({
      numSentences: 3,
      numWords: 6,
      numUnknown: 2,
      unknownAccuracy: 0.5,
      numUnseenTags: 1,
      spans: null,
      byKind: null,
    });
    expect(report.accuracy).toBeCloseTo(4 / 6, 12);
    expect(report.sentenceAccuracy).toBeCloseTo(1 / 3, 12);
    expect(report.byTag.N).toMatchObject({ numTrue: 2, numPredicted: 3, numCorrect: 2, recall: 1 });
    expect(report.byTag.N.precision).toBeCloseTo(2 / 3, 12);
    expect(report.byTag.N.f1).toBeCloseTo(0.8, 12);
    expect(report.byTag.A).toMatchObject({ numTrue: 1, numPredicted: 0, precision: 0, recall: 0, f1: 0 });
    expect(Object.keys(report.byTag)).toEqual(['N', 'V', 'A', 'D']);
  });

  // Counted by hand, by the rules of the shared tasks' script: a span counts when kind, first and last word agree.
  it.each([
    ['B-A I-A O B-B', 'B-A I-A O B-B', [2, 2, 2]],
    ['B-A I-A O B-B', 'B-A O O B-A', [2, 2, 0]],
    ['B-A I-A I-A', 'B-A B-A I-A', [1, 2, 0]],
    ['B-A I-A O O', 'I-A I-A O B-B', [1, 2, 1]],
    ['B-A I-A', 'B-A I-B', [1, 2, 0]],
    ['I-A I-A B-A', 'B-A I-A B-A', [2, 2, 2]],
    ['O O', 'O I-A', [0, 1, 0]],
    ['B-A O B-A', 'O O O', [2, 0, 0]],
    ['O I-A I-A O I-B', 'O B-A I-A O B-B', [2, 2, 2]],
    ['I-A I-B I-B', 'I-A B-B I-B', [2, 2, 2]],
    ['B-A I-A O', 'I-A B-A O', [1, 2, 0]],
    ['B-A E-A S-A S-A', 'B-A E-A S-A O', [3, 2, 2]],
    ['B-A I-A B-B', 'B-A I-A I-B', [2, 2, 2]],
    ['O B-A-B I-A-B', 'O B-A I-A', [1, 1, 0]],
  ])('counts the spans of %s as %s', (truth, guess, [numTrue, numPredicted, numCorrect]) => {
    const { spans } = taggingReport([sentence(truth, truth)], [guess.split(' ')], { scheme: 'bio' });
    expect(spans).toMatchObject({ numTrue, numPredicted, numCorrect });
    expect(spans!.f1).toBeCloseTo(numTrue + numPredicted === 0 ? 0 : (2 * numCorrect) / (numTrue + numPredicted), 12);
  });

  it('does not join spans of two sentences, and has a row for each kind', () => {
    const truth = [sentence('a', 'B-A'), sentence('b c', 'I-A B-B')];
    const { spans, byKind } = taggingReport(truth, [['B-A'], ['I-A', 'O']], { scheme: 'bio' });
    expect(spans).toMatchObject({ numTrue: 3, numPredicted: 2, numCorrect: 2, precision: 1 });
    expect(byKind!.A.f1).toBe(1);
    expect(byKind!.B).toMatchObject({ numTrue: 1, numPredicted: 0, f1: 0 });
  });

  it('refuses tags that do not fit the words', () => {
    expect(() => taggingReport([sentence('a b', 'X Y')], [['X']])).toThrow(
      '[SHAPE_MISMATCH] taggingReport, sentence 1',
    );
    expect(() => taggedSentences([['a', 'b']], [['X']], 'f.txt')).toThrow(
      '[SHAPE_MISMATCH] f.txt, sentence 1: there is not one tag for each word',
    );
    expect(() => taggedSentences([['a', '']], [['X', 'Y']], 'f.txt')).toThrow(
      '[DATA_FORMAT] f.txt, sentence 1: word 2 is empty',
    );
    expect(() => taggedSentences([[]], [[]], 'f.txt')).toThrow('[DATA_FORMAT] f.txt: there are no words');
    expect(taggedSentences([[], ['a']], [[], ['X']])).toEqual([{ words: ['a'], tags: ['X'] }]);
  });
});

describe('a hidden Markov tagger', () => {
  const sentences = [
    sentence('the dog barks', 'D N V'),
    sentence('the cat sleeps', 'D N V'),
    sentence('the walking dog sleeps', 'D A N V'),
    sentence('dogs bark', 'N V'),
    sentence('The barking cat walks', 'D A N V'),
  ];
  const tagger = new HmmTagger(sentences, ['D', 'N', 'V', 'A']);

  it('knows what it has seen', () => {
    for (const { words, tags } of sentences) expect(tagger.tag(words)).toEqual(tags);
  });

  it('guesses unknown words from their endings and their place', () => {
    expect(tagger.tag('the jumping cat jumps'.split(' '))).toEqual(['D', 'A', 'N', 'V']);
    expect(tagger.tag('the zyx barks'.split(' '))).toEqual(['D', 'N', 'V']);
  });

  it('knows a word in another case, wherever it stands', () => {
    const named = [
      ...Array.from({ length: 12 }, () => sentence('come please now', 'V X A')),
      ...['Ada', 'Ben', 'Cleo'].map((name) => sentence(`come ${name} now`, 'V P A')),
    ];
    const found = new HmmTagger(named, ['V', 'X', 'A', 'P']);
    expect(found.tag(['come', 'PLEASE', 'now'])).toEqual(['V', 'X', 'A']);
    expect(found.tag(['come', 'Dora', 'now'])).toEqual(['V', 'P', 'A']);
  });

  it('finds the likeliest tags of the definition', () => {
    const random = new Random(12);
    const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)];
    const [words, names] = [
      ['run', 'runs', 'Run', 'sun', 'bun', 'the', 'B2', '...', 'rerun'],
      ['D', 'N', 'V'],
    ];
    const made = (numWords: number): TaggedSentence => {
      const own = Array.from({ length: numWords }, () => pick(words));
      return { words: own, tags: own.map((word) => (random.uniform() < 0.6 ? names[word.length % 3] : pick(names))) };
    };
    for (let turn = 0; turn < 12; turn++) {
      const train = Array.from({ length: 3 + (turn % 4) * 14 + turn }, (_, i) => made(1 + ((i + turn) % 4)));
      const known = names.filter((name) => train.some(({ tags }) => tags.includes(name)));
      const hmm = new HmmTagger(train, known);
      for (let i = 0; i < 16; i++) {
        const sentence = Array.from({ length: 1 + (i % 4) }, () => pick([...words, 'fun', 'Sun', 'a1', '?']));
        expect(hmm.tag(sentence), sentence.join(' ')).toEqual(likeliestTags(train, known, sentence));
      }
    }
  });

  itWithData('reaches 92.3 % of the words of UD English EWT', 'tagging/ud_en_ewt', async (path) => {
    const read = async (part: string): Promise<TaggedSentence[]> => {
      const file = readConllu(await readFile(join(path, `en_ewt-ud-${part}.conllu`), 'utf8'), { where: part });
      return taggedSentences(
        file.sentences.map(({ words }) => words),
        file.column('upos'),
      );
    };
    const [train, dev] = [await read('train'), await read('dev')];
    const hmm = new HmmTagger(train, [...new Set(train.flatMap(({ tags }) => tags))]);
    expect(
      taggingReport(
        dev,
        dev.map(({ words }) => hmm.tag(words)),
      ).accuracy,
    ).toBeCloseTo(0.923, 3);
  });

  it('tags anything: one word, none, emoji, ten thousand words', () => {
    expect(tagger.tag([])).toEqual([]);
    expect(tagger.tag(['dog'])).toHaveLength(1);
    expect(tagger.tag(['👩‍👩‍👧', 'e\u0301', '१२'])).toHaveLength(3);
    expect(new Set(tagger.tag(new Array<string>(10_000).fill('the')))).not.toContain(undefined);
  });

  it('works where two tags are equally frequent', () => {
    const even = new HmmTagger([sentence('a b', 'X Y'), sentence('a b', 'X Y')], ['X', 'Y']);
    expect(even.tag(['a', 'b', 'c'])).toHaveLength(3);
    expect(even.tag(['a', 'b'])).toEqual(['X', 'Y']);
  });
});
