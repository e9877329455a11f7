import { beforeAll, describe, expect, it } from 'vitest';
import { randomise } from '../../../test/support/random.js';
import { softmaxRows } from '../../exponential.js';
import { createReferenceBackend } from '../../kernels/reference/backend.js';
import { useBackend } from '../../kernels/select.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import { Random } from '../../random.js';
import { tensor } from '../../tensor/tensor.js';
import { Sequential } from '../../training/sequential.js';
import { type BeamSearchSettings, beamSearch } from '../decoding/beam-search.js';
import { textDecoder } from './text-decoder.js';

const [TOKENS, END] = [4, 3];

function modelOf(seed: number): Sequential {
  const model = new Sequential([
    new Embedding({ inputDim: TOKENS, outputDim: 5, inputShape: [null] }),
    new GRU({ units: 7, stateful: true, returnSequences: true }),
    new Dense({ units: TOKENS }),
  ]);
  randomise(model, new Random(seed), 1.2);
  return model;
}

/** Of all continuations of at most `length` tokens that end with the first END: that of the largest mean of ln P. */
function bestOfAll(model: Sequential, start: number[], length: number): { tokens: number[]; mean: number }[] {
  const found: { tokens: number[]; mean: number }[] = [];
  const follow = (tokens: number[], score: number): void => {
    if (tokens.length === length) return;
    model.resetStates();
    const read = [...start, ...tokens];
    const logits = model.apply(tensor(Int32Array.from(read), [1, read.length])).dataSync();
    const logProbabilities = softmaxRows(logits.slice(-TOKENS), TOKENS).map(Math.log);
    for (let token = 0; token < TOKENS; token++) {
      const next = { tokens: [...tokens, token], score: score + logProbabilities[token] };
      if (token === END) found.push({ tokens: next.tokens, mean: next.score / next.tokens.length });
      else follow(next.tokens, next.score);
    }
  };
  follow([], 0);
  model.resetStates();
  return found.sort((a, b) => b.mean - a.mean);
}

/** The likeliest continuation, as `generate` searches for it. */
async function searched(
  model: Sequential,
  start: readonly number[],
  { length, ...given }: Pick<BeamSearchSettings, 'beams'> & Partial<BeamSearchSettings> & { readonly length: number },
): Promise<readonly number[]> {
  const decoder = await textDecoder(model, Int32Array.from(start), { batchSize: given.beams });
  const [[{ tokens }]] = await beamSearch([{ limit: length }], decoder, {
    begin: start.at(-1)!,
    numComplete: 1,
    lengthPenalty: (numTokens) => numTokens,
    never: new Set(),
    isComplete: (found) => found.at(-1) === END,
    ...given,
  });
  return tokens;
}

describe('a beam search of a language model', () => {
  beforeAll(() => void useBackend('reference'));

  it('gives all memory back when it is ended, or cannot begin', async () => {
    // A backend of its own: on a shared one, variables that earlier tests dropped may be collected meanwhile.
    const backend = useBackend(createReferenceBackend());
    const model = modelOf(1);
    const decode = async (start: number[]): Promise<void> => {
      const decoder = await textDecoder(model, Int32Array.from(start), { batchSize: 3 });
      await decoder.step(Int32Array.of(1));
      decoder.end();
    };
    await decode([1, 2]);
    const { persistentBytes } = backend.memory();
    for (let i = 0; i < 200; i++) {
      await decode([1, 2]);
      await expect(decode([TOKENS, 2])).rejects.toThrow('[OUT_OF_RANGE]');
    }
    expect(backend.memory().persistentBytes).toBe(persistentBytes);
    useBackend('reference');
  });

  it('goes on as long as a continuation can still be better than the best complete one', async () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 7; seed++) {
      const model = modelOf(seed);
      const [best] = bestOfAll(model, [1, 2], 5);
      const found = await searched(model, [1, 2], {
        beams: 3 ** 5,
        length: 5,
      });
      expect(found, `model ${seed}`).toEqual(best.tokens);
      lengths.add(best.tokens.length);
    }
    // Otherwise stopping at the first complete one would do.
    expect(lengths.size).toBeGreaterThan(2);
  });

  it('goes on where a continuation is worse than the best complete one and only later tokens make it better', async () => {
    // A chain of tokens: after 2 the end is likelier than either other token, and after these everything is all but
    // certain.
    const next = [
      [0.001, 0.98, 0.001, 0.018],
      [0.001, 0.001, 0.018, 0.98],
      [0.3, 0.29, 0.01, 0.4],
      [0.25, 0.25, 0.25, 0.25],
    ];
    const model = new Sequential([
      new Embedding({ inputDim: TOKENS, outputDim: TOKENS, inputShape: [null] }),
      new Dense({ units: TOKENS, useBias: false }),
    ]);
    model.apply(tensor(Int32Array.of(0), [1, 1]));
    const [rows, kernel] = model.weights;
    rows.assign(Float64Array.from({ length: TOKENS ** 2 }, (_, i) => Number(i % (TOKENS + 1) === 0)));
    kernel.assign(next.flat().map(Math.log));
    for (const beams of [3, 40]) {
      expect(
        await searched(model, [2], {
          beams,
          length: 6,
        }),
      ).toEqual([0, 1, END]);
    }
  });

  it('never writes a forbidden token, also where it is the likeliest', async () => {
    const model = modelOf(1);
    const [likeliest] = await searched(model, [1], {
      beams: 1,
      length: 1,
      isComplete: () => false,
    });
    const others = await searched(model, [1], {
      beams: 5,
      length: 4,
      never: new Set([likeliest]),
      isComplete: () => false,
    });
    expect(others).toHaveLength(4);
    expect(others).not.toContain(likeliest);
  });
});
