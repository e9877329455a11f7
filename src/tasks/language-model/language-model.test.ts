import { beforeAll, describe, expect, it } from 'vitest';
import { RNN } from '../../layers/rnn.js';
import { setSeed } from '../../random.js';
import { tensor } from '../../tensor/tensor.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { generate } from '../generate/generate.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import { LanguageModel } from './language-model.js';
import { LanguageModelTraining } from './language-model-training.js';
import { TextReader } from './text-reader.js';

const line = '春眠不覺曉，處處聞啼鳥。the quick brown fox\n';
const text = line.repeat(40);
const options = {
  cell: 'gru',
  units: 24,
  layers: 2,
  dropout: 0.1,
  epochs: 12,
  batchSize: 3,
  timesteps: 13,
  embeddingUnits: 7,
} as const;

async function textOf(model: LanguageModel, settings: Parameters<typeof generate>[1]): Promise<string> {
  let written = '';
  for await (const piece of generate(model, settings)) written += piece;
  return written;
}

describe('a language model with a tied output', () => {
  it('has one table, learns, and is the same after it was saved', async () => {
    setSeed(4);
    const { cell, batchSize, timesteps } = options;
    const training = new LanguageModelTraining(text, { cell, batchSize, timesteps, units: 24, epochs: 12, tied: true });
    const { languageModel } = training;
    const { valLoss, bestEpoch } = await training.train();
    expect(valLoss[bestEpoch]).toBeLessThan(0.5);
    const size = languageModel.codec.size;
    expect(languageModel.model.countParams()).toBe(size * 24 + 3 * 24 * (24 + 24 + 2) + size);
    const restored = deserializeTask(serializeTask(languageModel)).task as LanguageModel;
    expect((await restored.evaluate(line)).loss).toBe((await languageModel.evaluate(line)).loss);
  });

  it('ends in a layer as wide as the embedding, whatever the width of the others', () => {
    const { languageModel } = new LanguageModelTraining(text, { units: 24, layers: 3, embeddingUnits: 7, tied: true });
    const recurrent = languageModel.model.layers.filter((layer) => layer instanceof RNN);
    expect(recurrent.map((layer) => layer.weights[1].shape)).toEqual([
      [24, 96],
      [24, 96],
      [7, 28],
    ]);
  });
});

describe('a text that chooses the best epoch', () => {
  it('may be given, is not learned from, and is known again behind the training text', async () => {
    setSeed(4);
    const validation = 'a text of other words\n'.repeat(6);
    const training = new LanguageModelTraining({ train: line.repeat(4), validation }, { ...options, epochs: 1 });
    const { languageModel } = training;
    expect([training.numTrainingTokens, training.numValidationTokens]).toEqual([line.length * 4, validation.length]);
    await training.train();
    expect((await languageModel.evaluate(line.repeat(4) + validation)).part).toBe('held out');
    expect(() => new LanguageModelTraining({ train: line, validation }, { validation: 0.2 })).toThrow(
      '[USAGE] LanguageModelTraining: a share of validation and a text of validation',
    );
  });
});

describe('a language model', () => {
  let model: LanguageModel;
  beforeAll(async () => {
    setSeed(4);
    const training = new LanguageModelTraining(text, options);
    await training.train();
    model = training.languageModel;
  });

  it('learns a text that repeats itself', () => {
    const { valLoss, bestEpoch } = model.outcome!;
    expect(valLoss[bestEpoch]).toBeLessThan(0.2);
    expect(valLoss[bestEpoch]).toBe(Math.min(...valLoss));
  });

  it('goes on from a prompt of any script', async () => {
    expect(await textOf(model, { prompt: '春眠不', temperature: 0, length: line.length - 3 })).toBe(line.slice(3));
  });

  it('writes with a carried state what it would write after reading everything again', async () => {
    const prompt = model.codec.encode('the quick');
    const read = [...prompt];
    for (let i = 0; i < 15; i++) {
      model.model.resetStates();
      const logits = model.model.apply(tensor(Int32Array.from(read), [1, read.length])).dataSync();
      const last = logits.slice(-model.codec.size);
      last[model.codec.unknownId!] = -Infinity;
      read.push(last.indexOf(Math.max(...last)));
    }
    expect(await textOf(model, { prompt: 'the quick', temperature: 0, length: 15 })).toBe(
      model.codec.decode(read.slice(prompt.length)),
    );
  });

  it('scores a long text as one sequence, whatever pieces it is read in', async () => {
    const long = line.repeat(17).slice(1);
    const tokens = model.codec.encode(long);
    expect(tokens.length).toBeGreaterThan(2 * 256);
    model.model.resetStates();
    const width = model.codec.size;
    const logits = model.model.apply(tensor(tokens.slice(0, -1), [1, tokens.length - 1])).dataSync();
    let sum = 0;
    for (let i = 1; i < tokens.length; i++) {
      const row = Array.from(logits.subarray((i - 1) * width, i * width));
      sum += row[tokens[i]] - Math.log(row.reduce((total, logit) => total + Math.exp(logit), 0));
    }
    const score = await model.evaluate(long);
    expect(score.logLikelihood).toBeCloseTo(sum, 3);
    expect(score.loss).toBeCloseTo(-sum / (tokens.length - 1), 6);
    expect(score.perplexity).toBeCloseTo(Math.exp(score.loss), 9);
    expect(score.part).toBe('all');
  });

  it('scores only the held-out end of the text it was trained on', async () => {
    const score = await model.evaluate(text);
    expect(score.part).toBe('held out');
    expect(score.numTokens).toBe(model.text.numTokens - model.text.numTrainingTokens - 1);
  });

  it('counts what it does not know and never writes it', async () => {
    expect((await model.evaluate('the ΩΩ fox')).numUnknown).toBe(2);
    expect(await textOf(model, { temperature: 5, length: 300, seed: 1 })).not.toContain('\ufffd');
  });

  it('writes the same with the same seed, and ends before a stop', async () => {
    const daring = { temperature: 3, length: 40 };
    const first = await textOf(model, { ...daring, seed: 8 });
    expect(await textOf(model, { ...daring, seed: 8 })).toBe(first);
    expect(await textOf(model, { ...daring, seed: 9 })).not.toBe(first);
    expect(await textOf(model, { prompt: '春', temperature: 0, stop: 'the quick' })).toBe(
      line.slice(1, line.indexOf('the')),
    );
  });

  it('is the same after a file', async () => {
    const { task, training } = deserializeTask(serializeTask(model));
    expect(training).toBeUndefined();
    if (!(task instanceof LanguageModel)) throw new Error(task.task);
    expect(await task.evaluate(line)).toEqual(await model.evaluate(line));
    expect(await textOf(task, { seed: 2, length: 30 })).toBe(await textOf(model, { seed: 2, length: 30 }));
    expect(task.options).toEqual(model.options);
    expect(task.outcome).toEqual(model.outcome);
  });

  it('gives the likeliest next tokens with probabilities that sum to 1', async () => {
    const next = await model.predict('春眠', { count: model.codec.size });
    expect(next[0].token).toBe('不');
    expect(next.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
  });

  it('writes several texts by turns', async () => {
    const settings = { length: 9, seed: 3 };
    const alone = await textOf(model, settings);
    const first = generate(model, settings);
    let written = '';
    for await (const piece of first) {
      written += piece;
      await generate(model, { length: 2 }).next();
      await model.predict('quick');
    }
    expect(written).toBe(alone);
  });

  it('refuses to mix two texts in one state', async () => {
    const tokens = model.codec.encode(line.repeat(30));
    const first = new TextReader(model.model).logits(tokens);
    await first.next();
    await model.predict('quick');
    await expect(first.next()).rejects.toThrow('[USAGE] TextReader');
  });
});

describe('training a language model', () => {
  it('ends with the same bits when it was interrupted within an epoch and resumed', async () => {
    setSeed(11);
    const whole = new LanguageModelTraining(text, { ...options, epochs: 3 });
    await whole.train();

    setSeed(11);
    const first = new LanguageModelTraining(text, { ...options, epochs: 3 });
    const controller = new AbortController();
    let saved: Uint8Array | undefined;
    let numSteps = 0;
    const stopAt = first.numBatches + 5;
    const stopper = { name: 'stopper', onBatchEnd: () => void (++numSteps === stopAt && controller.abort()) };
    const save = (snapshot: TrainingSnapshot): void => void (saved = serializeTask(first.languageModel, snapshot));
    const stopped = await first.train({ signal: controller.signal, callbacks: [stopper], checkpoint: { save } });
    expect(stopped.stopReason).toBe('aborted');

    setSeed(99);
    const { task, training } = deserializeTask(saved!);
    if (!(task instanceof LanguageModel)) throw new Error(task.task);
    const second = new LanguageModelTraining(text, {}, task);
    await second.train({ resumeFrom: training, callbacks: [{ name: 'stopper' }] });
    expect(
      Buffer.from(serializeTask(second.languageModel)).equals(Buffer.from(serializeTask(whole.languageModel))),
    ).toBe(true);
    expect(() => new LanguageModelTraining(`${text}!`, {}, task)).toThrow('not the text of the interrupted training');
  });

  it('reads the text from its beginning in each epoch', async () => {
    const training = new LanguageModelTraining(text, { ...options, epochs: 3 });
    const numCarried: number[] = [];
    const count = (): number =>
      training.languageModel.model.layers.reduce(
        (sum, layer) =>
          sum +
          [...layer.sublayers.values(), layer].reduce((own, inside) => own + [...inside.carriedStates()].length, 0),
        0,
      );
    await training.train({
      callbacks: [
        {
          onEpochBegin: () => void numCarried.push(count()),
          onBatchEnd: ({ batch }) => void (batch === 0 && numCarried.push(count())),
        },
      ],
    });
    expect(numCarried).toEqual([0, 2, 0, 2, 0, 2]);
    expect(count()).toBe(0);
  });

  it('learns words, with the rare ones as one unknown token', async () => {
    setSeed(2);
    const training = new LanguageModelTraining('The cat sat.\nThe dog ran!\n'.repeat(60), {
      level: 'words',
      lower: true,
      maxTokens: 6,
      units: 16,
      epochs: 15,
      batchSize: 4,
      timesteps: 9,
    });
    expect(training.languageModel.codec.size).toBe(6);
    await training.train();
    const { loss, bitsPerCharacter, numTokens } = await training.languageModel.evaluate('The cat sat.\nThe dog ran!\n');
    expect(loss).toBeLessThan(1);
    expect(bitsPerCharacter).toBeCloseTo(((loss / Math.LN2) * (numTokens + 1)) / 26, 9);
  });

  it('refuses what it cannot do before computing', () => {
    expect(() => new LanguageModelTraining('a')).toThrow('[OUT_OF_RANGE]');
    expect(() => new LanguageModelTraining(' \n\u3000\n'.repeat(99))).toThrow(
      '[DATA_FORMAT] LanguageModelTraining: the text holds nothing but white space.',
    );
    expect(() => new LanguageModelTraining(text, { documents: 'lines' as 'line' })).toThrow('did you mean `line`');
    expect(() => new LanguageModelTraining(text, { cell: 'lsmt' as 'lstm' })).toThrow('did you mean `lstm`');
    expect(() => new LanguageModelTraining(text, { unit: 3 } as object)).toThrow('did you mean `units`');
    expect(() => new LanguageModelTraining(text, { dropout: 1 })).toThrow('[OUT_OF_RANGE]');
    expect(() => new LanguageModelTraining(text, { validation: 0 })).toThrow('[OUT_OF_RANGE]');
  });
});
