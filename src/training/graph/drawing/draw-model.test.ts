import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { messageAfter } from '../../../../test/support/message-after.js';
import { normals } from '../../../../test/support/random.js';
import * as library from '../../../index.js';
import { Random } from '../../../random.js';
import { drawModel } from './draw-model.js';

const { Add, Bidirectional, Concatenate, Conv1D, Dense, Embedding, Functional, GRU, input, LSTM, Masking, Sequential } =
  library;

/** The texts of the drawing, in their order. */
const textsOf = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
const linesOf = (svg: string): string[] =>
  [...svg.matchAll(/<path class="line (\w+)" marker/g)].map(([, kind]) => kind);

it('the drawing in the guide is current; npm run draw writes it', async () => {
  const { drawings } = (await import(new URL('../../../../build/draw-models.js', import.meta.url).href)) as {
    drawings(given: typeof library): Record<string, string>;
  };
  for (const [file, svg] of Object.entries(drawings(library)))
    expect(readFileSync(new URL(`../../../../docs/guide/${file}`, import.meta.url), 'utf8')).toBe(svg);
});

it('shows layers with what they are made of, ends by name, and layers that are applied again', () => {
  const [a, b] = [input({ shape: [null, 5] }), input({ shape: [null, 5] })];
  const encoder = new GRU({ units: 3, name: 'encoder' });
  const both = new Concatenate().apply([encoder.apply(a), encoder.apply(b)]);
  const model = new Functional({
    inputs: { a, b },
    outputs: { size: new Dense({ units: 1 }).apply(both) },
    name: 'pair',
  });
  const svg = drawModel(model);
  expect(drawModel(model)).toBe(svg);
  expect(textsOf(svg)).toEqual([
    'pair (Functional), 97 parameters',
    ...['a', '[any, any, 5]', 'b', '[any, any, 5]'],
    ...['encoder', 'GRU, 3 units', '[any, 3]', '90 parameters'],
    ...['encoder#2', 'GRU, 3 units', '[any, 3]', 'the layer `encoder` again'],
    ...['concatenate', 'Concatenate', '[any, 6]'],
    ...['dense', 'Dense, 1 unit', '[any, 1]', '7 parameters'],
    'size',
    ...['recurrent', 'with weights', 'without weights', 'applied again'],
  ]);
  expect(svg.match(/class="box shared"/g)).toHaveLength(2); // one box, and what it means
});

it('shows masks and states on their lines', () => {
  const [text, target] = [input({ shape: [null] }), input({ shape: [null, 2] })];
  const words = new Embedding({ inputDim: 9, outputDim: 4, maskZero: true }).apply(text);
  const { output, states } = new LSTM({ units: 3, returnState: true, returnSequences: true }).apply(words);
  const decoded = new LSTM({ units: 3 }).apply(target, { initialState: states });
  const svg = drawModel(new Functional({ inputs: [text, target], outputs: [decoded, output] }));
  expect(linesOf(svg)).toEqual(['data', 'masked', 'data', 'state', 'data', 'masked']);
  expect(textsOf(svg)).toContain('hidden, cell');
  expect(textsOf(svg)).toContain('states/0/cell [any, 3]');
  expect(textsOf(svg)).toEqual(expect.arrayContaining(['with a mask', 'states']));
});

it('draws a Sequential as a chain, models and wrappers as boxes, and leaves carried states alone', () => {
  const inner = new Sequential([new Dense({ units: 4 }), new Dense({ units: 2 })], { name: 'inner' });
  const model = new Sequential(
    [
      new Masking(),
      new Bidirectional({ layer: new GRU({ units: 3, returnSequences: true, stateful: true }), mergeMode: 'sum' }),
      inner,
    ],
    { inputShape: [null, 3] },
  );
  model.apply(normals([5, 4, 3], new Random(1)));
  const carried = (): unknown => {
    const layer = (model.layers[1] as library.Bidirectional).forwardLayer;
    return [...layer.carriedStates()].map(([name, state]) => [name, state.shape, [...state.dataSync()]]);
  };
  const before = carried();
  const svg = drawModel(model);
  expect(carried()).toEqual(before);
  expect(before).toHaveLength(1);
  expect(textsOf(svg)).toEqual(
    expect.arrayContaining(['input', 'Bidirectional (GRU, 3 units), sum', 'Sequential, 2 layers', 'a model', 'output']),
  );
  expect(linesOf(svg)).toEqual(['data', 'masked', 'masked', 'masked']);
});

it('escapes what names hold, and clips what is long', () => {
  const name = `<script>alert("&'\u0000\ud800")${'x'.repeat(80)}`.replace('/', '');
  const model = new Sequential([new Dense({ units: 1, name })], { inputShape: [2], name: ']]> & "co"' });
  const svg = drawModel(model);
  expect(svg).not.toMatch(/<script|\u0000|[\ud800-\udfff]/);
  expect(svg).toContain("&lt;script&gt;alert(&quot;&amp;'\ufffd\ufffd&quot;)");
  expect(svg).toContain(']]&gt; &amp; &quot;co&quot;');
  expect(textsOf(svg).find((text) => text.startsWith('&lt;script'))).toMatch(/xxx…$/);
});

it('finds masks of models that need more steps, and says where it cannot', async () => {
  const windows = new Sequential([new Conv1D({ filters: 2, kernelSize: 21 })], { inputShape: [null, 3] });
  expect(drawModel(windows)).not.toContain('masks are not shown');
  const wide = new Sequential([new Conv1D({ filters: 2, kernelSize: 601 })], { inputShape: [null, 3] });
  expect(textsOf(drawModel(wide)).at(-1)).toBe('masks are not shown: the layers do not take a sample of zeros');
  class Written extends library.Model<library.Tensor> {
    dense = new Dense({ units: 1 });
    override call(given: library.Tensor): library.Tensor {
      return this.dense.apply(given);
    }
  }
  expect(await messageAfter(() => drawModel(new Written()))).toMatch(/USAGE.*the model is no graph/);
});

it('says where a layer loses the mask', () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  class Own extends library.Layer {
    override readonly className = 'Own';
    constructor() {
      super('Own', {}, []);
    }
    override build(): void {}
    override call(given: library.Tensor | readonly library.Tensor[]): library.Tensor {
      return library.ops.add(given as library.Tensor, 1);
    }
    override computeOutputShape(shape: library.OpenShape): library.OpenShape {
      return shape;
    }
    override getConfig(): Record<string, library.Json | undefined> {
      return this.baseConfig();
    }
  }
  const x = input({ shape: [null, 3] });
  const masked = new Masking().apply(x);
  const svg = drawModel(new Functional({ inputs: x, outputs: new Add().apply([new Own().apply(masked), masked]) }));
  expect(textsOf(svg)).toContain('loses the mask');
  expect(linesOf(svg)).toEqual(['data', 'masked', 'data', 'masked', 'data']);
});
