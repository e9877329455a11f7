import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostWeights } from '../../test/support/host-weights.js';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import { Sequential } from '../training/sequential.js';
import {
  checkpointFile,
  csvLogger,
  loadModel,
  loadWeightsFile,
  modelCheckpoint,
  saveModel,
  tensorBoard,
} from './model-files.js';

let folder: string;
beforeAll(async () => {
  useBackend('reference');
  folder = await mkdtemp(join(tmpdir(), 'rondo-models-'));
});
afterAll(async () => {
  useBackend('wasm');
  await rm(folder, { recursive: true });
});

const x = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const y = [1, 2, 3];
const compiled = (): Sequential => {
  const model = new Sequential([new Dense({ units: 1, inputShape: [2] })]);
  model.compile({ optimizer: 'adam', loss: 'mse' });
  return model;
};

describe('model files', () => {
  it('are saved and loaded', async () => {
    const path = join(folder, 'model.safetensors');
    const model = compiled();
    await saveModel(model, path, { preprocessing: { scale: 2 } });
    const loaded = await loadModel(path);
    expect(hostWeights(loaded.model)).toEqual(hostWeights(model));
    expect(loaded.preprocessing).toEqual({ scale: 2 });
    const other = compiled();
    await loadWeightsFile(other, path);
    expect(hostWeights(other)).toEqual(hostWeights(model));
  });

  it('stay as they were when saving fails, and leave nothing else behind', async () => {
    const path = join(folder, 'kept.safetensors');
    await writeFile(path, 'old');
    const unbuilt = new Sequential([new Dense({ units: 1 })]);
    await expect(saveModel(unbuilt, path)).rejects.toThrow(/no weights yet/);
    await expect(saveModel(compiled(), join(folder, 'missing', 'a.safetensors'))).rejects.toThrow(/FILE_ACCESS/);
    expect(await readFile(path, 'utf8')).toBe('old');
    await expect(loadModel(path)).rejects.toThrow(
      /kept.safetensors: this is not a safetensors file; it looks like a text file|FILE_FORMAT/,
    );
    await expect(loadModel(join(folder, 'modle.safetensors'))).rejects.toThrow(/did you mean .*model.safetensors/);
    expect((await readdir(folder)).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  it('are written while training: checkpoints, best models, logs, events', async () => {
    const path = (name: string): string => join(folder, name);
    const model = compiled();
    const history = await model.fit(x, y, {
      epochs: 3,
      callbacks: [
        modelCheckpoint((epoch) => path(`epoch-${epoch}.safetensors`), { saveBestOnly: true, monitor: 'loss' }),
        csvLogger(path('log.csv')),
        tensorBoard(path('events')),
      ],
      checkpoint: checkpointFile(path('run.safetensors'), { preprocessing: ['a'] }),
    });
    const files = await readdir(folder);
    expect(files.filter((name) => name.startsWith('epoch-'))).toHaveLength(3);
    expect((await readFile(path('log.csv'), 'utf8')).split('\n')[3]).toBe(`2,${history.metrics.loss[2]}`);
    const [events] = await readdir(path('events'));
    expect(events).toMatch(/^events\.out\.tfevents\.\d+\./);
    const { model: resumed, training, preprocessing } = await loadModel(path('run.safetensors'));
    expect(hostWeights(resumed)).toEqual(hostWeights(model));
    expect(preprocessing).toEqual(['a']);
    expect(training?.values).toMatchObject({ epoch: 3, batch: 0, numSteps: 3, history: { metrics: history.metrics } });
  });
});
