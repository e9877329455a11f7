import { RondoError, refuseUnknownOptions, requireBoolean, requireKind, requireNumber } from '../../errors.js';
import type { Resolved } from '../../resolved.js';
import type { BlockShape } from './kernel-mask.js';

/** What of a model is pruned, and how much. */
export interface PruneOptions {
  /** Share of each gate's weights that becomes 0, at least 0 and below 1. */
  sparsity: number;
  /**
   * What is kept or pruned together, `[outputs, inputs]`: neighbouring outputs of one gate, and neighbouring inputs. Those
   * that fast kernels read are `[16, 1]` (default), `[8, 4]` and `[1, 1]`. The last block of a gate may be smaller.
   */
  block?: BlockShape | undefined;
  /** By gate, where it is not `sparsity`, such as `{ candidate: 0.8 }`. */
  gates?: Readonly<Record<string, number>> | undefined;
  /**
   * Whether every panel of neighbouring outputs, as many as a block has, keeps equally many blocks, so that loops over
   * them are equally long. Default true; else the blocks of a gate compete with each other.
   */
  balanced?: boolean | undefined;
  /**
   * Whether blocks stay that cross the diagonal of each gate's square recurrent kernel, by which a unit sees itself
   * (LPCNet). They count among those that are kept. Default false.
   */
  keepDiagonal?: boolean | undefined;
  /** Names of the layers, or paths such as `encoder/forward`. Default every recurrent layer. */
  layers?: readonly string[] | undefined;
  /** Whether kernels of Dense layers are pruned too. Embeddings never are. Default false. */
  dense?: boolean | undefined;
}

/** {@link PruneOptions} with all of them there. */
export type ResolvedPruneOptions = Omit<Resolved<PruneOptions>, 'layers'> & Pick<PruneOptions, 'layers'>;

export const pruneOptionNames: readonly string[] = [
  'sparsity',
  'block',
  'gates',
  'balanced',
  'keepDiagonal',
  'layers',
  'dense',
] satisfies (keyof PruneOptions)[];

/** @param others names of further options. @throws UNKNOWN_NAME, OUT_OF_RANGE, USAGE */
export function resolvedPruneOptions(
  where: string,
  options: PruneOptions,
  others: readonly string[] = [],
): ResolvedPruneOptions {
  refuseUnknownOptions(where, options, [...pruneOptionNames, ...others]);
  const {
    sparsity,
    block = [16, 1],
    gates = {},
    balanced = true,
    keepDiagonal = false,
    layers,
    dense = false,
  } = options;
  const requireSparsity = (name: string, value: number): void =>
    requireNumber(where, name, value, 'a number of at least 0 and below 1', (v) => v >= 0 && v < 1);
  requireSparsity('sparsity', sparsity);
  requireKind(Object(gates) === gates && !Array.isArray(gates), gates, {
    where,
    what: '`gates` is no object.',
    fix: 'give numbers by the names of gates, such as { candidate: 0.8 }.',
  });
  for (const [gate, value] of Object.entries(gates)) requireSparsity(`gates.${gate}`, value);
  requireBlock(where, block);
  for (const [name, value] of Object.entries({ balanced, keepDiagonal, dense })) requireBoolean(where, name, value);
  requireKind(layers === undefined || (Array.isArray(layers) && layers.length > 0), layers, {
    where,
    what: '`layers` is no list of names.',
    fix: "write layers: ['lstm'], or leave it out.",
  });
  return { sparsity, block, gates, balanced, keepDiagonal, layers, dense };
}

function requireBlock(where: string, block: BlockShape): void {
  const isShape =
    Array.isArray(block) && block.length === 2 && block.every((size) => Number.isInteger(size) && size >= 1);
  if (isShape) return;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: '`block` is no shape of blocks.',
    expected: '[outputs, inputs], two whole numbers of at least 1',
    received: JSON.stringify(block) ?? 'undefined',
    fix: 'give [16, 1], [8, 4] or [1, 1].',
    option: 'block',
  });
}
