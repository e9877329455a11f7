import { type DType, isFloating } from '../dtype.js';
import { convert } from '../kernels/convert.js';
import { currentBackend } from '../kernels/select.js';
import { requireTensors } from './operands.js';
import { operation } from './tape.js';
import { emptyTensor, type Tensor } from './tensor.js';
import { requireDtype } from './typed-numbers.js';

/**
 * The same numbers stored in another type. Floats are rounded to the nearest value, ties to even; whole numbers are what
 * is left of the point, kept within the type's bounds. The derivative passes unchanged between floating types; whole
 * numbers have none.
 *
 * @throws UNKNOWN_NAME
 *
 * @example
 * const half = ops.cast(weights, 'float16'); // half the memory, 11 significant bits
 */
export function cast(source: Tensor, dtype: DType): Tensor {
  requireTensors('cast', [source]);
  requireDtype('cast', dtype);
  if (source.dtype === dtype) return source;
  const passes = isFloating(dtype) && isFloating(source.dtype);
  const [result] = operation([source], () => {
    const backend = currentBackend();
    const output = emptyTensor(source.shape, dtype);
    convert(backend, source.size, source.storedViewOn(backend), output.storedViewOn(backend));
    return { outputs: [output], backward: ([dOutput]) => [passes ? dOutput : undefined] };
  });
  return result;
}
