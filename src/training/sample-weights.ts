import { RondoError, refuseUnknownOptions, requireNumber, unknownName } from '../errors.js';
import { describeShape, type Shape, sameShape, sizeOf } from '../shape.js';
import type { OutputTraining } from './compiled.js';
import type { HostArray } from './host-data.js';
import { argMaxOf } from './metrics/metric.js';

/** By class: how much its samples count; 1 for a class that is not named. */
export type ClassWeight = Readonly<Record<number, number>>;

/** The same of one output, or of some by their names. */
export type GivenClassWeight = ClassWeight | Readonly<Record<string, ClassWeight>>;

function isByOutput(given: GivenClassWeight): given is Readonly<Record<string, ClassWeight>> {
  return Object.values(given).some((weight) => Object(weight) === weight);
}

/**
 * The class weights of each output.
 *
 * @throws UNKNOWN_NAME; USAGE for what is no object, and where it does not say which output it is for; OUT_OF_RANGE for
 *   a class that the output has not, or a weight below 0
 */
export function classWeightsByOutput(
  given: GivenClassWeight | undefined,
  outputs: readonly OutputTraining[],
  widths: readonly (number | null)[],
  where: string,
): readonly (ClassWeight | undefined)[] {
  if (given === undefined) return [];
  refuseUnknownOptions(`${where}.classWeight`, given, Object.keys(Object(given)));
  const names = outputs.map(({ name }) => name);
  if (!isByOutput(given) && names.length > 1) {
    throw new RondoError('USAGE', {
      where,
      what: '`classWeight` does not say which output it is for.',
      expected: 'class weights by output',
      received: Object.keys(given).join(', '),
      fix: `write classWeight: { ${names[0]}: { 0: 1, 1: 5 } }.`,
    });
  }
  const byOutput = isByOutput(given) ? given : { [names[0]]: given };
  const unknown = Object.keys(byOutput).find((name) => !names.includes(name));
  if (unknown !== undefined) throw unknownName(`${where}.classWeight`, 'output', unknown, names);
  return outputs.map(({ name, loss }, i) => {
    const width = widths[i];
    const numClasses = width !== 1 ? (width ?? Infinity) : loss.name === 'binaryCrossentropy' ? 2 : Infinity;
    for (const [label, weight] of Object.entries(byOutput[name] ?? {})) {
      requireNumber(where, `classWeight[${label}]`, weight, 'a number of at least 0', (v) => v >= 0);
      requireNumber(
        where,
        'a class of classWeight',
        Number(label),
        `a class from 0 to ${numClasses - 1}`,
        (v) => Number.isInteger(v) && v >= 0 && v < numClasses,
      );
    }
    return byOutput[name];
  });
}

/**
 * The weight of each sample (or step) by its class, from targets that are class indices, one-hot rows, or single
 * scores.
 *
 * @param output the shape of the predictions.
 */
export function classWeights(classWeight: ClassWeight, { data, shape }: HostArray, output: Shape): HostArray {
  const rows = output.slice(0, -1);
  const classes = output.at(-1) ?? 1;
  const isOneHot = classes > 1 && sameShape(shape, output);
  const numRows = sizeOf(rows);
  if (!isOneHot && data.length !== numRows) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'classWeight',
      what: 'the targets are neither class indices nor one-hot rows.',
      expected: `${describeShape(rows)} or ${describeShape(output)}`,
      received: describeShape(shape),
      fix: 'use classWeight with classification targets only.',
    });
  }
  const weights = new Float64Array(numRows);
  for (let row = 0; row < numRows; row++) {
    const label = isOneHot ? argMaxOf(data, row * classes, classes) : Math.round(data[row]);
    weights[row] = classWeight[label] ?? 1;
  }
  return { data: weights, shape: rows };
}

/** The product of two weights per sample or step; steps take the weight of their sample. */
export function multiplied(a: HostArray | undefined, b: HostArray | undefined): HostArray | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [fine, coarse] = a.data.length >= b.data.length ? [a, b] : [b, a];
  const repeat = fine.data.length / Math.max(1, coarse.data.length);
  const product = new Float64Array(fine.data.length);
  for (let i = 0; i < product.length; i++) product[i] = fine.data[i] * coarse.data[Math.floor(i / repeat)];
  return { data: product, shape: fine.shape };
}
