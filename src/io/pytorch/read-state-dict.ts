import { refuseUnknownOptions, requireKind } from '../../errors.js';
import { requireBytes } from '../require-bytes.js';
import { type DecodedTensor, decodeSafetensors } from '../safetensors.js';
import { isZip } from '../zip/zip-names.js';
import { stateOf } from './pickled-state.js';
import { storedTensors } from './stored-tensors.js';
import { readTorchFile } from './torch-file.js';

export interface ReadStateDictOptions {
  /** Of a dictionary with the weights inside, the entry that holds them; by default the one that can be meant. */
  key?: string | undefined;
  /** Of a safetensors file, whether tensors have memory of their own; otherwise they show `bytes`. Default true. */
  copy?: boolean | undefined;
}

/** The tensors of a PyTorch module by name, such as `encoder.weight_ih_l0`. */
export type StateDict = ReadonlyMap<string, DecodedTensor>;

/**
 * The state dict of a PyTorch file: `.safetensors`, or what torch.save wrote (`.pt`, `.pth`, `.bin`), of a state dict, of a dictionary
 * with one inside, or of a whole module. Both forms of torch.save are read, with views, shared storages and either byte order.
 *
 * A file of torch.save is a pickle, a program that Python runs. Here nothing is run: only numbers, texts, lists, dictionaries and
 * tensors are built, classes are names, and every size is compared with what the file holds before memory is taken.
 *
 * @param where the file's name, for messages.
 * @throws FILE_FORMAT where it is damaged, another format, or holds no tensors; UNKNOWN_NAME for a `key` that there is not;
 *   OUT_OF_MEMORY
 *
 * @example
 * const state = await readStateDict(new Uint8Array(await response.arrayBuffer()), 'model.pt');
 */
export async function readStateDict(
  bytes: Uint8Array,
  where = 'readStateDict',
  options: ReadStateDictOptions = {},
): Promise<Map<string, DecodedTensor>> {
  requireBytes(bytes, where);
  refuseUnknownOptions('readStateDict', options, ['key', 'copy']);
  const { key, copy } = options;
  requireKind(key === undefined || typeof key === 'string', key, {
    where,
    what: '`key` is no text.',
    fix: "write key: 'model'.",
  });
  // The header of a safetensors file begins with a brace, behind its length.
  if (!isZip(bytes) && bytes[8] === 0x7b) {
    refuseUnknownOptions('readStateDict of safetensors', key === undefined ? {} : { key }, []);
    return decodeSafetensors(bytes, where, { copy }).tensors;
  }
  const file = await readTorchFile(bytes, where);
  return storedTensors(stateOf(file.value, where, key), file, bytes.length, where);
}
