import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { damagedJson } from '../../../test/support/damaged-files.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { registerCell } from '../../cells/registry.js';
import { RondoError } from '../../errors.js';
import { Random } from '../../random.js';
import { tensor } from '../../tensor/tensor.js';
import { deserializeModel, serializeModel } from '../checkpoint.js';
import { brainLSTM } from './brain-lstm.js';
import { type BrainNet, readBrain } from './read-brain.js';

type Values = number | Record<string, number>;
interface Net {
  readonly json: Record<string, unknown>;
  readonly tokens?: number[];
  readonly probabilities?: number[][];
  readonly runs: { text?: string; written?: string; input?: Values[] | Values; output?: Values | number[] }[];
}
const { nets } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/brain/nets.json', import.meta.url), 'utf8'),
) as { nets: Record<string, Net> };
const entries = Object.entries(nets);
const copyOf = (name: string): Record<string, never> => structuredClone(nets[name].json) as Record<string, never>;

/** Numbers of a step in the order of names. */
const flat = (values: Values | number[], names?: readonly string[]): number[] =>
  typeof values === 'number' ? [values] : Array.isArray(values) ? values : names!.map((name) => values[name]);

function expectNear(received: ArrayLike<number>, expected: readonly number[]): void {
  expect(received.length).toBe(expected.length);
  expect(Math.max(...expected.map((value, i) => Math.abs(value - received[i])))).toBeLessThan(1e-5);
}

/** What the model gives for an input of `net.run`. */
async function outputOf({ type, model, inputNames }: BrainNet, input: Values[] | Values): Promise<Float32Array> {
  const steps =
    type === 'NeuralNetwork'
      ? [flat(input as Values, inputNames)]
      : (input as Values[]).map((x) => flat(x, inputNames));
  const shape = type === 'NeuralNetwork' ? [1, steps[0].length] : [1, steps.length, steps[0].length];
  return (await model.predict(tensor(steps.flat(), shape))).dataSync() as Float32Array;
}

describe('a net of brain.js', () => {
  it.each(entries.filter(([, { tokens }]) => tokens))(
    'of texts has its probabilities: %s',
    async (_, { json, tokens, probabilities }) => {
      const { model } = readBrain(json);
      expectNear((await model.predict([tokens!])).dataSync(), probabilities!.flat());
    },
  );

  it.each(entries.filter(([, { tokens, runs }]) => tokens && runs.length > 0))(
    'of texts writes what it writes: %s',
    async (_, { json, runs }) => {
      const { text } = readBrain(JSON.stringify(json));
      for (const { text: given, written } of runs) expect(await text!.run(given)).toBe(written);
      expect(new Set(runs.map(({ written }) => written)).size).toBeGreaterThan(1);
    },
  );

  it.each(entries.filter(([, { tokens }]) => tokens === undefined))(
    'of numbers gives what it gives: %s',
    async (_, { json, runs }) => {
      const net = readBrain(json);
      for (const { input, output } of runs) expectNear(await outputOf(net, input!), flat(output!, net.outputNames));
    },
  );

  it('gives every step where that is asked for, and the last one alone otherwise', async () => {
    const { json, runs } = nets.LSTMTimeStep;
    const [input] = runs as unknown as { input: number[][] }[];
    const all = (
      await readBrain(json, 'net.json', { returnSequences: true }).model.predict([input.input])
    ).array() as number[][][];
    expect(all[0]).toHaveLength(input.input.length);
    expectNear(all[0].at(-1)!, runs[0].output as number[]);
  });

  it('is a model of ours that is saved and loaded, where its cell is registered', async () => {
    const { model } = readBrain(nets.LSTMTimeStep.json);
    registerCell(brainLSTM);
    const { model: again } = deserializeModel(serializeModel(model));
    const x = [nets.LSTMTimeStep.runs[0].input as unknown as number[][]];
    expect((await again.predict(x)).array()).toEqual((await model.predict(x)).array());
  });

  it('encodes texts as its data formatter', () => {
    const { text } = readBrain(nets['text LSTM'].json);
    expect(text!.characters.slice(0, 4)).toEqual(['t', 'h', 'e', ' ']);
    expect(text!.encode('the')).toEqual([1, 2, 3]);
    expect(text!.encode('t§')).toEqual([1, text!.characters.length]);
    const pairs = readBrain(nets['pairs LSTM'].json).text!;
    expect(pairs.encode('go').slice(2)).toEqual([pairs.characters.length - 2, pairs.characters.length - 1]);
  });

  it('ends a text after the length that is given', async () => {
    const { text } = readBrain(nets['text GRU'].json);
    expect(await text!.run('', { maxPredictionLength: 5 })).toHaveLength(5);
    await expect(text!.run('', { maxPredictionLength: -1 })).rejects.toThrow('[OUT_OF_RANGE] BrainText.run');
  });
});

describe('what is no net of brain.js that is read is refused', () => {
  it('by its type', async () => {
    expect(
      await messageAfter(() => readBrain({ ...copyOf('text GRU'), type: 'CrossValidate' }, 'net.json')),
    ).toMatchInlineSnapshot(`
      "[UNKNOWN_NAME] net.json: nets of the type \`CrossValidate\` are not read.
        expected: one of RNN, LSTM, GRU, RNNTimeStep, LSTMTimeStep, GRUTimeStep, NeuralNetwork, NeuralNetworkGPU
        received: \`CrossValidate\`
        fix: train one of these, or write the net as layers."
    `);
    expect(await messageAfter(() => readBrain({ format: 'layers-model' }, 'model.json'))).toMatchInlineSnapshot(`
      "[FILE_FORMAT] model.json: this is no JSON of a brain.js net.
        expected: \`type\`: one of RNN, LSTM, GRU, RNNTimeStep, LSTMTimeStep, GRUTimeStep, NeuralNetwork, NeuralNetworkGPU
        received: undefined
        fix: give what JSON.stringify(net.toJSON()) wrote with brain.js 2.0.0-beta."
    `);
  });

  it.each<[string, (json: Record<string, never>) => void, string, string]>([
    [
      'a matrix that lies about its size',
      (json) => Object.assign(json.output, { rows: 9000 }),
      'text RNN',
      '`output.rows`',
    ],
    [
      'a matrix too small',
      (json) => (json.output as { weights: number[] }).weights.pop(),
      'text RNN',
      '`output.weights`',
    ],
    [
      'rows that the first one alone is as long as',
      (json) => {
        const length = 100_000;
        const [first, ...others] = Array.from({ length }, (): number[] => []);
        const weights = [Object.assign(first, new Array(length).fill(0)), ...others];
        Object.assign(json, { sizes: [length, length], layers: [{}, { weights, biases: [] }] });
      },
      'NeuralNetwork tanh',
      'weights[1]',
    ],
    ['a weight that is no number', (json) => Object.assign(json.input, { weights: [null] }), 'text RNN', 'input.'],
    [
      'layers that do not follow each other',
      (json) => (json.hiddenLayers as unknown[]).reverse(),
      'text LSTM',
      'hiddenLayers[',
    ],
    [
      'another activation',
      (json) => Object.assign(json.trainOpts, { activation: 'softmax' }),
      'NeuralNetwork tanh',
      'has an activation',
    ],
    [
      'a steep slope',
      (json) => Object.assign(json.trainOpts, { leakyReluAlpha: 2 }),
      'NeuralNetwork leaky-relu',
      'slope',
    ],
    [
      'an endless text',
      (json) => Object.assign(json.options, { maxPredictionLength: 1e300 }),
      'text GRU',
      'maxPredictionLength',
    ],
    [
      'a gate that is missing',
      (json) => delete (json.hiddenLayers as Record<string, never>[])[0].resetGateBias,
      'text GRU',
      'resetGateBias',
    ],
  ])('%s', async (_, damage, name, said) => {
    const json = copyOf(name);
    damage(json);
    const message = await messageAfter(() => readBrain(json, 'net.json'));
    expect(message).toMatch(/^\[FILE_FORMAT\] net\.json: /);
    expect(message).toContain(said);
  });

  it.each([null, 5, undefined])('%s', async (given) => {
    expect(await messageAfter(() => readBrain(given))).toContain('[USAGE] readBrain: this is no JSON of a net.');
  });

  it('2,000 damaged nets end in nothing but coded errors', async () => {
    const random = new Random(3, 'damage');
    const made = entries.flatMap(([, { json }]) => [...damagedJson(json, 0.14, random)]).slice(0, 2200);
    expect(made.length).toBeGreaterThan(2000);
    let refused = 0;
    for (const { change, text } of made) {
      try {
        const { model, text: writer } = readBrain(text, 'net.json');
        if (refused % 50 === 0) await writer?.run('t', { maxPredictionLength: 3 });
        model.dispose();
      } catch (error) {
        expect(error, `${change}: ${String(error)}`).toBeInstanceOf(RondoError);
        expect((error as RondoError).code, String(error)).not.toBe('INTERNAL');
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});
