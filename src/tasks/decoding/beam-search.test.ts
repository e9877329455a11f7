import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import {
  type BeamSearchSettings,
  beamSearch,
  coveragePenaltyOf,
  type Decoder,
  lengthPenaltyOf,
  type SearchedText,
} from './beam-search.js';
import { sampleToken } from './sample-token.js';
import type { TokenConstraint } from './token-constraint.js';

const [begin, end, a, b, c] = [1, 2, 3, 4, 5];
const numTokens = 6;

type Shares = Readonly<Record<number, number>>;

/** A model whose next token depends on all tokens so far, which are the state of its row, and on what it attends to. */
function modelOf(
  next: (tokens: readonly number[]) => Shares,
  attended: (token: number) => readonly number[] = () => [1, 0, 0],
): Decoder & { readonly numRows: readonly number[] } {
  let states: number[][] | undefined;
  const numRows: number[] = [];
  return {
    numRows,
    step(tokens) {
      states = Array.from(tokens, (token, row) => [...(states?.[row] ?? []), token]);
      numRows.push(tokens.length);
      const rows = states.map(next).flatMap((own) => Array.from({ length: numTokens }, (_, token) => own[token] ?? 0));
      return { next: Float64Array.from(rows), attendedBy: (row) => Float32Array.from(attended(tokens[row])) };
    },
    arrange(from) {
      states = Array.from(from, (row) => states![row]);
    },
  };
}

/** The last token alone decides. */
const chain = (table: Readonly<Record<number, Shares>>, attended?: (token: number) => readonly number[]): Decoder =>
  modelOf((tokens) => table[tokens.at(-1)!] ?? {}, attended);

/** The texts without what ends them. */
async function search(model: Decoder, texts: readonly SearchedText[], own: BeamSearchSettings) {
  const found = await beamSearch(texts, model, own);
  return found.map((text) => text.map((one) => ({ ...one, ids: one.tokens.filter((token) => token !== end) })));
}

const settings = (
  given: Partial<Omit<BeamSearchSettings, 'lengthPenalty'>> & { readonly lengthPenalty?: number },
): BeamSearchSettings => ({
  beams: 2,
  begin,
  never: new Set([0, begin]),
  isComplete: (tokens) => tokens.at(-1) === end,
  ...given,
  lengthPenalty: (count) => lengthPenaltyOf(count, given.lengthPenalty ?? 0),
});

/** These tokens, one after the other, and everything behind them. */
function only(...tokens: readonly number[]): TokenConstraint | undefined {
  const [first, ...rest] = tokens;
  return first === undefined ? undefined : { allows: (token) => token === first, after: () => only(...rest) };
}

/** The likeliest first id leads nowhere good: greedy search takes it. */
const trap = {
  [begin]: { [a]: 0.6, [b]: 0.4 },
  [a]: { [end]: 0.3, [c]: 0.7 },
  [b]: { [end]: 0.9, [c]: 0.1 },
  [c]: { [end]: 0.5, [a]: 0.5 },
};

describe('a beam search', () => {
  it('finds what is likelier as a whole, and sums its logarithms', async () => {
    const [found] = await search(chain(trap), [{ limit: 9 }], settings({}));
    expect(found[0].ids).toEqual([b]);
    expect(found[0].logProbability).toBeCloseTo(Math.log(0.4 * 0.9), 12);
    expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((x, y) => y - x));
    const [greedy] = await search(chain(trap), [{ limit: 9 }], settings({ beams: 1 }));
    expect(greedy[0].ids[0]).toBe(a);
  });

  it('goes on from the states of the beams that it follows', async () => {
    // Whether the second id is right depends on the first, which the state alone tells.
    const model = modelOf((ids) => {
      if (ids.length === 1) return { [a]: 0.55, [b]: 0.45 };
      if (ids.length === 2) return ids[1] === a ? { [b]: 0.51, [c]: 0.49 } : { [c]: 0.9, [b]: 0.1 };
      return ids[1] === b && ids[2] === c ? { [end]: 1 } : { [end]: 0.2, [a]: 0.8 };
    });
    const [found] = await search(model, [{ limit: 9 }], settings({}));
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
    const [found] = await search(chain(table), [{ limit: 9 }], settings({ lengthPenalty: 1 }));
    expect(found[0].ids).toEqual([a, c]);
  });

  it('ends with one beam where the end is likeliest', async () => {
    const table = { [begin]: { [end]: 0.55, [a]: 0.45 }, [a]: { [b]: 1 }, [b]: { [c]: 1 }, [c]: { [end]: 1 } };
    const greedily = settings({ beams: 1, lengthPenalty: 1 });
    const [[greedy]] = await search(chain(table), [{ limit: 9 }], greedily);
    expect(greedy.ids).toEqual([]);
  });

  it('follows what alone is allowed, however unlikely it is', async () => {
    const [[told]] = await search(chain(trap), [{ limit: 9, constraint: only(c, c, c, end) }], settings({}));
    expect([told.ids, told.isComplete]).toEqual([[c, c, c], true]);
  });

  it('is done where the constraint is', async () => {
    const last: TokenConstraint = { isDone: true, allows: () => false, after: () => undefined };
    const constraint: TokenConstraint = { allows: (token) => token === c, after: () => last };
    const [found] = await search(chain(trap), [{ limit: 9, constraint }], settings({}));
    expect(found.map(({ ids, isComplete }) => [ids, isComplete])).toEqual([[[c], true]]);
  });

  it('looks for as many complete ones as it is told to', async () => {
    const [one] = await search(chain(trap), [{ limit: 9 }], settings({ numComplete: 1 }));
    expect(one[0].ids).toEqual([b]);
    const model = modelOf((tokens) => trap[tokens.at(-1) as keyof typeof trap] ?? {});
    await search(model, [{ limit: 9 }], settings({ numComplete: 1 }));
    const all = modelOf((tokens) => trap[tokens.at(-1) as keyof typeof trap] ?? {});
    await search(all, [{ limit: 9 }], settings({}));
    expect(model.numRows.length).toBeLessThan(all.numRows.length);
  });

  it('lets longer ones win as the length penalty says', async () => {
    const table = { [begin]: { [end]: 0.35, [a]: 0.65 }, [a]: { [b]: 0.6, [end]: 0.4 }, [b]: { [end]: 0.8, [c]: 0.2 } };
    const best = async (lengthPenalty: number) =>
      (await search(chain(table), [{ limit: 9 }], settings({ beams: 3, lengthPenalty })))[0][0];
    expect((await best(0)).ids).toEqual([]); // ln 0.35 above ln(0.65 0.6 0.8)
    const longer = await best(1);
    expect(longer.ids).toEqual([a, b]);
    expect(longer.score).toBeCloseTo(Math.log(0.65 * 0.6 * 0.8) / (8 / 6), 12);
  });

  it('lets what attends to all of the source win as the coverage penalty says', async () => {
    const table = { [begin]: { [a]: 0.6, [b]: 0.4 }, [a]: { [end]: 1 }, [b]: { [end]: 1 } };
    const attended = (id: number) => (id === b ? [0, 0.5, 0.5] : [0.9, 0.1, 0]);
    const best = async (coveragePenalty: number) =>
      (await search(chain(table, attended), [{ limit: 9 }], settings({ coveragePenalty })))[0][0];
    expect((await best(0)).ids).toEqual([a]);
    const covering = await best(1);
    expect(covering.ids).toEqual([b]);
    expect(covering.score).toBeCloseTo(Math.log(0.4) + Math.log(0.9) + Math.log(0.6) + Math.log(0.5), 6);
  });

  it('ends at the limit, and says so; what ended by itself comes first', async () => {
    const table = { [begin]: { [a]: 0.9, [end]: 0.1 }, [a]: { [a]: 1 } };
    const [found] = await search(chain(table), [{ limit: 4 }], settings({}));
    expect(found.map(({ ids, isComplete }) => [ids.length, isComplete])).toEqual([
      [0, true],
      [4, false],
    ]);
  });

  it('writes no hidden id, and only allowed ones', async () => {
    const [hidden] = await search(chain(trap), [{ limit: 9 }], settings({ never: new Set([0, begin, b]) }));
    expect(hidden.some(({ ids }) => ids.includes(b))).toBe(false);
    const [begun] = await search(chain(trap), [{ limit: 9, constraint: only(a) }], settings({}));
    expect(begun.every(({ ids }) => ids[0] === a)).toBe(true);
  });

  it('takes more beams than there are ids', async () => {
    const [found] = await search(chain(trap), [{ limit: 3 }], settings({ beams: 20 }));
    expect(found[0].ids).toEqual([b]);
    expect(found.length).toBeGreaterThan(4);
  });

  it('writes nothing where nothing may be written', async () => {
    const [found] = await search(chain(trap), [{ limit: 0 }], settings({}));
    expect(found.map(({ ids, isComplete }) => [ids, isComplete])).toEqual([[[], false]]);
  });

  it.each([1, 2])('refuses probabilities that are not finite, with %i beams', async (beams) => {
    const broken = chain({ [begin]: { [a]: 0.5, [b]: 0.5 }, [a]: { [c]: NaN }, [b]: { [c]: NaN } });
    await expect(search(broken, [{ limit: 9 }], settings({ beams }))).rejects.toThrow('[NOT_FINITE] beamSearch');
  });

  it('says so where nothing may follow and nothing is complete', async () => {
    const lost = chain({ [begin]: { [a]: 0.5, [b]: 0.5 } });
    await expect(search(lost, [{ limit: 9 }], settings({}))).rejects.toThrow('[USAGE] beamSearch: no token may');
    const constraint: TokenConstraint = { allows: () => false, after: () => undefined };
    await expect(search(chain(trap), [{ limit: 9, constraint }], settings({}))).rejects.toThrow('none behind 0 tokens');
    const half = chain({ [begin]: { [a]: 0.5, [end]: 0.5 } });
    expect((await search(half, [{ limit: 9 }], settings({})))[0].map(({ ids }) => ids)).toEqual([[]]);
  });

  it('lets texts leave that are done, and begins with a row for each', async () => {
    const model = modelOf((tokens) => trap[tokens.at(-1) as keyof typeof trap] ?? {});
    const limits = [1, 1, 1, 1, 9, 9];
    const found = await search(
      model,
      limits.map((limit) => ({ limit })),
      settings({ beams: 4, lengthPenalty: 1 }),
    );
    expect(model.numRows.slice(0, 2)).toEqual([6, 8]);
    expect(found[4]).toEqual(found[5]);
    const [alone] = await search(chain(trap), [{ limit: 9 }], settings({ beams: 4, lengthPenalty: 1 }));
    expect(found[5]).toEqual(alone);
  });

  it('lets rows go on idly where few are done', async () => {
    const model = modelOf((tokens) => trap[tokens.at(-1) as keyof typeof trap] ?? {});
    const limits = [9, 2, 9, 9, 9];
    const found = await search(
      model,
      limits.map((limit) => ({ limit })),
      settings({ lengthPenalty: 1 }),
    );
    expect(model.numRows.slice(0, 3)).toEqual([5, 10, 10]);
    const [alone] = await search(chain(trap), [{ limit: 9 }], settings({ lengthPenalty: 1 }));
    expect([0, 2, 3, 4].map((place) => found[place])).toEqual([alone, alone, alone, alone]);
  });

  it('draws each text by itself where it is told how', async () => {
    const random = new Random(2);
    const draw: SearchedText['draw'] = (scores, never) => sampleToken(scores, random, {}, never);
    const [found] = await search(chain(trap), [{ limit: 9, draw }], settings({ beams: 400 }));
    expect(found).toHaveLength(400);
    const begun = (token: number) => found.filter(({ ids }) => ids[0] === token);
    expect(begun(a).length / 400).toBeCloseTo(0.6, 1);
    expect(begun(b).filter(({ ids }) => ids.length === 1).length / begun(b).length).toBeCloseTo(0.9, 1);
    for (const { ids, logProbability } of begun(b).filter((one) => one.ids.length === 1))
      expect([ids, logProbability.toFixed(9)]).toEqual([[b], Math.log(0.4 * 0.9).toFixed(9)]);
    const [told] = await search(chain(trap), [{ limit: 9, draw, constraint: only(c, b) }], settings({}));
    for (const { ids } of told) expect(ids.slice(0, 2)).toEqual([c, b]);
    const [hidden] = await search(chain(trap), [{ limit: 1, draw }], settings({ beams: 9, never: new Set([0, 1, a]) }));
    for (const { ids } of hidden) expect(ids).toEqual([b]);
  });

  it('searches for several sentences side by side as for each alone', async () => {
    const sentences = [2, 5, 3].map((limit) => ({ limit }));
    const together = await search(chain(trap), sentences, settings({}));
    const apart = await Promise.all(sentences.map(async (one) => (await search(chain(trap), [one], settings({})))[0]));
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
