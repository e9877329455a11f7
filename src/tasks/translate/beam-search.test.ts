import { describe, expect, it } from 'vitest';
import type { Functional } from '../../training/graph/functional.js';
import {
  BeamSearch,
  type BeamSearchSettings,
  coveragePenaltyOf,
  lengthPenaltyOf,
  type SearchedSentence,
} from './beam-search.js';
import { specialIds } from './sentence-codec.js';
import type { NextAndShares } from './translator-network.js';

const { begin, end } = specialIds;
const [a, b, c] = [3, 4, 5];

type Shares = Readonly<Record<number, number>>;

/**
 * A model whose next id depends on all ids so far, which are the state of its row, and which attends to `attended(id)`
 * of three source tokens and the end, head after head.
 */
function modelOf(
  next: (ids: readonly number[]) => Shares,
  attended: (id: number) => readonly number[] = () => [1, 0, 0, 0],
): Functional<NextAndShares> {
  let states: number[][] = [];
  const stream = {
    batchSize: 0,
    reset: () => void (states = []),
    takeRows: (rows: Int32Array) => void (states = Array.from(rows, (row) => states[row])),
    stepAsync: async (ids: Int32Array) => {
      states = Array.from(ids, (id, row) => [...(states[row] ?? []), id]);
      const shares = states.map(next);
      return {
        next: Float64Array.from(shares.flatMap((own) => Array.from({ length: 6 }, (_, id) => own[id] ?? 0))),
        shares: Float64Array.from([...ids].flatMap(attended)),
      };
    },
  };
  const begun = ({ fixed }: { fixed: { source: { shape: number[] } } }) => {
    stream.reset();
    stream.batchSize = fixed.source.shape[0];
    return stream;
  };
  return { stream: begun } as unknown as Functional<NextAndShares>;
}

/** The last id alone decides. */
const chain = (
  table: Readonly<Record<number, Shares>>,
  attended?: (id: number) => readonly number[],
): Functional<NextAndShares> => modelOf((ids) => table[ids.at(-1)!] ?? {}, attended);

const beamSearch = (
  model: Functional<NextAndShares>,
  sentences: readonly SearchedSentence[],
  own: BeamSearchSettings,
) => new BeamSearch(model, own).search(sentences);

const settings = (given: Partial<BeamSearchSettings>): BeamSearchSettings => ({
  beams: 2,
  lengthPenalty: 0,
  coveragePenalty: 0,
  isHidden: () => false,
  ...given,
});
const source = [9, 9, 9];

/** The likeliest first id leads nowhere good: greedy search takes it. */
const trap = {
  [begin]: { [a]: 0.6, [b]: 0.4 },
  [a]: { [end]: 0.3, [c]: 0.7 },
  [b]: { [end]: 0.9, [c]: 0.1 },
  [c]: { [end]: 0.5, [a]: 0.5 },
};

describe('a beam search', () => {
  it('finds what is likelier as a whole, and sums its logarithms', async () => {
    const [found] = await beamSearch(chain(trap), [{ source, limit: 9 }], settings({}));
    expect(found[0].ids).toEqual([b]);
    expect(found[0].logProbability).toBeCloseTo(Math.log(0.4 * 0.9), 12);
    expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((x, y) => y - x));
    const [greedy] = await beamSearch(chain(trap), [{ source, limit: 9 }], settings({ beams: 1 }));
    expect(greedy[0].ids[0]).toBe(a);
  });

  it('goes on from the states of the beams that it follows', async () => {
    // Whether the second id is right depends on the first, which the state alone tells.
    const model = modelOf((ids) => {
      if (ids.length === 1) return { [a]: 0.55, [b]: 0.45 };
      if (ids.length === 2) return ids[1] === a ? { [b]: 0.51, [c]: 0.49 } : { [c]: 0.9, [b]: 0.1 };
      return ids[1] === b && ids[2] === c ? { [end]: 1 } : { [end]: 0.2, [a]: 0.8 };
    });
    const [found] = await beamSearch(model, [{ source, limit: 9 }], settings({}));
    expect(found[0].ids).toEqual([b, c]);
    expect(found[0].logProbability).toBeCloseTo(Math.log(0.45 * 0.9), 12);
  });

  it('goes on behind as many complete ones as beams while a better one may come', async () => {
    const table = {
      [begin]: { [a]: 0.5, [end]: 0.3, [b]: 0.2 },
      [a]: { [c]: 1 },
      [b]: { [end]: 0.9, [a]: 0.1 },
      [c]: { [end]: 1 },
    };
    const [found] = await beamSearch(chain(table), [{ source, limit: 9 }], settings({ lengthPenalty: 1 }));
    expect(found[0].ids).toEqual([a, c]);
  });

  it('ends with one beam where the end is likeliest', async () => {
    const table = { [begin]: { [end]: 0.55, [a]: 0.45 }, [a]: { [b]: 1 }, [b]: { [c]: 1 }, [c]: { [end]: 1 } };
    const greedily = settings({ beams: 1, lengthPenalty: 1 });
    const [[greedy]] = await beamSearch(chain(table), [{ source, limit: 9 }], greedily);
    expect(greedy.ids).toEqual([]);
  });

  it('follows what alone is allowed, however unlikely it is', async () => {
    const allowed = (ids: readonly number[]) => (ids.length < 3 ? [c] : [end]);
    const [[told]] = await beamSearch(chain(trap), [{ source, limit: 9, allowed }], settings({}));
    expect([told.ids, told.isComplete]).toEqual([[c, c, c], true]);
  });

  it('takes the mean of what several heads attend to', async () => {
    const table = { [begin]: { [a]: 1 }, [a]: { [end]: 1 } };
    const model = chain(table, () => [0.6, 0.4, 0, 0, 0, 0.2, 0.8, 0]);
    const [[{ shares }]] = await beamSearch(model, [{ source, limit: 9 }], settings({ beams: 1 }));
    expect([...shares[0]].map((share) => Number(share.toFixed(6)))).toEqual([0.3, 0.3, 0.4]);
  });

  it('lets longer ones win as the length penalty says', async () => {
    const table = { [begin]: { [end]: 0.35, [a]: 0.65 }, [a]: { [b]: 0.6, [end]: 0.4 }, [b]: { [end]: 0.8, [c]: 0.2 } };
    const best = async (lengthPenalty: number) =>
      (await beamSearch(chain(table), [{ source, limit: 9 }], settings({ beams: 3, lengthPenalty })))[0][0];
    expect((await best(0)).ids).toEqual([]); // ln 0.35 above ln(0.65 0.6 0.8)
    const longer = await best(1);
    expect(longer.ids).toEqual([a, b]);
    expect(longer.score).toBeCloseTo(Math.log(0.65 * 0.6 * 0.8) / (8 / 6), 12);
  });

  it('lets what attends to all of the source win as the coverage penalty says', async () => {
    const table = { [begin]: { [a]: 0.6, [b]: 0.4 }, [a]: { [end]: 1 }, [b]: { [end]: 1 } };
    const attended = (id: number) => (id === b ? [0, 0.5, 0.5, 0] : [0.9, 0.1, 0, 0]);
    const best = async (coveragePenalty: number) =>
      (await beamSearch(chain(table, attended), [{ source, limit: 9 }], settings({ coveragePenalty })))[0][0];
    expect((await best(0)).ids).toEqual([a]);
    const covering = await best(1);
    expect(covering.ids).toEqual([b]);
    expect(covering.score).toBeCloseTo(Math.log(0.4) + Math.log(0.9) + Math.log(0.6) + Math.log(0.5), 6);
  });

  it('ends at the limit, and says so; what ended by itself comes first', async () => {
    const table = { [begin]: { [a]: 0.9, [end]: 0.1 }, [a]: { [a]: 1 } };
    const [found] = await beamSearch(chain(table), [{ source, limit: 4 }], settings({}));
    expect(found.map(({ ids, isComplete }) => [ids.length, isComplete])).toEqual([
      [0, true],
      [4, false],
    ]);
  });

  it('writes no hidden id, and only allowed ones', async () => {
    const [hidden] = await beamSearch(chain(trap), [{ source, limit: 9 }], settings({ isHidden: (id) => id === b }));
    expect(hidden.some(({ ids }) => ids.includes(b))).toBe(false);
    const allowed = (ids: readonly number[]) => (ids.length === 0 ? [a] : undefined);
    const [begun] = await beamSearch(chain(trap), [{ source, limit: 9, allowed }], settings({}));
    expect(begun.every(({ ids }) => ids[0] === a)).toBe(true);
  });

  it('takes more beams than there are ids', async () => {
    const [found] = await beamSearch(chain(trap), [{ source, limit: 3 }], settings({ beams: 20 }));
    expect(found[0].ids).toEqual([b]);
    expect(found.length).toBeGreaterThan(4);
  });

  it('takes batches one after the other, of fewer sentences too', async () => {
    const search = new BeamSearch(chain(trap), settings({}));
    const sentence = { source, limit: 9 };
    const both = await search.search([sentence, sentence]);
    expect(await search.search([sentence])).toEqual([both[0]]);
  });

  it('searches for several sentences side by side as for each alone', async () => {
    const sentences = [2, 5, 3].map((limit) => ({ source, limit }));
    const together = await beamSearch(chain(trap), sentences, settings({}));
    const apart = await Promise.all(
      sentences.map(async (one) => (await beamSearch(chain(trap), [one], settings({})))[0]),
    );
    expect(together).toEqual(apart);
  });
});

// Wu et al. 2016, eq. 14, by hand: three target tokens over two source tokens.
it('the penalties of a worked example', () => {
  expect(lengthPenaltyOf(7, 0.6)).toBeCloseTo(2 ** 0.6, 12);
  const shares = [
    [0.2, 0.8],
    [0.1, 0.9],
    [0.3, 0.7],
  ];
  expect(coveragePenaltyOf(shares, 0.2)).toBeCloseTo(0.2 * Math.log(0.6), 12); // the second is covered 2.4 times: ln 1
  expect(coveragePenaltyOf([], 0.2)).toBe(0);
});
