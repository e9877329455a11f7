import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { mutatedFiles } from '../../../test/support/mutated-files.js';
import { RondoError } from '../../errors.js';
import { tensor } from '../../tensor/tensor.js';
import type { DecodedTensor } from '../safetensors-types.js';
import { writeZip } from '../zip/write-zip.js';
import { loadNpy, loadNpz, saveNpy, saveNpz } from './array-files.js';
import { readNpz, writeNpz } from './npz.js';
import { parsePythonLiteral } from './python-literal.js';
import { readNpy } from './read-npy.js';
import { plainNumbers } from './stored-array.js';
import { writeNpy } from './write-npy.js';

interface Held {
  readonly dtype: string;
  readonly shape: number[];
  readonly values: (number | string)[];
}
interface Files {
  readonly arrays: ({ readonly name: string; readonly file: string } & Held)[];
  readonly refused: [name: string, file: string][];
  readonly archives: [name: string, file: string][];
  readonly members: Record<string, Held>;
}
const files = JSON.parse(
  readFileSync(new URL('../../../test/vectors/numpy/files.json', import.meta.url), 'utf8'),
) as Files;
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const numpyName = (dtype: string): string =>
  dtype === 'BOOL'
    ? 'bool'
    : dtype.replace(/^([FIU])/, (_, kind: string) => ({ F: 'float', I: 'int', U: 'uint' })[kind]!);

function expectHeld(array: DecodedTensor, { dtype, shape, values }: Held): void {
  expect(numpyName(array.storedDtype)).toBe(dtype);
  expect(array.shape).toEqual(shape);
  expect(
    Array.from(array.data as ArrayLike<number | bigint>, (value) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  ).toEqual(values);
}

/** An array file with a header of one's own. */
function npy(header: string, data: Uint8Array = new Uint8Array(0), version = 1): Uint8Array {
  const length = header.length;
  const sizes = version === 1 ? [length & 255, length >> 8] : [length & 255, length >> 8, 0, 0];
  return Uint8Array.from([0x93, ...Buffer.from('NUMPY'), version, 0, ...sizes, ...Buffer.from(header), ...data]);
}
const floats = (shape: string): string => `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}}`;

describe('arrays that NumPy wrote', () => {
  it.each(files.arrays.map((entry) => [entry.name, entry] as const))('are read: %s', (_, entry) => {
    expectHeld(readNpy(bytesOf(entry.file), entry.name), entry);
  });

  it("are read from Node's Buffer as from any bytes, which stay as they are", async () => {
    const numbers = Float32Array.from([1.5, -2, 3e7]);
    const file = writeNpy({ dtype: 'F32', storedDtype: 'F32', shape: [3], data: numbers } as DecodedTensor);
    const pool = Buffer.concat([Buffer.alloc(13, 7), file]).subarray(13);
    expect([...readNpy(pool).data]).toEqual([...numbers]);
    const archive = Buffer.concat([
      Buffer.alloc(5, 7),
      await writeZip(new Map([['a.npy', file]]), { where: 'test' }),
    ]).subarray(5);
    expect([...(await readNpz(archive)).get('a')!.data]).toEqual([...numbers]);
    expect(pool.equals(file)).toBe(true);
  });

  it('are written as NumPy writes them, to the byte', () => {
    const written = files.arrays.filter(({ name }) => !/>|fortran|version/.test(name));
    expect(written.length).toBeGreaterThan(10);
    for (const { name, file } of written) {
      const { shape, data, storedDtype } = readNpy(bytesOf(file), name);
      expect(Buffer.from(writeNpy({ dtype: storedDtype, shape, data })).toString('base64'), name).toBe(file);
    }
  });

  it.each(files.refused)('that hold no numbers are refused, saying what to save: %s', async (_, file) => {
    expect(await messageAfter(() => readNpy(bytesOf(file), 'a.npy'))).toMatch(
      /^\[FILE_FORMAT\] a\.npy: the array holds (Python objects|texts|records|complex|dates).*\n.*\n.*\n {2}fix: save /,
    );
  });

  it.each(files.archives)('come in archives by name: %s', async (_, file) => {
    const arrays = await readNpz(bytesOf(file), 'a.npz');
    expect([...arrays.keys()]).toEqual(Object.keys(files.members));
    for (const [name, array] of arrays) expectHeld(array, files.members[name]);
  });
});

describe('arrays of a program', () => {
  it('survive archives, stored and compressed', async () => {
    const arrays = {
      x: tensor([
        [1.5, -2],
        [0, 4],
      ]),
      kilo: { data: Int16Array.of(1, 2, 3), shape: [3] },
      empty: { data: new Float64Array(0), shape: [0, 2] },
    };
    for (const compress of [false, true]) {
      const bytes = await writeNpz(arrays, { compress });
      const read = await readNpz(bytes, 'a.npz');
      expect([...read.values()].map(({ dtype, shape, data }) => [dtype, shape, [...data]])).toEqual([
        ['F32', [2, 2], [1.5, -2, 0, 4]],
        ['I16', [3], [1, 2, 3]],
        ['F64', [0, 2], []],
      ]);
      expect(await writeNpz(arrays, { compress })).toEqual(bytes);
    }
    const zeros = { data: new Float32Array(10_000), shape: [10_000] };
    expect((await writeNpz({ zeros }, { compress: true })).length).toBeLessThan(1000);
  });

  it('survive files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rondo-arrays-'));
    try {
      await saveNpy(join(folder, 'a.npy'), tensor([[1, 2]]));
      expect((await loadNpy(join(folder, 'a.npy'))).data).toEqual(Float32Array.of(1, 2));
      await saveNpz(join(folder, 'a.npz'), new Map([['y', tensor([3])]]));
      expect((await loadNpz(join(folder, 'a.npz'))).get('y')?.shape).toEqual([1]);
      expect(await messageAfter(() => loadNpz(join(folder, 'a.npy')))).toContain(
        'this is no ZIP archive; it looks like a NumPy .npy array',
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('of 64-bit whole numbers become numbers that models take, where they are exact', async () => {
    const labels = { dtype: 'I64', shape: [2], data: BigInt64Array.of(-3n, 7n) } as const;
    expect(plainNumbers(labels)).toEqual({ dtype: 'F64', shape: [2], data: Float64Array.of(-3, 7) });
    const large = { ...labels, data: BigInt64Array.of(1n, 2n ** 53n) };
    expect(await messageAfter(() => plainNumbers(large))).toMatch(
      /^\[OUT_OF_RANGE\].*\n.*\n {2}received: 9007199254740992n \(a bigint\) at place 1/,
    );
  });

  it('are refused where they cannot be written', async () => {
    const data = Float32Array.of(1, 2);
    expect(await messageAfter(() => writeNpy({ data, shape: [3] }))).toContain('[SHAPE_MISMATCH] writeNpy');
    expect(await messageAfter(() => writeNpy({ data, shape: [2], dtype: 'BF16' }))).toContain(
      'NumPy has no type for BF16',
    );
    expect(await messageAfter(() => writeNpy([[1, 2]] as never))).toContain('[USAGE] writeNpy');
    expect(await messageAfter(() => writeNpz({ x: { data, shape: [2], dtype: 'I32' } }))).toContain(
      '[USAGE] writeNpz: x',
    );
  });
});

describe('a hostile array', () => {
  it.each([
    ['another format', Uint8Array.from(Buffer.from('{"a": 1}        ')), 'no NumPy array; it looks like a JSON file'],
    ['more values than there are bytes', npy(floats('(1000000000000, 1000)')), 'cut short'],
    ['a shape that overflows', npy(floats(`(${'9007199254740991, '.repeat(30)})`)), 'cut short'],
    ['a negative axis', npy(floats('(-1,)')), 'impossible shape'],
    ['an axis beyond exact numbers', npy(floats('(99999999999999999999,)')), 'impossible shape'],
    ['too many axes', npy(floats(`(${'1, '.repeat(65)})`), new Uint8Array(4)), 'impossible shape'],
    ['a shape that is no tuple', npy(floats('3')), 'impossible shape'],
    ['bytes after its values', npy(floats('(1,)'), new Uint8Array(5)), 'goes on after its array'],
    ['a call in its header', npy(floats('__import__("os").getpid()')), 'the header is damaged'],
    ['a key twice', npy(`{'descr': '<f4', 'descr': '<f4'}`), 'the key `descr` twice'],
    ['a field too many', npy(floats('(1,)').replace('}', ", 'more': 1}"), new Uint8Array(4)), 'other fields'],
    ['brackets without an end', npy('('.repeat(9000)), 'more than 8 levels'],
    ['no byte order', npy(floats('()').replace('<f4', 'f4'), new Uint8Array(4)), 'in which order bytes lie'],
    ['a long header', npy(' '.repeat(10_001), undefined, 2), 'the header is too long'],
    ['another version', npy(floats('()'), new Uint8Array(4), 4), 'another version'],
  ])('with %s is refused', async (_, bytes, said) => {
    const message = await messageAfter(() => readNpy(bytes, 'a.npy'));
    expect(message).toMatch(/^\[FILE_FORMAT\] a\.npy: /);
    expect(message).toContain(said);
  });

  it('is refused or read, whatever bytes are changed', async () => {
    const good = bytesOf(files.arrays.find(({ name }) => name === 'fortran big endian')!.file);
    let numRead = 0;
    for (const bytes of mutatedFiles(good, 2000)) {
      try {
        readNpy(bytes, 'a.npy');
        numRead++;
      } catch (error) {
        expect(error).toBeInstanceOf(RondoError);
        expect((error as RondoError).code).toBe('FILE_FORMAT');
      }
    }
    expect(numRead).toBeGreaterThan(100);
  });
});

describe('a hostile archive', () => {
  const array = writeNpy({ data: new Float32Array(1000), shape: [1000] });
  const packed = writeZip(new Map([['a.npy', array]]), { where: 'test', compress: true });
  const edited = async (edit: (view: DataView, directory: number) => void): Promise<Uint8Array> => {
    const bytes = Uint8Array.from(await packed);
    const view = new DataView(bytes.buffer);
    edit(view, view.getUint32(bytes.length - 6, true));
    return bytes;
  };

  it.each<[string, (view: DataView, directory: number) => void, string]>([
    ['more bytes than deflate can make', (view, at) => view.setUint32(at + 24, 2 ** 31, true), 'claims more or fewer'],
    ['a longer member than it has', (view, at) => view.setUint32(at + 24, array.length + 1, true), 'another length'],
    ['a shorter member than it has', (view, at) => view.setUint32(at + 24, array.length - 1, true), 'another length'],
    ['another checksum', (view, at) => view.setUint32(at + 16, 1, true), 'its checksum is another one'],
    ['a password', (view, at) => view.setUint16(at + 8, 1, true), 'is encrypted'],
    ['another method', (view, at) => view.setUint16(at + 10, 12, true), 'method 12'],
    ['a member behind the data', (view, at) => view.setUint32(at + 42, at, true), 'not where the archive says'],
    ['another name before the data', (view) => view.setUint8(30, 0x62), 'another name in front'],
    ['a directory elsewhere', (view) => view.setUint32(view.byteLength - 6, 2 ** 30, true), 'is not where'],
    ['more entries', (view) => view.setUint16(view.byteLength - 12, 2, true), 'is not where'],
  ])('with %s is refused', async (_, edit, said) => {
    const message = await messageAfter(async () => readNpz(await edited(edit), 'a.npz'));
    expect(message).toMatch(/^\[FILE_FORMAT\] a\.npz/);
    expect(message).toContain(said);
  });

  it('with members that share bytes is refused', async () => {
    // The first member holds all of the second, whose entry is made to point there.
    const inner = await writeZip(new Map([['b.npy', array]]), { where: 'test' });
    const bytes = await writeZip(
      new Map([
        ['a.npy', inner],
        ['b.npy', array],
      ]),
      { where: 'test' },
    );
    const view = new DataView(bytes.buffer);
    const second = view.getUint32(bytes.length - 6, true) + 46 + 'a.npy'.length;
    view.setUint32(second + 42, 30 + 'a.npy'.length, true);
    expect(await messageAfter(() => readNpz(bytes, 'a.npz'))).toContain('`b.npy` and `a.npy` share bytes');
  });

  it('with a name that comes twice is refused', async () => {
    const bytes = await writeZip(
      new Map([
        ['a.npy', array],
        ['b.npy', array],
      ]),
      { where: 'test' },
    );
    const text = Buffer.from(bytes.buffer);
    for (let at = text.indexOf('b.npy'); at >= 0; at = text.indexOf('b.npy', at + 1)) bytes[at] = 0x61;
    expect(await messageAfter(() => readNpz(bytes, 'a.npz'))).toContain('two members are named `a.npy`');
  });

  it('that unpacks to more than is allowed is refused before it is unpacked', async () => {
    expect(await messageAfter(async () => readNpz(await packed, 'a.npz', { maxBytes: 1000 }))).toMatchInlineSnapshot(`
      "[OUT_OF_MEMORY] a.npz: the archive unpacks to more than is read.
        expected: at most 1000 bytes
        received: 4128 bytes, packed in 206
        fix: raise \`maxBytes\` if you trust the archive."
    `);
    expect(await messageAfter(() => readNpz(new Uint8Array(0), 'a', { most: 1 } as never))).toContain('[UNKNOWN_NAME]');
  });

  it('is refused or read, whatever bytes are changed', async () => {
    let numRead = 0;
    for (const bytes of mutatedFiles(await packed, 700)) {
      try {
        await readNpz(bytes, 'a.npz');
        numRead++;
      } catch (error) {
        expect(error).toBeInstanceOf(RondoError);
        expect(['FILE_FORMAT', 'OUT_OF_MEMORY']).toContain((error as RondoError).code);
      }
    }
    expect(numRead).toBeGreaterThan(10);
  });
});

it('a literal of Python is read as far as headers need it', () => {
  expect(parsePythonLiteral(` {"a": (1, 2L), 'b': [True, None, -3], 'c': (), 'd': (4,),} `)).toEqual(
    new Map<string, unknown>([
      ['a', [1, 2]],
      ['b', [true, null, -3]],
      ['c', []],
      ['d', [4]],
    ]),
  );
  for (const text of ['', '(1)', "'a", "'\\n'", '1 2', '{1: 2}', '{"a"}', '[1', 'open("x")', '1.5'])
    expect(() => parsePythonLiteral(text), text).toThrow(SyntaxError);
});
