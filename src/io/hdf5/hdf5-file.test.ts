import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { mutatedFiles } from '../../../test/support/mutated-files.js';
import { RondoError } from '../../errors.js';
import { type Hdf5Object, isHdf5, openHdf5 } from './hdf5-file.js';
import { type Hdf5GroupToWrite, writeHdf5 } from './write-hdf5.js';

const group = (
  members: Record<string, Hdf5GroupToWrite | { shape: number[]; data: Float32Array }>,
): Hdf5GroupToWrite => ({
  members: new Map(Object.entries(members)),
});
const counted = (shape: number[]): { shape: number[]; data: Float32Array } => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((size, axis) => size * axis, 1) }, (_, i) => i - 1.25),
});
const small = writeHdf5(
  group({ layers: group({ dense: group({ vars: group({ 0: counted([3, 5]), 1: counted([5]) }) }) }), s: counted([]) }),
  'test',
);

/** Every number of a file, by path. */
async function numbersOf(
  root: Hdf5Object,
  path = '',
  seen = new Set<Hdf5Object>(),
): Promise<Record<string, { shape: number[]; values: number[] }>> {
  if (seen.has(root)) return {};
  seen.add(root);
  const found: Record<string, { shape: number[]; values: number[] }> = {};
  for (const name of root.names) {
    const member = root.member(name)!;
    const inside = path === '' ? name : `${path}/${name}`;
    if (!member.isDataset) Object.assign(found, await numbersOf(member, inside, seen));
    else {
      const { shape, data } = await member.values();
      found[inside] = { shape: [...shape], values: Array.from(data as Float32Array) };
    }
  }
  return found;
}

/** The place of bytes in a file, which is there once. */
function placeOf(bytes: Uint8Array, part: readonly number[]): number {
  const at = Buffer.from(bytes).indexOf(Buffer.from(part));
  expect(at).toBeGreaterThan(0);
  return at;
}

describe('an HDF5 file', () => {
  it('that was written is read: groups, shapes, numbers', async () => {
    const { shape, data } = counted([3, 5]);
    expect(isHdf5(small)).toBe(true);
    expect(await numbersOf(openHdf5(small, 'small.h5'))).toEqual({
      'layers/dense/vars/0': { shape, values: Array.from(data) },
      'layers/dense/vars/1': { shape: [5], values: [-1.25, -0.25, 0.75, 1.75, 2.75] },
      s: { shape: [], values: [-1.25] },
    });
  });

  it('with hundreds of members and without numbers is read', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`n${i}`, counted([i % 3, 2])]));
    const read = await numbersOf(openHdf5(writeHdf5(group(many), 'test'), 'many.h5'));
    expect(Object.keys(read)).toHaveLength(300);
    expect(read.n299).toEqual({ shape: [2, 2], values: [-1.25, -0.25, 0.75, 1.75] });
    expect(read.n0).toEqual({ shape: [0, 2], values: [] });
  });

  it('that is none is refused, saying what it looks like', async () => {
    expect(await messageAfter(() => openHdf5(Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0), 'a.h5'))).toContain(
      'FILE_FORMAT',
    );
  });

  it('that is cut short is refused', async () => {
    expect(await messageAfter(() => openHdf5(small.subarray(0, small.length - 8), 'a.h5'))).toContain('cut short');
  });

  it('whose shape claims more than there is is refused before memory is taken', async () => {
    const bytes = small.slice();
    bytes[placeOf(small, [1, 2, 0, 0, 0, 0, 0, 0, 3, 0]) + 10] = 0x40;
    const shapes = (): unknown => openHdf5(bytes, 'a.h5').member('layers/dense/vars/0')!.shape;
    expect(await messageAfter(shapes)).toContain('claims more values than the file holds');
  });

  it('whose header continues in itself is refused', async () => {
    const bytes = small.slice();
    // The superblock's entry leads to the header of the root group, whose first message becomes a continuation.
    const root = Number(new DataView(bytes.buffer).getBigUint64(64, true));
    const view = new DataView(bytes.buffer);
    view.setUint16(root + 16, 0x10, true);
    view.setBigUint64(root + 24, BigInt(root + 16), true);
    view.setBigUint64(root + 32, 40n, true);
    expect(await messageAfter(() => openHdf5(bytes, 'a.h5').names)).toContain('go in a circle');
  });

  it('never does more than its size allows, and every fault is a coded error', { timeout: 120_000 }, async () => {
    let refused = 0;
    for (const bytes of mutatedFiles(small, 4000)) {
      try {
        await numbersOf(openHdf5(bytes, 'mutant.h5'));
      } catch (error) {
        expect(error).toBeInstanceOf(RondoError);
        expect(['FILE_FORMAT', 'OUT_OF_MEMORY']).toContain((error as RondoError).code);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});
