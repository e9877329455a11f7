import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { registerCell } from '../cells/registry.js';
import { Dense } from '../layers/dense.js';
import { LSTM } from '../layers/lstm.js';
import { RNN } from '../layers/rnn.js';
import { TimeDistributed } from '../layers/time-distributed.js';
import { ClassifierTraining } from '../tasks/classify/classifier-training.js';
import { explain } from '../tasks/classify/explanation.js';
import { generate } from '../tasks/generate/generate.js';
import { LanguageModelTraining } from '../tasks/language-model/language-model-training.js';
import { serializeTask, serializeTaskAsync } from '../tasks/task-file.js';
import { checkpoint } from '../tensor/checkpoint.js';
import { registerLayer } from '../training/layer-registry.js';
import { Sequential } from '../training/sequential.js';
import { deserializeModel } from './checkpoint.js';
import { encodeSafetensors } from './safetensors.js';

/** As a program without types gives it. */
const untyped = (value: unknown): never => value as never;

const texts = Array.from({ length: 30 }, (_, i) => `${i % 2 === 0 ? 'good' : 'bad'} film ${i}`);
const { classifier } = new ClassifierTraining(
  { train: { texts, labels: texts.map((text) => text.split(' ')[0]) } },
  { units: 3, embeddingUnits: 2, epochs: 1 },
);
const { languageModel } = new LanguageModelTraining('one two three '.repeat(50), { units: 3, timesteps: 5, epochs: 1 });
const model = new Sequential([new LSTM({ units: 3 }), new Dense({ units: 1 })], { inputShape: [null, 2] });
const stream = model.stream();

describe('a call that is given something else', () => {
  const calls: Record<string, [call: () => unknown, message: string]> = {
    'no cell': [() => new RNN({ cell: untyped(null), units: 3 }), 'RNN: this is no cell'],
    'no cell in a list': [() => new RNN({ cell: ['lstm', untyped(null)], units: 3 }), 'RNN: this is no cell'],
    'a layer as a cell': [() => new RNN({ cell: untyped(LSTM), units: 3 }), 'RNN: this is no cell'],
    'an empty list of cells': [() => new RNN({ cell: [], units: 3 }), 'RNN: this is no cell'],
    'an object to register': [() => registerCell(untyped({})), 'registerCell: this is no cell'],
    'a class without its maker': [
      () => registerLayer('Foo', untyped(undefined)),
      'registerLayer: a name and a function',
    ],
    'a buffer to read': [() => deserializeModel(untyped(new ArrayBuffer(64))), 'these are no bytes'],
    'a text to read': [() => deserializeModel(untyped('abc')), 'these are no bytes'],
    'a model without its task': [() => serializeTask(untyped(model)), 'this is no model of a task'],
    'a model without its task, to wait for': [() => serializeTaskAsync(untyped(model)), 'this is no model of a task'],
    'tensors in an object': [() => encodeSafetensors(untyped({ a: {} })), 'the tensors are no Map'],
    'a class as a layer': [() => new TimeDistributed({ layer: untyped(LSTM) }), 'received: the function or class LSTM'],
    'no language model': [() => generate(untyped(null)), 'this is no language model'],
    'a number to stop at': [() => generate(languageModel, { stop: untyped(5) }), '`stop` is neither a text nor a list'],
    'a number to explain': [() => explain(classifier, untyped(5)), 'this is no text'],
    'nothing that explains': [() => explain(untyped(null), 'good'), 'this is no classifier'],
    'an object as a state': [() => stream.setState(untyped({})), 'the state is no Map'],
    'no inputs of a checkpoint': [
      () =>
        checkpoint(
          untyped(() => 1),
          untyped(undefined),
        ),
      'an operand is not a tensor',
    ],
  };
  it.each(Object.keys(calls))('refuses %s', async (name) => {
    const [call, message] = calls[name];
    const told = await messageAfter(call);
    expect(told).toMatch(/^\[USAGE\]/);
    expect(told).toContain(message);
  });

  it('refuses a step that is none', async () => {
    expect(await messageAfter(() => stream.step(untyped(undefined)))).toMatch(
      /SHAPE_MISMATCH.*[^]*received: undefined/,
    );
  });
});
