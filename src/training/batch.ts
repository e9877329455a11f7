import { RondoError } from '../errors.js';
import type { OutputHead } from '../layers/output-head.js';
import { describeShape } from '../shape.js';
import type { SoftTargets } from '../tensor/soft-targets.js';
import type { Tensor } from '../tensor/tensor.js';
import type { DatasetBatch } from './dataset.js';
import { requireFiniteData } from './finite-data.js';
import { arrayNames, type HostArray, type HostArrays, hostArrays, type ModelData, numRowsOf } from './host-data.js';
import type { Loss } from './losses/loss.js';
import type { Weighting } from './losses/value.js';
import { type OutputForm, outputNames } from './model-outputs.js';
import { firstRow } from './rows.js';
import type { Trainable } from './trainable.js';

/** Rows of a model's inputs and targets, checked, in the model's order. */
export interface Batch {
  readonly inputs: readonly HostArray[];
  /** By output. */
  readonly targets: readonly HostArray[];
  /** By output. */
  readonly sampleWeights: readonly (HostArray | undefined)[];
  readonly numRows: number;
  /** Of a model of one output: what training holds it against beside the targets. */
  readonly taught?: Taught | undefined;
}

/** What a teacher says of a batch. */
export interface Taught {
  /** Undefined where it speaks of whole sequences of labels. */
  readonly softTargets?: SoftTargets | undefined;
  /** The loss of a batch whose labels are not scored: that of the labels for its share, and that of the soft targets. */
  lossWith(ofLabels: Tensor, head: OutputHead, loss: Loss, weighting: Weighting): Tensor;
}

/** One pass through the batches of an epoch. */
export interface BatchIterator {
  /** The next batch, valid until the one after it is asked for; undefined after the last. */
  next(): Batch | undefined | Promise<Batch | undefined>;
  close(): void | Promise<void>;
}

/** Where batches come from. */
export interface BatchSource {
  /** Undefined where it is not known before the end. */
  readonly numBatches: number | undefined;
  readonly numRows: number | undefined;
  /** @param seed decides the order of the epoch. @param skip how many batches to leave out at the start. */
  open(epoch: number, seed: number, skip: number): BatchIterator;
}

/** Reads data of any form for one model; the first data it reads build the model. */
export class BatchReader {
  readonly #where: string;

  readonly #model: Trainable;

  constructor(model: Trainable, where: string) {
    this.#model = model;
    this.#where = where;
  }

  /**
   * @param place added to where the data come from, in messages. @throws SHAPE_MISMATCH, NOT_FINITE, DATA_FORMAT, USAGE
   */
  read({ x, y, sampleWeight }: DatasetBatch, place = ''): Batch {
    const where = this.#where + place;
    const { arrays: inputs, names, numRows } = this.readInputs(x, where);
    if (y === undefined || y === null)
      throw new RondoError('USAGE', {
        where,
        what: '`y` is missing.',
        expected: 'one target for every row of `x`',
        fix: 'give the targets as the second argument.',
      });
    const given = hostArrays(y, where, 'y');
    const form = this.#model.outputArrangement!;
    const outputs = outputNames(form, this.#model.numOutputs);
    const targets = inOrder(given, typeof form === 'string' ? undefined : outputs, where, 'y', outputs.length);
    const targetNames = arrayNames(given, 'y');
    given.arrays.forEach((array, i) => requireFiniteData(where, targetNames[i], array));
    numRowsOf([inputs[0], ...given.arrays], where, [names[0], ...targetNames]);
    this.#requireTargets(targets, form, where);
    return {
      inputs,
      targets,
      sampleWeights: readWeights(where, sampleWeight, { first: inputs[0], name: names[0] }, outputs),
      numRows,
    };
  }

  /** Refuses targets that the losses cannot take, as far as they can say so without predictions. */
  #requireTargets(targets: readonly HostArray[], form: OutputForm, where: string): void {
    const judged = this.#model.compiledTraining?.outputs(form, targets.length) ?? [];
    judged.forEach(({ name, loss }, i) => {
      const width = this.#model.outputWidths[i] ?? null;
      if (width !== null)
        loss.requireTargets?.(targets[i], width, where, form === 'one' ? 'the targets' : `the targets of \`${name}\``);
    });
  }

  /** Reads and checks inputs alone, and builds the model where it is not. */
  readInputs(
    x: ModelData,
    where = this.#where,
  ): { arrays: readonly HostArray[]; names: readonly string[]; numRows: number } {
    const model = this.#model;
    const given = hostArrays(x, where, 'x');
    const names = arrayNames(given, 'x');
    given.arrays.forEach((array, i) => requireFiniteData(where, names[i], array));
    const numRows = numRowsOf(given.arrays, where, names);
    if (numRows === 0) {
      throw new RondoError('SHAPE_MISMATCH', {
        where,
        what: '`x` has no rows.',
        expected: 'at least one row',
        received: describeShape(given.arrays[0].shape),
        fix: 'give data.',
      });
    }
    const arrays = inOrder(given, model.inputNames, where, 'x');
    const shapes = arrays.map(({ shape }) => shape.slice(1));
    model.requireInputShapes(shapes, where);
    if (model.outputArrangement === undefined) model.buildOn(shapes, () => arrays.map(firstRow));
    return { arrays, names, numRows };
  }
}

/** Sample weights by output; one array stands for all outputs. */
function readWeights(
  where: string,
  given: DatasetBatch['sampleWeight'],
  input: { first: HostArray; name: string },
  outputs: readonly string[],
): readonly (HostArray | undefined)[] {
  if (given === undefined) return outputs.map(() => undefined);
  const read = hostArrays(given as ModelData, where, 'sampleWeight');
  const names = arrayNames(read, 'sampleWeight');
  read.arrays.forEach((array, i) => requireFiniteData(where, names[i], array));
  numRowsOf([input.first, ...read.arrays], where, [input.name, ...names]);
  if (read.names === undefined && read.arrays.length === 1) return outputs.map(() => read.arrays[0]);
  if (read.names === undefined) return inOrder(read, undefined, where, 'sampleWeight', outputs.length);
  if (read.names.some((name) => !outputs.includes(name))) throw wrongNames(where, 'sampleWeight', outputs, read.names);
  return outputs.map((name) => read.arrays[read.names!.indexOf(name)]);
}

/** Arrays in the order of names; a list is in order already. */
function inOrder(
  { arrays, names }: HostArrays,
  order: readonly string[] | undefined,
  where: string,
  what: string,
  count = order?.length,
): readonly HostArray[] {
  if (names === undefined) {
    if (count === undefined || arrays.length === count) return arrays;
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: `\`${what}\` has another number of arrays than the model takes.`,
      expected: order === undefined ? String(count) : `${count}: ${order.join(', ')}`,
      received: String(arrays.length),
      fix: 'give one array for each.',
    });
  }
  if (order === undefined) {
    throw new RondoError('USAGE', {
      where,
      what: `\`${what}\` is given by name, but the model does not name its ${what === 'x' ? 'inputs' : 'outputs'}.`,
      expected: 'an array, or a list of tensors',
      received: `{ ${names.join(', ')} }`,
      fix:
        what === 'x'
          ? "declare `inputNames` in the model's class, in the order of `call`."
          : 'return an object of tensors from `call`.',
    });
  }
  if (names.length !== order.length || order.some((name) => !names.includes(name)))
    throw wrongNames(where, what, order, names);
  return order.map((name) => arrays[names.indexOf(name)]);
}

function wrongNames(where: string, what: string, expected: readonly string[], received: readonly string[]): RondoError {
  return new RondoError('UNKNOWN_NAME', {
    where,
    what: `the names of \`${what}\` are not those of the model.`,
    expected: `{ ${expected.join(', ')} }`,
    received: `{ ${received.join(', ')} }`,
    fix: 'use the names of the model.',
  });
}
