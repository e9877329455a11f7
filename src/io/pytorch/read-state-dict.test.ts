import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { mutatedFiles } from '../../../test/support/mutated-files.js';
import { RondoError } from '../../errors.js';
import { encodeSafetensors } from '../safetensors.js';
import { writeZip } from '../zip/write-zip.js';
import { readStateDict } from './read-state-dict.js';

interface Held {
  readonly dtype: string;
  readonly shape: number[];
  readonly values: (number | string)[];
}
interface Case {
  readonly name: string;
  readonly file: string;
  readonly key: string | null;
  readonly tensors: Record<string, Held>;
}
const { files, refused } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/pytorch/files.json', import.meta.url), 'utf8'),
) as { files: Case[]; refused: [name: string, file: string][] };
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const fileOf = (name: string): Uint8Array => bytesOf(files.find((each) => each.name === name)!.file);
const torchName = (dtype: string): string =>
  dtype === 'BOOL'
    ? 'bool'
    : dtype.replace(/^(BF|F|I|U)/, (_, kind: string) => ({ BF: 'bfloat', F: 'float', I: 'int', U: 'uint' })[kind]!);

/** An archive as torch.save writes it, with a pickle of one's own. */
async function archiveOf(
  pickle: readonly (string | number)[],
  members: Record<string, Uint8Array> = {},
): Promise<Uint8Array> {
  const bytes = Uint8Array.from(
    pickle.flatMap((part) => (typeof part === 'number' ? [part] : [...Buffer.from(part, 'latin1')])),
  );
  return writeZip(new Map([['a/data.pkl', bytes], ...Object.entries(members)]), { where: 'test' });
}

/** The pickle of { w: a tensor } with a storage of four floats. */
const tensorPickle = (offset: string, shape: string, strides: string, length = 'K\x04'): string =>
  [
    '\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n',
    `X\x01\x00\x00\x000X\x03\x00\x00\x00cpu${length}tQ${offset}${shape}${strides}\x89}tRs.`,
  ].join('');
const storage = { 'a/data/0': new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) };

describe('a file that torch.save wrote', () => {
  it.each(files.map((entry) => [entry.name, entry] as const))('is read: %s', async (_, { file, key, tensors }) => {
    const state = await readStateDict(bytesOf(file), 'm.pt', { key: key ?? undefined });
    expect([...state.keys()].sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, { dtype, shape, values }] of Object.entries(tensors)) {
      const read = state.get(name)!;
      expect(torchName(read.storedDtype), name).toBe(dtype);
      expect(read.shape).toEqual(shape);
      expect(
        Array.from(read.data as ArrayLike<number | bigint>, (value) =>
          typeof value === 'bigint' ? String(value) : value,
        ),
      ).toEqual(values);
    }
  });

  it.each(['big endian', 'state dict, before 1.6'])(
    'is read from a Buffer of Node, which stays as it is: %s',
    async (name) => {
      const bytes = Buffer.from(files.find((each) => each.name === name)!.file, 'base64');
      const before = Uint8Array.from(bytes);
      const state = await readStateDict(bytes, 'm.pt');
      expect(state).toEqual(await readStateDict(before, 'm.pt'));
      expect(Uint8Array.from(bytes)).toEqual(before);
    },
  );

  it('gives a tensor of several names once', async () => {
    const state = await readStateDict(fileOf('tied'), 'm.pt');
    expect(state.get('a')).toBe(state.get('b'));
  });

  it.each(refused)('is refused where it holds no weights: %s', async (_, file) => {
    expect(await messageAfter(() => readStateDict(bytesOf(file), 'm.pt'))).toMatch(
      /^\[FILE_FORMAT\] m\.pt: (the file holds (no tensors|tensors in several places)|this is a Python pickle, but not one of PyTorch)/,
    );
  });

  it('says which keys there are', async () => {
    expect(await messageAfter(() => readStateDict(fileOf('checkpoint'), 'm.pt', { key: 'model_state' }))).toContain(
      'did you mean',
    );
    expect(await messageAfter(() => readStateDict(fileOf('checkpoint'), 'm.pt', { keys: 1 } as never))).toContain(
      '[UNKNOWN_NAME]',
    );
  });
});

it('a state dict of a safetensors file is read', async () => {
  const bytes = encodeSafetensors(new Map([['w', { dtype: 'BF16', shape: [1], data: Float32Array.of(1.5) }]]));
  expect((await readStateDict(bytes, 'm.safetensors')).get('w')).toEqual({
    dtype: 'F32',
    storedDtype: 'BF16',
    shape: [1],
    data: Float32Array.of(1.5),
  });
});

describe('a hostile pickle', () => {
  it.each<[string, string, string]>([
    ['a tensor beyond its storage', tensorPickle('K\x03', 'K\x02\x85', 'K\x01\x85'), 'reaches beyond its storage'],
    ['strides beyond its storage', tensorPickle('K\x00', 'K\x02\x85', 'K\x04\x85'), 'reaches beyond its storage'],
    [
      'a view far larger than the file',
      tensorPickle('K\x00', 'J\xff\xff\xff\x7f\x85', 'K\x00\x85'),
      'far larger than the file',
    ],
    [
      'sizes that overflow',
      tensorPickle('K\x00', `${'\x8a\x07\xff\xff\xff\xff\xff\xff\x0f'.repeat(3)}\x87`, 'K\x00K\x00K\x00\x87'),
      'far larger than the file',
    ],
    [
      'a storage shorter than it says',
      tensorPickle('K\x00', 'K\x04\x85', 'K\x01\x85', 'K\x05'),
      'another length than the file says',
    ],
    ['a tensor of negative places', tensorPickle('J\xff\xff\xff\xff', 'K\x02\x85', 'K\x01\x85'), 'holds no tensors'],
    ['an end before its time', '\x80\x02}', 'cut short'],
    ['nothing on its stack', '\x80\x02R.', 'takes more values than it has made'],
    ['an instruction of a registry', '\x80\x02\x82\x01.', 'an instruction that is not read'],
    ['a value it never kept', '\x80\x02h\x07.', 'never kept'],
    ['entries of no dictionary', '\x80\x02]K\x01K\x02s.', 'no dictionary'],
    ['a huge length', '\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.', 'cut short'],
    ['a number without an end', `\x80\x02\x8b\xff\xff\xff\x7f.`, 'too long'],
    ['deep nesting', `\x80\x02${'}K\x01'.repeat(5000)}N${'s'.repeat(5000)}.`, 'nested too deeply'],
    ['a circle', '\x80\x02}q\x00K\x01h\x00s.', 'nested too deeply'],
    ['an id of something else', '\x80\x02K\x01Q.', 'outside'],
  ])('with %s is refused', async (_, pickle, said) => {
    const message = await messageAfter(async () => readStateDict(await archiveOf([pickle], storage), 'm.pt'));
    expect(message).toMatch(/^\[FILE_FORMAT\] m\.pt/);
    expect(message).toContain(said);
  });

  it('of the same form without a fault is read', async () => {
    const bytes = await archiveOf([tensorPickle('K\x01', 'K\x03\x85', 'K\x01\x85')], storage);
    expect((await readStateDict(bytes, 'm.pt')).get('w')?.data).toEqual(Float32Array.of(2, 3, 4));
  });

  it('that names one list many times costs no more than its length', async () => {
    // 40 lists, each twice the one before it, would be walked 2^40 times.
    const doubled = Array.from(
      { length: 40 },
      (_, i) => `(h${String.fromCharCode(i)}h${String.fromCharCode(i)}lq${String.fromCharCode(i + 1)}`,
    ).join('');
    const bytes = await archiveOf([`\x80\x02]q\x00${doubled}.`]);
    expect(await messageAfter(() => readStateDict(bytes, 'm.pt'))).toContain('nested too deeply');
  });

  it('is refused or read, whatever bytes are changed', async () => {
    const pickles: [Uint8Array, number][] = [
      [fileOf('state dict, before 1.6'), 700],
      [fileOf('module, before 1.6'), 700],
      [fileOf('checkpoint'), 300],
    ];
    for (const [good, count] of pickles) {
      for (const bytes of mutatedFiles(good, count)) {
        try {
          await readStateDict(bytes, 'm.pt');
        } catch (error) {
          expect(error).toBeInstanceOf(RondoError);
          expect(['FILE_FORMAT', 'OUT_OF_MEMORY']).toContain((error as RondoError).code);
        }
      }
    }
  });
});
