import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import {
  bytesField,
  integerField,
  onnxBytes,
  textField,
  type WrittenGraph,
  type WrittenNode,
  type WrittenTensor,
} from '../../../test/support/onnx-writer.js';
import { RondoError } from '../../errors.js';
import { Random } from '../../random.js';
import { sizeOf } from '../../shape.js';
import { zeros } from '../../tensor/constants.js';
import { GraphRun } from './graph-run.js';
import { RunBudget } from './iterations.js';
import { loadOnnx } from './load-onnx.js';
import { readOnnxFile } from './onnx-file.js';
import { type OnnxModel, readOnnx } from './onnx-model.js';

const models = ['runtime.json', 'operators.json', 'models.json'].flatMap((name) => {
  const file = new URL(`../../../test/vectors/onnx-files/${name}`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Record<string, { model: string }> };
  return Object.values(cases).map(({ model }) => Uint8Array.from(Buffer.from(model, 'base64')));
});

/** With zeros, of sizes that may not fit. */
function run(model: OnnxModel): void {
  const sizes = (shape: readonly unknown[] | undefined): number[] =>
    (shape ?? []).slice(0, 4).map((axis) => (typeof axis === 'number' ? Math.min(axis, 5) : 2));
  model.apply(Object.fromEntries(model.inputs.map(({ name, shape }) => [name, zeros(sizes(shape))])));
}

describe('damaged ONNX files', () => {
  const random = new Random(7);
  /** Some bytes changed, most of them where the graph stands, before the weights; some files are cut short. */
  const mutant = (i: number): Uint8Array => {
    const bytes = models[i % models.length].slice(0, i % 5 === 0 ? random.integer(2000) : undefined);
    for (let flips = 1 + random.integer(3); flips > 0; flips--)
      bytes[random.integer(i % 2 ? bytes.length : 200)] = random.integer(256);
    return bytes;
  };

  it.each<[number, string, (bytes: Uint8Array) => void]>([
    [2500, 'read', (bytes) => void readOnnxFile(bytes, 'damaged.onnx')],
    [150, 'run', (bytes) => run(readOnnx(bytes, 'damaged.onnx'))],
  ])('of %i that are %s none ends in anything but a coded error', (count, _, work) => {
    let numRefused = 0;
    for (let i = 0; i < count; i++) {
      try {
        work(mutant(i));
      } catch (error) {
        expect(error, `mutant ${i}: ${String(error)}`).toBeInstanceOf(RondoError);
        expect((error as RondoError).code, String(error)).not.toBe('INTERNAL');
        numRefused++;
      }
    }
    expect(numRefused).toBeGreaterThan(count / 4);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /not an ONNX model; it looks like an empty file/],
    ['a web page', new TextEncoder().encode('<!doctype html><p>404'), /it looks like a web page/],
    ['another message', integerField(1, 8), /not an ONNX model/],
    ['a number that does not end', Uint8Array.of(8, ...new Array<number>(12).fill(255)), /a number does not end/],
    [
      'a message longer than the file',
      Uint8Array.of(8, 8, 0x3a, 0xff, 0xff, 0x7f),
      /goes on after the end of its message/,
    ],
    ['a length with a sign', Uint8Array.of(0x3a, ...new Array<number>(9).fill(0xff), 1), /impossible length/],
    ['graphs inside of graphs', bytesField(7, nested(40)), /too deep inside of each other/],
    [
      'a shape of more numbers than there are',
      bytesField(7, bytesField(5, concat([integerField(1, 2 ** 20), integerField(1, 2 ** 20), integerField(2, 1)]))),
      /impossible shape/,
    ],
    [
      'a shape that the data do not fill',
      bytesField(7, bytesField(5, concat([integerField(1, 1000), integerField(2, 1), bytesField(9, [0, 0, 0, 0])]))),
      /wrong number of bytes/,
    ],
    ['data in another file', external('weights.data'), /has its data in another file/],
    ...['../weights.data', '/etc/passwd', 'a/../../b', 'C:weights', 'a\\b', '', './a', 'a//b', 'a\0'].map(
      (location): [string, Uint8Array, RegExp] => [
        `data at ${JSON.stringify(location)}`,
        external(location),
        /not below the folder of the model/,
      ],
    ),
    ['data from an impossible byte on', external('weights.data', '-4'), /the offset of a tensor .* is impossible/],
  ])('%s is refused', async (_, bytes, expected) => {
    expect(await messageAfter(() => readOnnx(bytes, 'damaged.onnx'))).toMatch(expected);
  });

  const input = { name: 'x', shape: [2] };
  const graph = (nodes: WrittenGraph['nodes'], outputs = [{ name: 'y', shape: [2] }]): Uint8Array =>
    onnxBytes({ nodes, inputs: [input], outputs });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'an operator that is not run',
      graph([{ operator: 'NonMaxSuppression', name: 'boxes', inputs: ['x'], outputs: ['y'] }]),
      /NonMaxSuppression `boxes`: the operator NonMaxSuppression is not run/,
    ],
    [
      'one of another domain',
      graph([{ operator: 'Identity', domain: 'com.example', inputs: ['x'], outputs: ['y'] }]),
      /the operator com.example.Identity is not run/,
    ],
    [
      'an attribute that is not read',
      graph([{ operator: 'Identity', inputs: ['x'], outputs: ['y'], attributes: { axis: 1 } }]),
      /Identity `y`: an attribute is not read/,
    ],
    [
      'a name that nothing gives',
      graph([{ operator: 'Identity', inputs: ['z'], outputs: ['y'] }]),
      /reads `z`, which nothing before it gives/,
    ],
    ['an output that nothing gives', graph([]), /nothing in the graph gives the output `y`/],
    [
      'a name given twice',
      graph([
        { operator: 'Identity', inputs: ['x'], outputs: ['y'] },
        { operator: 'Identity', inputs: ['x'], outputs: ['y'] },
      ]),
      /`y` is given twice/,
    ],
    [
      'an unknown activation',
      graph([
        {
          operator: 'RNN',
          name: 'net',
          inputs: ['x', 'x', 'x'],
          outputs: ['y'],
          attributes: { hidden_size: 2, activations: ['Sine'] },
        },
      ]),
      /RNN `net`: an activation is not known/,
    ],
    [
      'operators of an old version',
      onnxBytes({ nodes: [], inputs: [], outputs: [] }, 5),
      /FILE_VERSION.*old operators/,
    ],
  ])('%s is refused, by its node', async (_, bytes, expected) => {
    expect(await messageAfter(() => readOnnx(bytes, 'model.onnx'))).toMatch(expected);
  });
});

describe('weights in other files', () => {
  const files: Record<string, Uint8Array> = {
    'weights/1.data': Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64),
  };
  const read = (bytes: Uint8Array) =>
    readOnnx(bytes, { where: 'model.onnx', external: async (path) => files[path] ?? new Uint8Array(3) });

  it('are read at their places', async () => {
    const model = await read(external('weights/1.data', '4'));
    expect(model.apply({}).W.array()).toEqual([2, 3]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a file that is too short', external('short'), /FILE_FORMAT\] model.onnx, short: the file is too short/],
    ['an offset behind the end', external('weights/1.data', '100'), /too short/],
    ['a length that is not that of the tensor', external('weights/1.data', '0', '12'), /wrong number of bytes/],
    ['a place outside', external('../1.data'), /not below the folder/],
  ])('are refused with %s', async (_, bytes, expected) => {
    expect(await messageAfter(() => read(bytes))).toMatch(expected);
  });

  it('are not shown again and again', async () => {
    const place = (count: number): Uint8Array =>
      concat(Array.from({ length: count }, (_, i) => externalTensor('w.bin', '0', '8', i === 0 ? 'W' : `W${i}`)));
    const read = (count: number): Promise<string> =>
      messageAfter(() => readOnnx(graphOf(place(count)), { where: 'a.onnx', external: async () => new Uint8Array(8) }));
    expect(await read(4)).toBe('nothing was thrown');
    expect(await read(5)).toContain('tensors show the bytes of other files again and again');
  });

  it('are read from a folder by loadOnnx, and not through a link that leads out of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'onnx-'));
    try {
      await mkdir(join(folder, 'models'));
      const path = join(folder, 'models', 'model.onnx');
      await writeFile(path, external('1.data', '4'));
      await writeFile(join(folder, 'outside.data'), files['weights/1.data']);
      expect(await messageAfter(() => loadOnnx(path))).toMatch(/FILE_ACCESS/);
      await symlink('../outside.data', join(folder, 'models', '1.data'));
      expect(await messageAfter(() => loadOnnx(path))).toMatch(/names a file outside of its folder/);
      await rm(join(folder, 'models', '1.data'));
      await writeFile(join(folder, 'models', '1.data'), files['weights/1.data']);
      expect((await loadOnnx(path)).apply({}).W.array()).toEqual([2, 3]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('graphs that ask for more than there can be', () => {
  const far = 2 ** 40;
  const empty: WrittenTensor = { shape: [0, 2], data: [] };
  const wholes = (...data: number[]): WrittenTensor => ({ type: 'int64', shape: [data.length], data });
  const graph = (node: WrittenNode, constants: Record<string, WrittenTensor>): Uint8Array =>
    onnxBytes({ nodes: [node], constants, inputs: [], outputs: [{ name: 'y', shape: [1] }] });
  const pool = (operator: string): Uint8Array =>
    graph(
      { operator, inputs: ['x'], outputs: ['y'], attributes: { kernel_shape: [1], pads: [far, 0] } },
      { x: { shape: [1, 1, 2], data: [1, 2] } },
    );

  it.each<[string, Uint8Array, RegExp]>([
    ['windows', pool('AveragePool'), /OUT_OF_MEMORY.*AveragePool `y`/],
    ['windows of the largest', pool('MaxPool'), /OUT_OF_MEMORY.*MaxPool `y`/],
    [
      'places beside an axis of none',
      graph({ operator: 'Pad', inputs: ['x', 'p'], outputs: ['y'] }, { x: empty, p: wholes(0, far, 0, 0) }),
      /OUT_OF_MEMORY.*Pad `y`/,
    ],
    [
      'an axis of a tensor without numbers',
      graph({ operator: 'Identity', inputs: ['x'], outputs: ['y'] }, { x: { shape: [far, 0], data: [] } }),
      /the tensor `x` has an impossible shape/,
    ],
  ])('are refused: %s', async (_, bytes, expected) => {
    expect(await messageAfter(() => readOnnx(bytes, 'large.onnx'))).toMatch(expected);
  });

  it('compute so many constants while they are read, and what follows when they run', () => {
    const fill = (y: string): WrittenNode => ({
      operator: 'ConstantOfShape',
      inputs: ['p'],
      outputs: [y],
      attributes: { value: { tensor: { ...wholes(3), shape: [1] } } },
    });
    const bytes = onnxBytes({
      nodes: [fill('a'), fill('b'), { operator: 'ReduceMax', inputs: ['b'], outputs: ['y'] }],
      constants: { p: wholes(2 ** 25) },
      inputs: [],
      outputs: [{ name: 'y', type: 'int64', shape: [1] }],
    });
    expect(new GraphRun(readOnnxFile(bytes, 'large.onnx').graph).numSteps).toBe(2);
  });
});

describe('what a run of a graph costs', () => {
  const numbers = (shape: number[]): WrittenTensor => ({
    shape,
    data: Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i)),
  });
  /** Of one node that reads `x` and constants. */
  const spent = (node: Omit<WrittenNode, 'inputs' | 'outputs'>, x: number[], ...constants: number[][]): number => {
    const names = constants.map((_, i) => `c${i}`);
    const bytes = onnxBytes({
      nodes: [{ ...node, inputs: ['x', ...names], outputs: ['y'] }],
      constants: Object.fromEntries(constants.map((shape, i) => [names[i], numbers(shape)])),
      inputs: [{ name: 'x', shape: x }],
      outputs: [{ name: 'y', shape: [] }],
    });
    const budget = new RunBudget();
    new GraphRun(readOnnxFile(bytes, 'work.onnx').graph).run(new Map([['x', zeros(x)]]), undefined, budget);
    return budget.spent;
  };

  it.each<[string, number, () => number]>([
    ['a product', 3 * 5 * 7, () => spent({ operator: 'MatMul' }, [3, 5], [5, 7])],
    ['products of several matrices', 2 * 3 * 5 * 7, () => spent({ operator: 'MatMul' }, [2, 3, 5], [2, 5, 7])],
    ['Gemm', 3 * 5 * 7, () => spent({ operator: 'Gemm' }, [3, 5], [5, 7])],
    ['windows with filters', 2 * 5 * 4 * (3 * 3), () => spent({ operator: 'Conv' }, [2, 3, 7], [4, 3, 3])],
    ['filters turned round', 2 * 9 * 4 * 3, () => spent({ operator: 'ConvTranspose' }, [2, 3, 7], [3, 4, 3])],
    [
      'sums over axes',
      3 * 5 * 7,
      () => spent({ operator: 'Einsum', attributes: { equation: 'ij,jk->' } }, [3, 5], [5, 7]),
    ],
    [
      'the largest of windows',
      2 * 3 * 5 * 3,
      () => spent({ operator: 'MaxPool', attributes: { kernel_shape: [3] } }, [2, 3, 7]),
    ],
    ['attention', 2 * 3 * 5 * 4 * 7, () => spent({ operator: 'Attention' }, [1, 3, 5, 4], [1, 3, 7, 4], [1, 3, 7, 4])],
    [
      'a recurrent node',
      6 * 2 * 3 * (4 + 3),
      () => spent({ operator: 'RNN', attributes: { hidden_size: 3 } }, [6, 2, 4], [1, 3, 4], [1, 3, 3]),
    ],
  ])('is counted: %s', (_, products, work) => {
    const count = work();
    expect(count).toBeGreaterThanOrEqual(products);
    expect(count).toBeLessThan(2 * products + 500);
  });

  it('ends a run that goes on', async () => {
    const bytes = onnxBytes({
      nodes: [{ operator: 'MatMul', name: 'm', inputs: ['x', 'c'], outputs: ['y'] }],
      constants: { c: numbers([5, 7]) },
      inputs: [{ name: 'x', shape: [3, 5] }],
      outputs: [{ name: 'y', shape: [] }],
    });
    const graph = new GraphRun(readOnnxFile(bytes, 'work.onnx').graph);
    const given = new Map([['x', zeros([3, 5])]]);
    expect(await messageAfter(() => graph.run(given, undefined, new RunBudget(100)))).toMatchInlineSnapshot(`
      "[OUT_OF_RANGE] work.onnx, MatMul \`m\`: the graph computes too much.
        expected: at most 100 products and numbers in one run
        received: more
        fix: export the model again, or without this node."
    `);
  });

  it('is no part of reading a file, but for a little', () => {
    const bytes = onnxBytes({
      nodes: [
        { operator: 'ConstantOfShape', inputs: ['sizes'], outputs: ['c'] },
        { operator: 'MatMul', inputs: ['c', 'c'], outputs: ['y'] },
      ],
      constants: { sizes: { type: 'int64', shape: [2], data: [2 ** 10, 2 ** 10] } },
      inputs: [],
      outputs: [{ name: 'y', shape: [1] }],
    });
    expect(new GraphRun(readOnnxFile(bytes, 'large.onnx').graph).numSteps).toBe(1);
  });
});

it('a constant of the batch of a trace is said to be one', async () => {
  const bytes = onnxBytes({
    nodes: [{ operator: 'Concat', name: 'join', inputs: ['x', 'first'], outputs: ['y'], attributes: { axis: 1 } }],
    constants: { first: { shape: [2, 1], data: [1, 2] } },
    inputs: [{ name: 'x', shape: ['n', 3] }],
    outputs: [{ name: 'y', shape: ['n', 4] }],
  });
  const model = readOnnx(bytes, 'traced.onnx');
  expect(model.apply({ x: zeros([2, 3]) }).y.shape).toEqual([2, 4]);
  const message = await messageAfter(() => model.apply({ x: zeros([5, 3]) }));
  expect(message).toContain('Concat `join`: the inputs do not fit together.');
  expect(message).toContain(
    'fix: `first` is a constant of the file, in which the batch or the length of the example may be',
  );
});

describe('loops of ONNX files', () => {
  const flag = { type: 'bool', shape: [] } as const;
  const body = (nodes: WrittenGraph['nodes'], outputs: readonly string[], inputs: readonly string[]): WrittenGraph => ({
    nodes,
    inputs: inputs.map((name, i) => ({ name, shape: [], ...(i === 1 && flag) })),
    outputs: outputs.map((name) => ({ name, shape: [] })),
  });
  const loop = (graph: WrittenGraph, outputs = ['last'], rounds = 2 ** 50): Uint8Array =>
    onnxBytes({
      nodes: [
        { operator: 'Loop', name: 'rounds', inputs: ['most', '', 'x'], outputs, attributes: { body: { graph } } },
      ],
      constants: {
        most: { type: 'int64', shape: [], data: [rounds] },
        times: { type: 'int64', shape: [1], data: [2 ** 10] },
      },
      inputs: [{ name: 'x', shape: ['n'] }],
      outputs: outputs.map((name) => ({ name, shape: ['n'] })),
    });
  const same: WrittenGraph['nodes'] = [{ operator: 'Identity', inputs: ['on'], outputs: ['stays'] }];
  const twice: WrittenGraph['nodes'] = [...same, { operator: 'Tile', inputs: ['before', 'times'], outputs: ['after'] }];

  const branch: WrittenGraph = {
    nodes: Array.from({ length: 70 }, (_, i) => ({
      operator: 'Identity',
      inputs: [i === 0 ? 'before' : `step${i}`],
      outputs: [`step${i + 1}`],
    })),
    inputs: [],
    outputs: [{ name: 'step70', shape: [] }],
  };
  const either: WrittenGraph['nodes'][number] = {
    operator: 'If',
    inputs: ['on'],
    outputs: ['after'],
    attributes: { then_branch: { graph: branch }, else_branch: { graph: branch } },
  };

  it.each<[string, Uint8Array, RegExp]>([
    [
      'runs many nodes of a branch',
      loop(body([...same, either], ['stays', 'after'], ['i', 'on', 'before']), ['last'], 60_000),
      /OUT_OF_RANGE.*the loop/,
    ],
    [
      'goes on for ever',
      loop(body(same, ['stays', 'before'], ['i', 'on', 'before'])),
      /OUT_OF_RANGE.*`rounds`: the loop/,
    ],
    ['grows without end', loop(body(twice, ['stays', 'after'], ['i', 'on', 'before'])), /OUT_OF_MEMORY/],
    [
      'collects what changes its shape',
      loop(body(twice, ['stays', 'after', 'after'], ['i', 'on', 'before']), ['last', 'all'], 3),
      /what it collects changes its shape/,
    ],
    [
      'has a graph that does not fit',
      loop(body(same, ['stays'], ['i', 'on', 'before'])),
      /graph inside of it does not fit/,
    ],
    ['reads what nothing gives', loop(body(same, ['stays', 'y'], ['i', 'on', 'before'])), /gives `y`, which nothing/],
  ])('one that %s is refused', async (_, bytes, expected) => {
    const some = zeros([4]);
    expect(await messageAfter(() => readOnnx(bytes, 'loop.onnx').apply({ x: some }))).toMatch(expected);
  });
});

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A model with a tensor of two floats whose data are in another file. */
function external(location: string, offset = '0', length = '8'): Uint8Array {
  return graphOf(externalTensor(location, offset, length));
}

function externalTensor(location: string, offset = '0', length = '8', name = 'W'): Uint8Array {
  const entries = Object.entries({ location, offset, length }).map(([key, value]) =>
    bytesField(13, concat([textField(1, key), textField(2, value)])),
  );
  return bytesField(5, concat([integerField(1, 2), integerField(2, 1), textField(8, name), ...entries]));
}

/** A model of such tensors, which gives the first. */
function graphOf(tensors: Uint8Array, name = 'W'): Uint8Array {
  const output = concat([textField(1, name), bytesField(2, bytesField(1, integerField(1, 1)))]);
  return bytesField(7, concat([tensors, bytesField(12, output)]));
}

/** A graph in an attribute of a node of a graph, and so on. */
function nested(depth: number): Uint8Array {
  if (depth === 0) return new Uint8Array(0);
  const attribute = concat([textField(1, 'body'), bytesField(6, nested(depth - 1)), integerField(20, 5)]);
  return bytesField(1, bytesField(5, attribute));
}
