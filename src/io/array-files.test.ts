import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { tensor } from '../tensor/tensor.js';
import { readArrays, writeArrays } from './array-files.js';
import type { DecodedTensor } from './safetensors-types.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const x = tensor([
  [1.5, -2, 3],
  [0.25, 5, 6],
]);
const y = tensor([7, 8]);

describe('files of arrays', () => {
  it.each(['.npz', '.json'])('give back what was written: %s', async (ending) => {
    const read = await readArrays(await writeArrays({ x, y }, `a${ending}`), `a${ending}`);
    expect([...(read as ReadonlyMap<string, DecodedTensor>)].map(([name, { shape }]) => [name, shape])).toEqual([
      ['x', [2, 3]],
      ['y', [2]],
    ]);
    const { data } = (read as ReadonlyMap<string, DecodedTensor>).get('x')!;
    expect(Array.from(data as Float32Array)).toEqual([1.5, -2, 3, 0.25, 5, 6]);
  });

  it('hold one array without a name', async () => {
    expect(await readArrays(await writeArrays({ x }, 'x.npy'), 'x.NPY')).toMatchObject({ shape: [2, 3], dtype: 'F32' });
    expect(await readArrays(bytes('[[1, 2], [3, 16777217]]'), 'x.json')).toEqual({
      dtype: 'F64',
      storedDtype: 'F64',
      shape: [2, 2],
      data: Float64Array.of(1, 2, 3, 16777217),
    });
    expect(await readArrays(bytes('[]'), 'x.json')).toMatchObject({ shape: [0] });
  });

  it.each<[string, string]>([
    ['[[1, 2], [3]]', 'a list of 1 at depth 2'],
    ['[[1, 2], 3]', 'number at depth 2'],
    ['[1, "2"]', '"2"'],
    ['[1, null]', 'null'],
    ['{"x": [[1], [[2]]]}', 'x.json: x'],
    ['"text"', 'no array of numbers'],
    [`[${'['.repeat(200)}${']'.repeat(200)}]`, 'nested too deeply'],
    ['[1,', 'is not JSON'],
  ])('with %s are refused', async (text, said) => {
    const message = await messageAfter(() => readArrays(bytes(text), 'x.json'));
    expect(message).toContain('[FILE_FORMAT] x.json');
    expect(message).toContain(said);
  });

  it('refuse what a format cannot hold', async () => {
    expect(await messageAfter(() => writeArrays({ x, y }, 'a.npy'))).toContain('a .npy file holds one array');
    expect(await messageAfter(() => writeArrays({ x: tensor([1 / 0]) }, 'a.json'))).toContain('not finite');
    expect(await messageAfter(() => writeArrays({ x }, 'a.csv'))).toContain('[UNKNOWN_NAME]');
    expect(await messageAfter(() => readArrays(bytes(''), 'a'))).toContain('[UNKNOWN_NAME]');
  });
});
