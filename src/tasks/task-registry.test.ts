import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isCount, isText, objectWith } from '../data/saved-fields.js';
import { serializeModel } from '../io/checkpoint.js';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import { input } from '../layers/symbolic-tensor.js';
import type { Tensor } from '../tensor/tensor.js';
import { Functional } from '../training/graph/functional.js';
import type { Model } from '../training/model.js';
import { Sequential } from '../training/sequential.js';
import type { TaskModel } from './task.js';
import { deserializeTask, serializeTask, taskJson } from './task-file.js';
import { libraryTasks, registerTask, taskNames } from './task-registry.js';
import type { TrainingOutcome } from './training-run.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

/** A task of a user's own: a number in some unit, from three. */
class Gauge implements TaskModel {
  readonly task: string = 'gauge';
  constructor(
    readonly model: Model,
    readonly unit: string,
    readonly options: { readonly digits: number },
    readonly outcome?: TrainingOutcome,
  ) {}
  async predict(row: readonly number[]): Promise<string> {
    const [value] = await ((await this.model.predict([row])) as Tensor).data();
    return `${value.toFixed(this.options.digits)} ${this.unit}`;
  }
  async evaluate(rows: readonly (readonly number[])[]): Promise<{ numRows: number }> {
    return { numRows: rows.length };
  }
  toJSON() {
    return { unit: this.unit };
  }
}
const outcome: TrainingOutcome = { stopReason: 'completed', loss: [2, 1], valLoss: [], bestEpoch: 1 };
const gauge = (model: Model): Gauge => new Gauge(model, 'mm', { digits: 3 }, outcome);
const chain = (): Sequential => new Sequential([new Dense({ units: 1, inputShape: [3] })]);
const graph = (): Functional => {
  const x = input({ shape: [3] });
  return new Functional({ inputs: x, outputs: new Dense({ units: 1 }).apply(x) });
};

describe('a task of a user’s own', () => {
  it('is refused where it does not say what its file holds', () => {
    expect(() => serializeTask({ task: 'classify', model: chain() } as never)).toThrow(/USAGE.*no model of a task/);
  });

  it('is neither written nor read before it is registered', () => {
    expect(() => serializeTask(gauge(chain()))).toThrow(/USAGE[^]*registerTask/);
    expect(() =>
      deserializeTask(serializeModel(chain(), { preprocessing: { task: 'gauge' } }), 'g.safetensors'),
    ).toThrow(/FILE_FORMAT[^]*languageModel, forecast, classify, tag[^]*received: gauge[^]*registerTask/);
  });

  it.each([
    ['a chain', chain],
    ['a graph', graph],
  ])('comes back from its file with %s as its model', async (_, modelOf) => {
    registerTask('gauge', ({ model, saved, outcome }) => {
      const unit = saved.read('unit', 'a text', isText);
      const options = saved.read('options', 'a number of digits', objectWith({ digits: isCount }));
      return new Gauge(model, unit, options, outcome);
    });
    const before = gauge(modelOf());
    const { task } = deserializeTask(serializeTask(before));
    if (!(task instanceof Gauge)) throw new Error(task.task);
    expect(taskJson(task)).toEqual({ task: 'gauge', unit: 'mm', options: { digits: 3 }, outcome });
    expect(await task.predict([1, 0.5, -2])).toBe(await before.predict([1, 0.5, -2]));
    expect(taskNames()).toEqual([...libraryTasks, 'gauge']);
  });

  it('says of a damaged file what is wrong, with its name', () => {
    registerTask('gauge', ({ model, saved }) => new Gauge(model, saved.read('unit', 'a text', isText), { digits: 1 }));
    const file = (preprocessing: object): Uint8Array =>
      serializeModel(chain(), { preprocessing: { task: 'gauge', ...preprocessing } });
    expect(() => deserializeTask(file({ outcome: null, unit: 7 }), 'g.safetensors')).toThrow(
      /FILE_FORMAT\] g.safetensors: the saved field `unit` is damaged/,
    );
    registerTask('gauge', () => {
      throw new TypeError('what was this?');
    });
    expect(() => deserializeTask(file({ outcome: null }), 'g.safetensors')).toThrow(
      /FILE_FORMAT\] g.safetensors[^]*what was this/,
    );
  });
});

describe('registerTask', () => {
  it('refuses the names of the library, and what cannot make a model', () => {
    for (const name of libraryTasks)
      expect(() => registerTask(name, () => gauge(chain()))).toThrow(
        `[USAGE] registerTask: \`${name}\` is a task of the library.`,
      );
    expect(() => registerTask('spelling', undefined as never)).toThrow('[USAGE] registerTask: a name and a function');
    expect(() => registerTask('', () => gauge(chain()))).toThrow('[USAGE] registerTask: a name and a function');
  });
});

it.each(libraryTasks)('%s refuses the file of a graph that no training of it makes', (task) => {
  const preprocessing = { task, outcome: null };
  expect(() => deserializeTask(serializeModel(graph(), { preprocessing }), 'g')).toThrow(
    /FILE_FORMAT\] g: the model is not one of its task[^]*expected: (Sequential|a Functional of)[^]*received: "Functional"/,
  );
});
