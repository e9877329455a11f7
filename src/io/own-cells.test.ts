import { describe, expect, it } from 'vitest';
import type { Cell } from '../cells/cell.js';
import { defineCell } from '../cells/define-cell.js';
import { registerCell } from '../cells/registry.js';
import { add, mul, sigmoid, tanh } from '../expression/build.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { Dense } from '../layers/dense.js';
import { RNN } from '../layers/rnn.js';
import { Sequential } from '../training/sequential.js';
import { deserializeModel, serializeModel } from './checkpoint.js';
import { metadataKey } from './checkpoint-metadata.js';
import { checksumKey } from './file-checksum.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

const leaky = (name: string, keep: number): Cell =>
  defineCell({
    name,
    gates: ['candidate'],
    states: ['hidden'],
    step: ({ gates, states }) => ({ hidden: add(mul(keep, states.hidden), tanh(gates.candidate)) }),
  });

const modelOf = (cell: Cell): Sequential =>
  new Sequential(
    [
      new Bidirectional({ layer: new RNN({ cell, units: 3, returnSequences: true }) }),
      new RNN({ cell: [cell, 'gru'], units: [5, 2] }),
      new Dense({ units: 1 }),
    ],
    { inputShape: [null, 2] },
  );

const x = [
  [
    [0.1, 0.5],
    [0.3, -1],
    [2, 0.25],
  ],
];

describe('a model with a cell of the user’s own', () => {
  it('comes back where the cell is registered, also when its equations are written in another order', async () => {
    const model = modelOf(leaky('leakyCell', 0.7));
    const bytes = serializeModel(model);
    expect(() => deserializeModel(bytes)).toThrow(
      /^\[UNKNOWN_NAME\] RNN: unknown cell `leakyCell`[\s\S]*registerCell\(leakyCell\), with what defineCell gave/,
    );
    registerCell(
      defineCell({
        name: 'leakyCell',
        gates: ['candidate'],
        states: ['hidden'],
        step: ({ gates, states }) => ({ hidden: add(tanh(gates.candidate), mul(states.hidden, 0.7)) }),
      }),
    );
    expect((await deserializeModel(bytes).model.predict(x)).array()).toEqual((await model.predict(x)).array());
  });

  it('is refused where other equations are registered under its name', () => {
    const bytes = serializeModel(modelOf(leaky('forgetful', 0.7)));
    registerCell(leaky('forgetful', 0.6));
    expect(() => deserializeModel(bytes)).toThrow(
      new RegExp(
        String.raw`^\[FILE_FORMAT\] RNN: the cell that is known as \`forgetful\` has other equations[\s\S]*` +
          String.raw`expected: .*fingerprint [0-9a-f]{8}\n.*received: .*fingerprint [0-9a-f]{8}\n.*registerCell\(forgetful\)`,
      ),
    );
  });

  it('is refused under the name of a cell of the library, before anything is trained', () => {
    const own = defineCell({
      name: 'simple',
      gates: ['candidate'],
      states: ['hidden'],
      step: ({ gates }) => ({ hidden: sigmoid(gates.candidate) }),
    });
    expect(() => modelOf(own)).toThrow(
      /^\[USAGE\] RNN: `simple` is a cell of the library[\s\S]*fix: give the cell another name/,
    );
  });

  it('of an earlier version comes back without a fingerprint', async () => {
    const model = modelOf(leaky('early', 0.4));
    registerCell(leaky('early', 0.4));
    const { tensors, metadata } = decodeSafetensors(serializeModel(model), 'file');
    const { [checksumKey]: _, ...others } = metadata;
    const text = metadata[metadataKey].replaceAll(/,"cellEquations":\{[^}]*\}/g, '');
    expect(text).not.toContain('cellEquations');
    expect(text.length).toBeLessThan(metadata[metadataKey].length);
    const bytes = encodeSafetensors(
      new Map(
        [...tensors].map(([name, { shape, data }]) => [name, { dtype: 'F32', shape, data: data as Float32Array }]),
      ),
      { ...others, [metadataKey]: text },
    );
    expect((await deserializeModel(bytes).model.predict(x)).array()).toEqual((await model.predict(x)).array());
  });
});
