import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals, randomise } from '../../test/support/random.js';
import { type TagScheme, tagConstraints } from '../data/tag-schemes.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { useBackend } from '../kernels/select.js';
import { Random, setSeed } from '../random.js';
import { bestLabels } from '../tensor/chain-decoding.js';
import { chainWeights } from '../tensor/chain-loss.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { crf as crfLoss, lossValue } from '../training/losses/index.js';
import { adam } from '../training/optimizers/index.js';
import { Sequential } from '../training/sequential.js';
import { CRF } from './crf.js';
import { Dense } from './dense.js';
import { Masking } from './masking.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const K = 4;
const random = new Random(31);

function drawn(options?: ConstructorParameters<typeof CRF>[0]): CRF {
  const crf = new CRF(options);
  crf.ensureBuilt([null, null, K]);
  randomise(crf, random, 2);
  return crf;
}

describe('a CRF layer', () => {
  it('decodes each sequence by itself, whatever its padding', () => {
    const crf = drawn();
    const scores = normals([3, 5, K], random, 2);
    const mask = Uint8Array.from([1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    const found = crf.decode({ scores, mask });
    expect(found.map(({ length }) => length)).toEqual([5, 2, 0]);
    const [transitions, start, end] = crf.weights;
    const alone = bestLabels(
      Float64Array.from(scores.dataSync().subarray(5 * K, 7 * K)),
      chainWeights(K, transitions, start, end),
    );
    expect([...found[1]]).toEqual([...alone.labels]);
    const marginals = crf.marginals({ scores, mask });
    expect(marginals.map(({ length }) => length)).toEqual([5 * K, 2 * K, 0]);
    expectClose([marginals[1].slice(0, K).reduce((sum, p) => sum + p, 0)], [1], 1e-12, 'sum');
  });

  it('never breaks its constraints, and training does not need them', () => {
    const tags = ['I-A', 'O', 'B-B', 'B-A'];
    const crf = drawn({ constraints: tagConstraints(tags, 'bio') });
    for (let i = 0; i < 50; i++) {
      const scores = normals([1, 6, K], random, 20);
      const [labels] = crf.decode({ scores });
      labels.forEach((label, t) => tags[label] === 'I-A' && expect(['I-A', 'B-A']).toContain(tags[labels[t - 1]]));
      const output = crf.apply(scores);
      expect(Number.isFinite(lossValue(crfLoss(), tensor([[0, 0, 0, 0, 0, 0]]), output).item())).toBe(true);
    }
  });

  it('trains as the end of a model, and comes back from a file', async () => {
    // The label of a step is that of the step before, plus one: only transitions can tell.
    useBackend('wasm');
    setSeed(3);
    const crf = new CRF();
    const model = new Sequential([new Masking({ inputShape: [null, K] }), new Dense({ units: K }), crf]);
    const [x, y] = [new Float32Array(20 * 6 * K), new Float32Array(20 * 6)];
    for (let b = 0; b < 20; b++) {
      for (let t = 0; t < 6 - (b % 3); t++) {
        y[b * 6 + t] = (b + t) % K;
        x.fill(0.5, (b * 6 + t) * K, (b * 6 + t + 1) * K);
        if (t === 0) x[b * 6 * K + (b % K)] = 3;
      }
    }
    model.compile({ optimizer: adam({ learningRate: 0.05 }), loss: 'crf' });
    const data = { data: x, shape: [20, 6, K] };
    const { metrics } = await model.fit(data, { data: y, shape: [20, 6] }, { epochs: 100, batchSize: 20 });
    expect(metrics.loss.at(-1)).toBeLessThan(0.1);
    const scores = await model.predict(data);
    const { model: loaded } = deserializeModel(serializeModel(model));
    const again = (loaded as Sequential).layers.at(-1) as unknown as CRF;
    const labels = crf.decode({ scores });
    expect(again.decode({ scores: (await loaded.predict(data)) as Tensor })).toEqual(labels);
    expect(loaded.compiledTraining?.config?.loss).toEqual({ name: 'crf', config: {} });
  });

  it('refuses what does not fit', () => {
    expect(messageOf(() => drawn({ constraints: tagConstraints(['O', 'B-A'], 'bio') }))).toMatch(
      /^\[SHAPE_MISMATCH\] CRF: the constraints do not fit the labels/,
    );
    expect(
      messageOf(() =>
        drawn({
          constraints: {
            start: [false, false, false, false],
            end: [true, true, true, true],
            next: Array.from({ length: K }, () => [true, true, true, true]),
          },
        }),
      ),
    ).toMatch(/^\[OUT_OF_RANGE\] CRF: the constraints allow no label at the start/);
    expect(messageOf(() => new CRF().decode({ scores: normals([1, 2, K], random) }))).toMatch(
      /^\[USAGE\] CRF: the layer has no weights yet/,
    );
    expect(messageOf(() => drawn().decode({ scores: normals([1, 2, K], random), mask: new Uint8Array(3) }))).toMatch(
      /^\[SHAPE_MISMATCH\] CRF.decode: `mask`/,
    );
    expect(messageOf(() => drawn().apply(normals([1, 2, 3], random)))).toMatch(/^\[SHAPE_MISMATCH\] CRF/);
    expect(messageOf(() => crfLoss().values(tensor([[0, 1]]), normals([1, 2, K], random)))).toMatch(
      /^\[USAGE\] crf: the predictions do not come from a CRF layer/,
    );
    expect(messageOf(() => crfLoss().values(tensor([[0, 1, 2]]), drawn().apply(normals([1, 2, K], random))))).toMatch(
      /^\[SHAPE_MISMATCH\] crf/,
    );
  });
});

describe.each(['bio', 'iob1', 'iobes', 'bilou'] as const)('the constraints of %s', (scheme: TagScheme) => {
  const tags = {
    bio: ['O', 'B-A', 'I-A', 'B-B', 'I-B'],
    iob1: ['O', 'B-A', 'I-A', 'B-B', 'I-B'],
    iobes: ['O', 'B-A', 'I-A', 'E-A', 'S-A', 'B-B', 'E-B'],
    bilou: ['O', 'B-A', 'I-A', 'L-A', 'U-A', 'B-B', 'L-B'],
  }[scheme];
  /** What the scheme allows, as a pattern of a whole sentence: each span is one of its kind. */
  const span = {
    bio: '(B-A( I-A)*|B-B( I-B)*)',
    iob1: '((B-A|I-A)( I-A)*|(B-B|I-B)( I-B)*)',
    iobes: '(B-A( I-A)* E-A|S-A|B-B E-B)',
    bilou: '(B-A( I-A)* L-A|U-A|B-B L-B)',
  }[scheme];
  const pattern = new RegExp(`^((O|${span})( |$))*$`);
  const isIob1 = (sentence: readonly string[]): boolean =>
    sentence.every((tag, i) => !tag.startsWith('B-') || sentence[i - 1]?.slice(1) === tag.slice(1));

  it('allow exactly its sentences', () => {
    const { start, end, next } = tagConstraints(tags, scheme);
    let sentences: number[][] = [[]];
    for (let length = 1; length <= 4; length++) {
      sentences = sentences.flatMap((sentence) => tags.map((_, label) => [...sentence, label]));
      for (const labels of sentences) {
        const isAllowed =
          start[labels[0]] &&
          end[labels[length - 1]] &&
          labels.every((label, t) => t === 0 || next[labels[t - 1]][label]);
        const words = labels.map((label) => tags[label]);
        const isExpected = scheme === 'iob1' ? isIob1(words) : pattern.test(words.join(' '));
        expect(isAllowed, words.join(' ')).toBe(isExpected);
      }
    }
  });
});
