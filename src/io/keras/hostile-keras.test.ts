import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Hdf5Object } from '../hdf5/hdf5-file.js';
import { writeHdf5 } from '../hdf5/write-hdf5.js';
import { writeZip } from '../zip/write-zip.js';
import { modelFromKerasConfig } from './keras-config.js';
import { readKeras } from './read-keras.js';
import { numbersIn } from './stored-weights.js';

/** A layer as a file names it. */
type Stored = Readonly<Record<string, unknown>>;

const dense: Stored = { class_name: 'Dense', config: { name: 'dense', units: 2, activation: 'linear' } };
const sequential = (...layers: Stored[]): Stored => ({
  class_name: 'Sequential',
  config: { name: 'model', layers: [{ class_name: 'InputLayer', config: { batch_shape: [null, 3] } }, ...layers] },
});
const weights = writeHdf5(
  {
    members: new Map([
      [
        'layers',
        {
          members: new Map([
            [
              'dense',
              {
                members: new Map([
                  [
                    'vars',
                    {
                      members: new Map([
                        ['0', { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
                        ['1', { shape: [2], data: Float32Array.of(7, 8) }],
                      ]),
                    },
                  ],
                ]),
              },
            ],
          ]),
        },
      ],
    ]),
  },
  'test',
);

async function archive(config: unknown, more: Record<string, Uint8Array> = {}): Promise<Uint8Array> {
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const members = {
    'metadata.json': json({ keras_version: '3.15.1' }),
    'config.json': json(config),
    'model.weights.h5': weights,
    ...more,
  };
  return writeZip(new Map(Object.entries(members)), { where: 'test', compress: true });
}

/** What becomes of a .keras file with such a model, and of the same configuration in an .h5 file. */
async function both(config: unknown): Promise<string[]> {
  const old = { where: 'a.h5', generation: 2 as const, numValues: 1000 };
  return [
    await messageAfter(async () => readKeras(await archive(config), 'a.keras')),
    await messageAfter(() => modelFromKerasConfig(config, old)),
  ];
}

describe('Published attacks on files of Keras are refused', () => {
  it('nothing is refused where there is none', async () => {
    const { model } = await readKeras(await archive(sequential(dense)), 'a.keras');
    expect((await model.weights[0].data())[5]).toBe(6);
  });

  it.each([
    [
      'Lambda with marshalled bytecode (CVE-2024-3660, and in .h5 CVE-2025-9905)',
      {
        class_name: 'Lambda',
        config: {
          name: 'run',
          function: ['4wEAAAAAAAAAAAAAAAEAAAACAAAAQwAAAHMIAAAA', null, null],
          function_type: 'lambda',
        },
      },
    ],
    [
      'Lambda with the serialized form of Keras 3',
      {
        module: 'keras.layers',
        class_name: 'Lambda',
        config: { name: 'run', function: { class_name: '__lambda__', config: { code: '4wEAAAA=' } } },
      },
    ],
    [
      'a module of any name (CVE-2025-1550)',
      { module: 'subprocess', class_name: 'run', config: { name: 'run', args: ['id'] } },
    ],
    [
      'a function of Keras that loads files (CVE-2025-8747)',
      {
        module: 'keras.src.utils.file_utils',
        class_name: 'function',
        config: 'get_file',
      },
    ],
    [
      'a class that turns safe mode off (CVE-2025-9906)',
      {
        module: 'keras.config',
        class_name: 'function',
        config: { name: 'run', fn: 'enable_unsafe_deserialization' },
      },
    ],
    [
      'a class of a user',
      { module: null, class_name: 'Scale', config: { name: 'scale' }, registered_name: 'Custom>Scale' },
    ],
    ['an operation of TensorFlow', { class_name: 'TFOpLambda', config: { name: 'run', function: 'math.add' } }],
  ])('%s', async (_, layer) => {
    for (const message of await both(sequential(layer)))
      expect(message).toMatch(/^\[FILE_FORMAT\] .*(never|no counterpart|not what it should be)/s);
  });

  it('a function in the place of an activation (CVE-2025-1550)', async () => {
    const activation = { module: 'os', class_name: 'function', config: 'system', registered_name: 'function' };
    for (const message of await both(sequential({ class_name: 'Dense', config: { name: 'd', units: 2, activation } })))
      expect(message).toContain('a function that a file names is never looked up or run');
  });

  it('a field that no one knows', async () => {
    const config = { ...(dense.config as object), call_hook: 'os.system' };
    for (const message of await both(sequential({ class_name: 'Dense', config })))
      expect(message).toContain('call_hook');
  });

  it('sizes that the file has no numbers for', async () => {
    const layer = { class_name: 'Dense', config: { name: 'd', units: 2_000_000_000, activation: 'linear' } };
    for (const message of await both(sequential(layer))) expect(message).toContain('[FILE_FORMAT]');
    const rnn = { class_name: 'Embedding', config: { name: 'e', input_dim: 1e9, output_dim: 1e9 } };
    for (const message of await both(sequential(rnn))) expect(message).toContain('[FILE_FORMAT]');
  });

  it('weights that claim more than there is, or more than is unpacked', async () => {
    const stored = (isPacked: boolean, addresses: number[]): Promise<string> =>
      messageAfter(() => {
        const members = addresses.map((address) => ({
          isDataset: true,
          address,
          shape: [1000],
          extent: { sizeBytes: 4000, isPacked },
        }));
        const root = { address: 0, names: Object.keys(members), member: (name: string) => members[Number(name)] };
        return numbersIn(root as unknown as Hdf5Object, 'a.h5', 8500, 9000);
      });
    expect(await stored(false, [1, 2])).toBe('nothing was thrown');
    expect(await stored(false, [1, 2, 2, 2])).toBe('nothing was thrown');
    expect(await stored(false, [1, 2, 3])).toContain('weights lie over each other');
    expect(await stored(true, [1, 2])).toBe('nothing was thrown');
    expect(await stored(true, [1, 2, 3])).toContain('[OUT_OF_MEMORY] a.h5: the weights unpack to more than is read.');
  });

  it('nodes in the wrong order, which are put right', async () => {
    const input = {
      class_name: 'InputLayer',
      name: 'x',
      config: { name: 'x', batch_shape: [null, 3] },
      inbound_nodes: [],
    };
    const names = Array.from({ length: 30 }, (_, i) => `a${i}`);
    const layers = names.map((name, i) => ({
      class_name: 'Activation',
      name,
      config: { name, activation: 'tanh' },
      inbound_nodes: [[[i === 0 ? 'x' : names[i - 1], 0, 0, {}]]],
    }));
    const graph = (list: object[]): unknown => ({
      class_name: 'Functional',
      config: { name: 'm', layers: list, input_layers: [['x', 0, 0]], output_layers: [['a29', 0, 0]] },
    });
    const { model } = modelFromKerasConfig(graph([...[...layers].reverse(), input]), {
      where: 'a.h5',
      generation: 2,
      numValues: 0,
    });
    let expected = 0.5;
    for (let i = 0; i < 30; i++) expected = Math.tanh(expected);
    expect(((await model.predict([[0.5, 0, 0]])) as Tensor).dataSync()[0]).toBeCloseTo(expected, 5);
    const circle = [{ ...layers[0], inbound_nodes: [[['a29', 0, 0, {}]]] }, ...layers.slice(1)];
    for (const message of await both(graph([input, ...circle]))) expect(message).toContain('go in a circle');
  });

  it('models inside each other without an end', async () => {
    let model: Stored = sequential(dense);
    for (let i = 0; i < 60; i++) model = { class_name: 'Sequential', config: { name: `m${i}`, layers: [model] } };
    for (const message of await both(model)) expect(message).toContain('[FILE_FORMAT]');
  });

  it('weights that are no HDF5 file, such as an .npz that declares too much', async () => {
    const config = sequential(dense);
    const read = async (more: Record<string, Uint8Array>): Promise<string> =>
      messageAfter(async () => readKeras(await archive(config, more), 'a.keras'));
    expect(await read({ 'model.weights.h5': Uint8Array.of(0x50, 0x4b, 3, 4) })).toContain('[FILE_FORMAT]');
  });

  it('a path that leads out of the archive', async () => {
    const config = sequential(dense);
    const bytes = await archive(config, { '../../evil.txt': Uint8Array.of(1) });
    // Nothing is ever unpacked to a disk; names that climb are refused all the same, or left alone.
    const message = await messageAfter(async () => readKeras(bytes, 'a.keras'));
    expect(message).toMatch(/FILE_FORMAT|nothing was thrown/);
  });

  it('a decompression bomb', async () => {
    const bytes = await archive(sequential(dense), { 'assets/zeros': new Uint8Array(3_000_000) });
    expect(await messageAfter(() => readKeras(bytes, 'a.keras', { maxBytes: 1_000_000 }))).toContain('OUT_OF_MEMORY');
  });

  it.each([
    ['a link to another file (CVE-2026-1669)', 64],
    ['a link by name', 1],
  ])('%s', async (_, kind) => {
    const bytes = weights.slice();
    // The type of the first link of the group `vars`.
    const at = Buffer.from(bytes).indexOf(Buffer.from([1, 0x11, 1, 1, 0, 0x30]));
    bytes[at + 1] = 0x19;
    bytes.copyWithin(at + 3, at + 2, at + 6);
    bytes[at + 2] = kind;
    const message = await messageAfter(async () =>
      readKeras(await archive(sequential(dense), { 'model.weights.h5': bytes }), 'a.keras'),
    );
    expect(message).toMatch(/a link (to another file|by name)/);
  });

  it('names and classes that no text can be made of', async () => {
    const none = { toString: 1, valueOf: 1 };
    const named = { ...dense, config: { units: 2, name: none } };
    for (const message of await both(sequential(named))) expect(message).toMatch(/^(nothing was thrown$|\[)/);
    for (const layer of [
      { ...dense, module: none },
      { ...dense, registered_name: none },
    ])
      for (const message of await both(sequential(layer))) expect(message).toMatch(/^\[FILE_FORMAT\]/);
    const graph = { class_name: 'Functional', config: { name: none, layers: 3 } };
    for (const message of await both(graph)) expect(message).toMatch(/^\[FILE_FORMAT\]/);
  });

  it('a member whose name is a path', async () => {
    const bytes = writeHdf5({ members: new Map([['a/b', { shape: [1], data: Float32Array.of(1) }]]) }, 'test');
    const message = await messageAfter(async () =>
      readKeras(await archive(sequential(dense), { 'model.weights.h5': bytes }), 'a.keras'),
    );
    expect(message).toMatch(/^\[FILE_FORMAT\].*a member has an impossible name, `a\/b`/s);
  });

  it.each([['values in another file (CVE-2026-1669)', 0x05, 0x07, 'values that lie in another file']])(
    '%s',
    async (_, from, to, what) => {
      const bytes = weights.slice();
      // The message of the fill value becomes that of external files.
      const at = Buffer.from(bytes).indexOf(Buffer.from([from, 0, 8, 0, 0, 0, 0, 0, 2, 1, 2, 0]));
      bytes[at] = to;
      const message = await messageAfter(async () =>
        readKeras(await archive(sequential(dense), { 'model.weights.h5': bytes }), 'a.keras'),
      );
      expect(message).toContain(what);
    },
  );

  it('a virtual dataset (CVE-2026-1669)', async () => {
    const bytes = weights.slice();
    const at = Buffer.from(bytes).indexOf(Buffer.from([0x08, 0, 24, 0, 0, 0, 0, 0, 3, 1]));
    bytes[at + 8] = 4;
    bytes[at + 9] = 3;
    const message = await messageAfter(async () =>
      readKeras(await archive(sequential(dense), { 'model.weights.h5': bytes }), 'a.keras'),
    );
    expect(message).toContain('a virtual dataset');
  });
});
