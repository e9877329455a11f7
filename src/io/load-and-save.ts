import { realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { RondoError } from '../errors.js';
import type { Model } from '../training/model.js';
import type { ModelOutput } from '../training/model-outputs.js';
import { readBytes, readInPieces, writeFileAtomically } from './files.js';
import {
  type ReadModel,
  type ReadModelOptions,
  readModel,
  type WriteModelOptions,
  writeModel,
} from './model-formats.js';
import { isPathBelow, oddInPaths } from './path-below.js';
import { ownModelInPieces } from './rondo-format.js';

/**
 * The model of a file of any format, see {@link readModel}. Files beside it are read where it names them, from its folder alone.
 *
 * @throws FILE_ACCESS; as `readModel`
 *
 * @example
 * const { model, matched, notes } = await load('tagger.pt');
 */
export async function load(path: string, options: Omit<ReadModelOptions, 'sibling'> = {}): Promise<ReadModel> {
  const { format = 'rondo', ...others } = options;
  if (format === 'rondo' && Object.keys(others).length === 0) {
    const own = await readInPieces(path, (file) => ownModelInPieces(file, path));
    if (own !== undefined) return { format, ...own };
  }
  return readModel(await readBytes(path), path, { ...options, sibling: (name) => readBeside(path, name) });
}

/**
 * Writes a model in the format that the ending of `path` says: `.safetensors` is this library's own, see {@link writeModel}. Other files
 * of the format lie beside it. Each is seen old or new, never a part.
 *
 * @returns what the format has no place for, in sentences, and the files that were written.
 * @throws FILE_ACCESS; as `writeModel`
 *
 * @example
 * await save(model, 'tagger.safetensors', { format: 'pytorch' });
 */
export async function save(
  model: Model<ModelOutput>,
  path: string,
  options?: WriteModelOptions,
): Promise<{ notes: readonly string[]; paths: readonly string[] }> {
  const { files, notes } = await writeModel(model, basename(path), options);
  const paths: string[] = [];
  // What others name is there before they are.
  for (const [name, bytes] of [...files].reverse()) {
    const target = join(dirname(path), name);
    await writeFileAtomically(target, bytes);
    paths.unshift(target);
  }
  return { notes, paths };
}

/** A file that a model names, if it lies in the model's folder, links followed. */
export async function readBeside(path: string, name: string): Promise<Uint8Array> {
  const folder = dirname(path);
  const target = join(folder, name);
  const fault = (): RondoError =>
    new RondoError('FILE_FORMAT', {
      where: path,
      what: `the model names a file outside of its folder, \`${name.slice(0, 200)}\`.`,
      expected: 'a path inside of the folder',
      fix: 'do not use this file, unless you know who wrote it; then put the other one beside it.',
    });
  if (!isPathBelow(name, oddInPaths)) throw fault();
  const [realFolder, realTarget] = await Promise.all([realpath(folder), realpath(target).catch(() => undefined)]);
  if (realTarget !== undefined && !realTarget.startsWith(join(realFolder, sep))) throw fault();
  return readBytes(target);
}
