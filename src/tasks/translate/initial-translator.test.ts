import { beforeAll, describe, expect, it } from 'vitest';
import { setSeed } from '../../random.js';
import type { SentencePair } from './sentence-pair.js';
import { TranslatorTraining } from './translator-training.js';

const words = ['red', 'green', 'blue', 'white', 'black', 'brown'];

/** Two words, the second first: `of` are the first ones. */
function swapped(of: readonly string[]): SentencePair[] {
  return of.flatMap((first) => words.map((second) => ({ source: `${first} ${second}`, target: `${second} ${first}` })));
}

const options = { units: 8, embeddingUnits: 6, layers: 1, dropout: 0, epochs: 3, sourceTokens: 'words' } as const;

describe('a translator that begins with another', () => {
  const train = swapped(words);
  let first: TranslatorTraining;
  beforeAll(async () => {
    setSeed(1);
    first = new TranslatorTraining({ train }, { ...options, targetTokens: 'words', validation: 0, test: 0 });
    await first.train();
  });

  it('has its weights, tokens and shape, and says what it does not know and what it has seen', async () => {
    const initial = first.translator;
    const more = [...swapped(['pink']), { source: 'red', target: 'red' }];
    const training = new TranslatorTraining({ train: more, validation: train, test: more, initial });
    const { translator, beginning } = training;
    expect(translator.codecs).toEqual(initial.codecs);
    expect(translator.options).toMatchObject({ units: 8, embeddingUnits: 6, layers: 1, epochs: 60 });
    expect(await translator.predict(['red blue', 'pink'])).toEqual(await initial.predict(['red blue', 'pink']));
    expect(beginning).toMatchObject({ numTaken: initial.model.countParams(), anew: [] });
    expect(beginning?.unknown).toMatchObject({ numUnknown: 12, examples: ['pink'] });
    expect(beginning?.learnedBefore).toEqual({ validation: train.length, test: 0 });
    const { translator: next } = new TranslatorTraining({ train: more, initial: translator });
    expect((await next.evaluate(train)).numTrained).toBe(train.length);
  });

  it('leaves that one as it is, and does not begin with it again where it goes on', async () => {
    const initial = first.translator;
    const before = await initial.predict(['red blue']);
    const data = { train: swapped(['pink', 'red']), initial };
    const training = new TranslatorTraining(data, { epochs: 2, learningRate: 0.05 });
    await training.train();
    expect(await initial.predict(['red blue'])).toEqual(before);
    expect(await training.translator.predict(['red blue'])).not.toEqual(before);
    expect(new TranslatorTraining(data, {}, training.translator).beginning).toBeUndefined();
  });

  it('refuses what that one has decided otherwise', () => {
    const data = { train, initial: first.translator };
    expect(() => new TranslatorTraining(data, { units: 16, encoder: 'hybrid' })).toThrow(
      /USAGE.*decided by the model[\s\S]*expected: encoder "recurrent", units 8/,
    );
    expect(() => new TranslatorTraining(data, { units: 8, dropout: 0.1 })).not.toThrow();
  });
});
