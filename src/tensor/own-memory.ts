import type { DType } from '../dtype.js';
import { RondoError } from '../errors.js';
import type { Backend, Buffer, View } from '../kernels/contract.js';

/** Numbers on a backend. */
export interface Resident {
  readonly backend: Backend;
  readonly view: View;
}

/** A tensor, as far as its memory goes. */
interface Owner {
  readonly size: number;
  readonly storedType: DType | undefined;
}

interface NamedOwner extends Owner {
  readonly name: string;
}

/** Gives back the memory of variables, and of tensors that outlived their scope, when they are dropped. */
const dropped = new FinalizationRegistry<{ backend: Backend; buffer: Buffer }>(({ backend, buffer }) =>
  backend.free(buffer),
);

/** The memory of a variable is given back by hand. */
export function forgetMemory(variable: Owner): void {
  dropped.unregister(variable);
}

/** The numbers of a tensor of an open scope, in memory that lasts until the tensor is dropped. */
export function copyOfOwn(tensor: Owner, { backend, view: source }: Resident): Resident {
  const view: View = { buffer: backend.allocate(tensor.size, source.buffer.dtype), offset: 0 };
  if (tensor.size > 0) copyRow(backend, tensor.size, source, view);
  dropped.register(tensor, { backend, buffer: view.buffer });
  return { backend, view };
}

/** Copies `columns` elements. */
export function copyRow(backend: Backend, columns: number, source: View, target: View): void {
  backend.gatherRows({ columns, indices: Int32Array.of(0), source, target });
}

/** Zeros that take no memory, for a variable whose numbers are about to be read. */
export class Zeros implements ArrayLike<number> {
  readonly [index: number]: number;

  constructor(readonly length: number) {}
}

/** Numbers in memory that lasts until the variable is dropped. @throws OUT_OF_MEMORY */
export function placeOn(backend: Backend, variable: NamedOwner, data: ArrayLike<number>): Resident {
  const view: View = { buffer: allocateFor(variable, backend), offset: 0 };
  // A buffer begins with zeros.
  if (!(data instanceof Zeros)) backend.write(view, data);
  return ownedBy(variable, { backend, view });
}

/** Memory that from now on lasts until the variable is dropped, instead of what it had. */
export function ownedBy(variable: Owner, place: Resident): Resident {
  dropped.unregister(variable);
  dropped.register(variable, { backend: place.backend, buffer: place.view.buffer }, variable);
  return place;
}

function allocateFor({ size, name, storedType }: NamedOwner, backend: Backend): Buffer {
  try {
    return backend.allocate(size, storedType);
  } catch (error) {
    if (!(error instanceof RondoError) || error.code !== 'OUT_OF_MEMORY') throw error;
    throw new RondoError('OUT_OF_MEMORY', {
      ...error.facts,
      where: `Variable ${name}`,
      fix:
        'use fewer units. In a loop that makes and drops many models, call dispose() of each, or await something: ' +
        'the memory of what was dropped comes back between tasks only.',
      cause: error,
    });
  }
}
