import { RondoError } from '../errors.js';
import { currentRandom, type RandomState, replayed } from '../random.js';
import { describeShape, sameShape } from '../shape.js';
import { requireTensors } from './operands.js';
import { recordOperation, traced, vjp } from './tape.js';
import { innerScope, scope, Tensor } from './tensor.js';

/**
 * Runs `work(...inputs)` and gives back at once the memory of what it computes on the way; where derivatives are asked
 * for, the backward pass runs it a second time to have them. Costs one more forward pass of `work`, saves all that it
 * would have kept (Chen et al. 2016, "Training deep nets with sublinear memory cost").
 *
 * Gradients reach the inputs and every other watched tensor that `work` uses, such as the weights of layers. Both runs
 * draw the same random numbers, so dropout drops the same units. Calls may be nested.
 *
 * @param work computes from tensors and nothing else, so that it does the same twice: it changes no variable, and its
 *   layers have been built before.
 * @throws USAGE where `work` returns no tensors, changes a variable, or does not do the same the second time
 *
 * @example
 * const code = ops.checkpoint((x) => decoder.apply(encoder.apply(x, options), options), [x]);
 */
export function checkpoint<const Inputs extends readonly Tensor[], Output extends Tensor | readonly Tensor[]>(
  work: (...inputs: Inputs) => Output,
  inputs: Inputs,
): Output {
  requireTensors('checkpoint', inputs ?? [inputs]);
  return scope(() => {
    const before = currentRandom().state;
    const first = replayed(before, () => traced(() => innerScope(() => work(...inputs), listed)));
    const {
      after,
      result: { result, uses, depends },
    } = first;
    currentRandom().state = after;
    const results = listed(result);
    // What passes through unchanged keeps its own derivative.
    const places = results.flatMap((value, i) => (depends(value) ? [i] : []));
    const shapes = places.map((place) => results[place].shape);
    recordOperation(
      uses,
      places.map((place) => results[place]),
      (dResults, wanted, sums) => {
        const by = uses.filter((_, i) => wanted[i]);
        for (const value of by) sums.reserve(value);
        const again = (): Tensor[] => {
          const second = replayed(before, () => listed(work(...inputs)));
          const repeated = second.result;
          const hasShapes =
            repeated.length === results.length &&
            places.every((place, i) => sameShape(repeated[place].shape, shapes[i]));
          if (!hasShapes || !sameState(second.after, after)) throw notRepeated(results, repeated);
          return places.map((place) => repeated[place]);
        };
        innerScope(() => {
          const gradients = vjp(again, by, dResults);
          for (const value of by) {
            const gradient = gradients.get(value);
            if (gradient !== undefined) sums.add(value, gradient);
          }
        });
        return [];
      },
    );
    return result;
  });
}

function listed(result: Tensor | readonly Tensor[]): readonly Tensor[] {
  const list = result instanceof Tensor ? [result] : result;
  if (Array.isArray(list) && list.every((value) => value instanceof Tensor)) return list;
  throw new RondoError('USAGE', {
    where: 'checkpoint',
    what: 'the work returns something other than tensors.',
    expected: 'a tensor, or an array of tensors',
    received: String(result),
    fix: 'return what later steps need, as tensors.',
  });
}

function sameState(a: RandomState, b: RandomState): boolean {
  return a.spareNormal === b.spareNormal && a.words.every((word, i) => word === b.words[i]);
}

function notRepeated(first: readonly Tensor[], second: readonly Tensor[]): RondoError {
  const written = (results: readonly Tensor[]): string => results.map(({ shape }) => describeShape(shape)).join(', ');
  return new RondoError('USAGE', {
    where: 'checkpoint',
    what: 'the work did not do the same when it was run again for its derivative.',
    expected: `the same random draws, and results of shape ${written(first)}`,
    received: `other draws, or results of shape ${written(second)}`,
    fix: 'build its layers before, and let it depend on tensors alone.',
  });
}
