import { ZipArchive } from '../../src/io/zip/read-zip.js';
import { writeZip } from '../../src/io/zip/write-zip.js';
import { Random } from '../../src/random.js';
import { jsonWithOneChange } from '../support/damaged-files.js';
import { mutatedBytes } from '../support/mutated-files.js';
import type { FuzzedFormat } from './fuzzed-format.js';

/** The i-th damaged file, the same each time. */
export type Mutants = (i: number) => Promise<Uint8Array>;
type Mutation = (random: Random) => Uint8Array | Promise<Uint8Array>;

const text = { encode: new TextEncoder(), decode: new TextDecoder('utf-8', { ignoreBOM: true }) };

/** Damaged files of a format: half of them with changed bytes, half with changes behind checksums and lengths where there are such. */
export async function mutantsOf({ name, good, inside }: FuzzedFormat, seed = 0): Promise<Mutants> {
  const files = await good();
  const mutations = await Promise.all(
    files.map(async (file) => {
      const bytes: Mutation = (random) => mutatedBytes(file, random);
      return inside === undefined ? [bytes] : [bytes, await mutationsInside[inside](file)];
    }),
  );
  return async (i) => {
    const random = new Random(seed + i, name);
    const ofFile = mutations[i % files.length];
    return ofFile[Math.floor(i / files.length) % ofFile.length](random);
  };
}

const mutationsInside = {
  async zip(file: Uint8Array): Promise<Mutation> {
    const archive = new ZipArchive(file, 'good');
    const members = await Promise.all(archive.names.map(async (name) => [name, await archive.read(name)] as const));
    const texts = new Map(members.filter(([, bytes]) => isJson(bytes)).map(([name, bytes]) => [name, ofJson(bytes)]));
    return async (random) => {
      const which = random.integer(members.length);
      const changed = members.map(([name, bytes], i): [string, Uint8Array] => {
        if (i !== which) return [name, bytes];
        const json = random.uniform() < 0.7 ? texts.get(name) : undefined;
        return [name, json === undefined ? mutatedBytes(bytes, random) : json(random)];
      });
      return writeZip(new Map(changed), { where: 'fuzz' });
    };
  },
  json: async (file: Uint8Array): Promise<Mutation> => ofJson(file),
  async safetensors(file: Uint8Array): Promise<Mutation> {
    const dataStart = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
    const header = ofJson(file.subarray(8, dataStart));
    return (random) => {
      const changed = header(random);
      const bytes = new Uint8Array(8 + changed.length + file.length - dataStart);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(changed.length), true);
      bytes.set(changed, 8);
      bytes.set(file.subarray(dataStart), 8 + changed.length);
      return bytes;
    };
  },
};

function isJson(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(text.decode.decode(bytes));
    return typeof value === 'object' && value !== null;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Changes one value of a JSON, or one of a JSON that stands in it as a text. */
function ofJson(bytes: Uint8Array): (random: Random) => Uint8Array {
  const good = JSON.parse(text.decode.decode(bytes)) as object;
  const changed = jsonWithOneChange(good);
  return (random) => text.encode.encode(changed(random));
}
