import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../kernels/select.js';
import { setSeed } from '../../random.js';
import { specialIds } from './sentence-codec.js';
import { TranslatorDecoder } from './translator-decoder.js';
import { translatorNetwork, withShares } from './translator-network.js';
import { resolvedTranslatorOptions, type TranslatorOptions } from './translator-options.js';

const [numIds, begin] = [9, specialIds.begin];
const sources = [[3, 4, 5, 6], [7], [8, 3]];

function modelOf(options: TranslatorOptions = {}) {
  setSeed(5);
  const all = { units: 6, embeddingUnits: 5, layers: 2, dropout: 0, ...options };
  return translatorNetwork({ source: numIds, target: numIds, isShared: false }, resolvedTranslatorOptions(all));
}

/** What the model gives behind targets, computed whole: the last P(next id) and the shares of all heads. */
async function whole(model: ReturnType<typeof modelOf>, source: readonly number[], target: readonly number[]) {
  const x = {
    source: { data: Int32Array.from([...source, specialIds.end]), shape: [1, source.length + 1] },
    target: { data: Int32Array.from([begin, ...target]), shape: [1, target.length + 1] },
  };
  const { next, shares } = await withShares(model).predict(x);
  return { next: [...next.dataSync().slice(-numIds)], shares: shares.dataSync(), shape: shares.shape };
}

function expectClose(received: ArrayLike<number>, expected: readonly number[]): void {
  expect(received.length).toBe(expected.length);
  expected.forEach((value, i) => void expect(received[i]).toBeCloseTo(value, 6));
}

describe('a decoder of translators', () => {
  beforeAll(() => void useBackend('reference'));

  it('follows several targets of each source, and lets sources leave, as whole targets are computed', async () => {
    const model = modelOf();
    const decoder = new TranslatorDecoder(withShares(model));
    // Twice: the second time with the streams of the first.
    for (const round of [1, 2]) {
      const rows = decoder.begin(round === 1 ? sources : [...sources].reverse());
      const [first, , last] = round === 1 ? sources : [...sources].reverse();
      await rows.step(new Int32Array(3).fill(begin));
      rows.arrange(Int32Array.of(0, 0, 2, 2), true);
      await rows.step(Int32Array.of(3, 4, 5, 6));
      rows.arrange(Int32Array.of(1, 0, 2, 2), false);
      const { next } = await rows.step(Int32Array.of(7, 7, 8, 8));
      const row = (at: number): ArrayLike<number> => Array.prototype.slice.call(next, at * numIds, (at + 1) * numIds);
      expectClose(row(0), (await whole(model, first, [4, 7])).next);
      expectClose(row(1), (await whole(model, first, [3, 7])).next);
      expectClose(row(3), (await whole(model, last, [5, 8])).next);
      rows.end();
    }
  });

  it('says what rows attend to: the mean of the heads, without the end of the source', async () => {
    const model = modelOf({ attention: 'multiHead', units: 8 });
    const rows = new TranslatorDecoder(withShares(model)).begin(sources);
    const { attendedBy } = await rows.step(new Int32Array(3).fill(begin));
    const { shares, shape } = await whole(model, sources[2], []);
    expect(shape).toEqual([1, 8, 1, 3]);
    const mean = (i: number): number =>
      Array.from({ length: 8 }, (_, head) => shares[3 * head + i]).reduce((x, y) => x + y) / 8;
    expectClose(attendedBy!(2), [mean(0), mean(1)]);
    expect(attendedBy!(0)).toHaveLength(4);
  });

  it('keeps apart what is searched for at the same time', async () => {
    const model = modelOf();
    const decoder = new TranslatorDecoder(withShares(model));
    const [one, other] = [decoder.begin([sources[0]]), decoder.begin([[8, 7, 6, 5]])];
    await one.step(Int32Array.of(begin));
    await other.step(Int32Array.of(begin));
    const { next } = await one.step(Int32Array.of(4));
    expectClose([...Array.from(next)], (await whole(model, sources[0], [4])).next);
    one.end();
    other.end();
    const again = decoder.begin([sources[0]]);
    expectClose(Array.from((await again.step(Int32Array.of(begin))).next), (await whole(model, sources[0], [])).next);
  });
});
