import { RondoError } from '../errors.js';
import { describeShape, type Shape } from '../shape.js';

/** Entries that are shown of an axis; where there are more, the first of them and how many follow. */
const SHOWN = 6;

/** Numbers with a shape that can be looked at, and are no number to JavaScript's operators. */
export abstract class ShownNumbers {
  abstract readonly shape: Shape;

  /** @internal */
  abstract hostNumbers(): ArrayLike<number>;

  /** What {@link ShownNumbers.toString} calls it. */
  protected get title(): string {
    return 'Tensor';
  }

  /** Shape, precision and some of the numbers: what Node's `console.log` shows. */
  toString(): string {
    try {
      return showNumbers(this.title, this.shape, this.hostNumbers());
    } catch (error) {
      if (error instanceof RondoError) return `${this.title} ${describeShape(this.shape)} (${error.facts.what})`;
      throw error;
    }
  }

  /** @internal */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Operators would make NaN of tensors. @throws USAGE but for text */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new RondoError('USAGE', {
      where: 'Tensor',
      what: 'a tensor was used as a number.',
      expected: 'the operations of tensors: ops.add, ops.mul, ops.tanh ...',
      received: `an operator or a function of Math with a tensor of shape ${describeShape(this.shape)}`,
      fix:
        'write ops.mul(x, 2) for `x * 2`, ops.tanh(x) for `Math.tanh(x)`; item() gives the number of a tensor ' +
        'that has one.',
    });
  }
}

/**
 * `Tensor [2, 40] float32 [[0.5, 1, 0, -2, 3.25, 1, ... 34 more], [...]]`: shape, precision and some of the numbers.
 */
function showNumbers(title: string, shape: Shape, data: ArrayLike<number>): string {
  const precision = data.constructor.name.replace('Array', '').toLowerCase();
  const level = (axis: number, start: number, size: number): string => {
    if (axis === shape.length) return shortNumber(data[start]);
    const stride = size / Math.max(1, shape[axis]);
    const shown = Math.min(SHOWN, shape[axis]);
    const entries = Array.from({ length: shown }, (_, i) => level(axis + 1, start + i * stride, stride));
    if (shape[axis] > shown) entries.push(`... ${shape[axis] - shown} more`);
    return `[${entries.join(axis === shape.length - 1 ? ', ' : `,\n${' '.repeat(axis + 1)}`)}]`;
  };
  const numbers = level(0, 0, data.length);
  return `${title} ${describeShape(shape)} ${precision}${numbers.includes('\n') ? '\n' : ' '}${numbers}`;
}

function shortNumber(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(5)));
}
