import { RondoError, refuseUnknownOptions, requireBoolean, requireCount, requireNumber } from '../../errors.js';
import type { TorchKind } from './torch-modules.js';

/** What the constructors of PyTorch's modules are given and no state dict holds, with PyTorch's names and defaults. */
export interface TorchModuleOptions {
  /** Of a Conv1d. Default 1. */
  stride?: number | undefined;
  /** Of a Conv1d: steps of zeros at both ends, or `same`, which keeps the length. Default 0. */
  padding?: number | 'same' | 'valid' | undefined;
  /** Of a Conv1d. Default 1. */
  dilation?: number | undefined;
  /** Of a Conv1d. Default 1. */
  groups?: number | undefined;
  /** Of a LayerNorm or BatchNorm1d. Default 1e-5. */
  eps?: number | undefined;
  /** Of a BatchNorm1d: the share of a batch in the running statistics. Default 0.1. */
  momentum?: number | undefined;
  /** Of a MultiheadAttention, which cannot do without. */
  num_heads?: number | undefined;
  /** Of a MultiheadAttention: whether query i sees the keys 0 to i alone. Default false. (In PyTorch an argument of the call.) */
  is_causal?: boolean | undefined;
}

const optionsOf: Readonly<Record<TorchKind, readonly (keyof TorchModuleOptions)[]>> = {
  RNN: [],
  LSTM: [],
  GRU: [],
  Linear: [],
  Embedding: [],
  LayerNorm: ['eps'],
  BatchNorm1d: ['eps', 'momentum'],
  Conv1d: ['stride', 'padding', 'dilation', 'groups'],
  MultiheadAttention: ['num_heads', 'is_causal'],
};

/**
 * The options of a module of a kind, checked.
 *
 * @param where the module, for messages.
 * @throws UNKNOWN_NAME, OUT_OF_RANGE; USAGE where the number of heads is missing
 */
export function checkedModuleOptions(where: string, kind: TorchKind, options: TorchModuleOptions): TorchModuleOptions {
  refuseUnknownOptions(where, options, optionsOf[kind]);
  const { padding, eps, momentum, is_causal, ...counts } = options;
  for (const [name, value] of Object.entries(counts)) if (value !== undefined) requireCount(where, name, value);
  if (padding !== undefined && padding !== 'same' && padding !== 'valid') requireCount(where, 'padding', padding, 0);
  for (const [name, value] of Object.entries({ eps, momentum }))
    if (value !== undefined) requireNumber(where, name, value, 'a number from 0 to 1', (v) => v >= 0 && v <= 1);
  requireBoolean(where, 'is_causal', is_causal);
  if (kind !== 'MultiheadAttention' || options.num_heads !== undefined) return options;
  throw new RondoError('USAGE', {
    where,
    what: 'a state dict does not say how many heads an attention has.',
    expected: '`num_heads`',
    fix: "write { module: 'attention', options: { num_heads: 4 } }.",
    option: 'layers',
  });
}
