import type { TensorDtype } from '../safetensors-types.js';
import { type Pickled, PickledGlobal, PickledRecord, PickledStorage, PickledTensor } from './pickle-values.js';

/** Classes of storages and names of types. */
const dtypes: Readonly<Record<string, TensorDtype>> = {
  FloatStorage: 'F32',
  DoubleStorage: 'F64',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
  bool: 'BOOL',
};

/** The entries that dictionaries are made of from lists of pairs, in all of a file: a list could be used again and again. */
const mostCopiedEntries = 1_000_000;

/** What a name of the list below makes of its arguments; undefined where they are not what it takes. */
type Rebuild = (args: readonly Pickled[], copied: { entries: number }) => Pickled | undefined;

/** All that is made of names with arguments. Everything else becomes a record. */
const rebuilds: ReadonlyMap<string, Rebuild> = new Map<string, Rebuild>([
  ['collections.OrderedDict', (args, copied) => dictionaryOf(args[0], copied)],
  ['collections.defaultdict', (args, copied) => dictionaryOf(args[1], copied)],
  ...['builtins', '__builtin__'].flatMap((module): [string, Rebuild][] => [
    ...['list', 'tuple', 'set', 'frozenset'].map((name): [string, Rebuild] => [
      `${module}.${name}`,
      ([items]) => (items === undefined ? [] : Array.isArray(items) ? items : undefined),
    ]),
    [`${module}.dict`, (args, copied) => dictionaryOf(args[0], copied)],
  ]),
  ['torch.Size', ([items]) => (Array.isArray(items) ? items : undefined)],
  [
    'torch._utils._rebuild_tensor',
    (args) => tensorOf(args, args[0] instanceof PickledStorage ? args[0].dtype : undefined),
  ],
  [
    'torch._utils._rebuild_tensor_v2',
    (args) => tensorOf(args, args[0] instanceof PickledStorage ? args[0].dtype : undefined),
  ],
  ['torch._utils._rebuild_tensor_v3', (args) => tensorOf(args, dtypeOf(args[6]))],
  ['torch._utils._rebuild_parameter', ([data]) => (data instanceof PickledTensor ? data : undefined)],
  ['torch._utils._rebuild_parameter_with_state', ([data]) => (data instanceof PickledTensor ? data : undefined)],
  [
    'torch._tensor._rebuild_from_type_v2',
    ([rebuild, , args], copied) =>
      rebuild instanceof PickledGlobal && rebuild.path.startsWith('torch._utils.') && Array.isArray(args)
        ? rebuilds.get(rebuild.path)?.(args, copied)
        : undefined,
  ],
]);

/** What a pickle makes of a name and arguments: nothing is called, so of an unknown name a record. */
export function rebuilt(of: Pickled, args: Pickled, copied: { entries: number }): Pickled {
  const known = of instanceof PickledGlobal && Array.isArray(args) ? rebuilds.get(of.path)?.(args, copied) : undefined;
  return known ?? new PickledRecord(of, args);
}

/** The type that `torch.float32` or `torch.FloatStorage` names. */
export function dtypeOf(value: Pickled | undefined): TensorDtype | undefined {
  const isTorch = value instanceof PickledGlobal && value.module === 'torch';
  return isTorch && Object.hasOwn(dtypes, value.name) ? dtypes[value.name] : undefined;
}

/** What a persistent id stands for: a storage, or of old files a class with its program, which stays a name. */
export function persistentOf(id: Pickled): Pickled | undefined {
  if (Array.isArray(id) && id[0] === 'module' && id[1] instanceof PickledGlobal) return id[1];
  return storageOf(id);
}

/** The storage of a persistent id ('storage', class, key, location, length); undefined for anything else. */
export function storageOf(id: Pickled): PickledStorage | undefined {
  if (!Array.isArray(id) || id[0] !== 'storage' || id.length < 5 || (id[5] ?? null) !== null) return undefined;
  const [, of, key, , length] = id;
  const dtype = dtypeOf(of);
  const isUntyped = of instanceof PickledGlobal && of.path === 'torch.storage.UntypedStorage';
  if ((dtype === undefined && !isUntyped) || typeof key !== 'string' || !isCount(length)) return undefined;
  return new PickledStorage(dtype, key, length);
}

function tensorOf(
  [storage, offset, shape, strides]: readonly Pickled[],
  dtype: TensorDtype | undefined,
): PickledTensor | undefined {
  if (!(storage instanceof PickledStorage) || dtype === undefined || !isCount(offset)) return undefined;
  if (!isCounts(shape) || !isCounts(strides) || shape.length !== strides.length) return undefined;
  return new PickledTensor(storage, dtype, offset, shape, strides);
}

function dictionaryOf(pairs: Pickled | undefined, copied: { entries: number }): Map<Pickled, Pickled> | undefined {
  if (pairs === undefined) return new Map();
  if (pairs instanceof Map) return pairs;
  if (!Array.isArray(pairs) || (copied.entries += pairs.length) > mostCopiedEntries) return undefined;
  const isPair = (pair: Pickled): pair is [Pickled, Pickled] => Array.isArray(pair) && pair.length === 2;
  return pairs.every(isPair) ? new Map(pairs as [Pickled, Pickled][]) : undefined;
}

function isCount(value: Pickled | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: Pickled | undefined): value is number[] {
  return Array.isArray(value) && value.length <= 64 && value.every(isCount);
}
