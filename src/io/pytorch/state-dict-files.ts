import { readBytes } from '../files.js';
import type { DecodedTensor } from '../safetensors.js';
import { type ReadStateDictOptions, readStateDict } from './read-state-dict.js';

/** The state dict of a PyTorch file, see `readStateDict`. @throws FILE_ACCESS; as `readStateDict` */
export async function loadStateDictFile(
  path: string,
  options?: ReadStateDictOptions,
): Promise<Map<string, DecodedTensor>> {
  return readStateDict(await readBytes(path), path, { copy: false, ...options });
}
