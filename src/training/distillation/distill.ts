import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../../errors.js';
import type { Shape } from '../../shape.js';
import type { SoftTargets } from '../../tensor/soft-targets.js';
import { BatchReader } from '../batch.js';
import type { Dataset } from '../dataset.js';
import type { GivenData } from '../evaluation.js';
import { type FitOptions, fitOptionNames } from '../fit-options.js';
import type { History } from '../history.js';
import type { ModelData } from '../host-data.js';
import { sliceRows } from '../rows.js';
import type { Trainable } from '../trainable.js';
import { fitModel } from '../trainer.js';
import { TaughtSource, type Teaching } from './taught-source.js';
import { Teacher } from './teacher.js';

/** How a teacher teaches; see {@link distill}. */
export interface TeachingOptions {
  /** T, what the logits of teacher and student are divided by. Default 2. */
  temperature?: number | undefined;
  /** How much the teacher counts, from 0 to 1; the targets count the rest. Default 0.5, and 1 without targets. */
  alpha?: number | undefined;
  /** How many classes the teacher gives a probability of each; all others are one. Default 32. */
  topK?: number | undefined;
}

/** What {@link distill} is given: data, how the teacher teaches, and the options of `fit`. */
export interface DistillOptions<Student extends Trainable = Trainable> extends TeachingOptions, FitOptions<Student> {
  x?: ModelData | undefined;
  /** Class indices, or one-hot where the student's loss takes such. Without them only the teacher teaches. */
  y?: ModelData | undefined;
  /** Batches in the place of `x` and `y`, as `fit` takes them. */
  dataset?: Dataset | undefined;
}

/**
 * Trains a student on what a trained teacher says of the data, and on their targets: the loss of each distribution is
 *
 *     (1 - alpha) loss(y, p) + alpha T^2 H(q, s),   q = softmax(z / T), s = softmax(x / T)
 *
 * with the logits z of the teacher and x of the student, and the cross-entropy H, which has the derivative of the
 * divergence from q to s. Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network", section 2. Of q
 * the `topK` likeliest classes are kept, and all others are one class, of q and of s; see {@link SoftTargets}.
 *
 * Models may end in a {@link CRF}. A student with one and the loss `crf` learns the teacher's distribution over whole
 * sequences of labels: H is the cross-entropy of both, exactly, with all scores over T and every label named whatever
 * `topK` is. One without learns the probability of each label at each step, given the whole sequence.
 *
 * The student is compiled with `sparseCategoricalCrossentropy`, `categoricalCrossentropy` or `crf`, and both models end in one
 * distribution over the same classes: after a softmax, or as logits (with the loss's `fromLogits`). The teacher is asked
 * batch by batch, without dropout; a stateful one begins each epoch anew. All of `fit` stays: validation reports the
 * student's own loss, checkpoints hold the student, and a run is resumed with the same teacher. With alpha 0 nothing is
 * asked, and the bits are those of `fit`.
 *
 * @example
 * student.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
 * await distill(teacher, student, { x, y, temperature: 2, alpha: 0.5, epochs: 10 });
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME, USAGE for options and losses; SHAPE_MISMATCH for other classes; and as `fit`
 */
export async function distill<Student extends Trainable>(
  teacher: Trainable,
  student: Student,
  options: DistillOptions<Student>,
): Promise<History> {
  const isDataset = options.dataset !== undefined;
  refuseUnknownOptions(where, options, [...ownNames, ...fitOptionNames(isDataset)]);
  const { x, y, dataset, temperature, alpha, topK, ...fitOptions } = options;
  const isLabelled = isDataset || y !== undefined;
  const teaching = resolvedTeaching(where, { temperature, alpha: alpha ?? (isLabelled ? 0.5 : 1), topK });
  if (!isLabelled && teaching.alpha !== 1) throw noTargets(teaching.alpha);
  const ofSequences = requirePair(teacher, student, isLabelled) === 'crf';
  const asked = new Teacher(teacher, where);
  const data = dataset === undefined ? await arraysOf(asked, student, options) : { dataset };
  if (teaching.alpha === 0) return fitModel(student, data, fitOptions);
  const wholeTeaching = { ...teaching, ofSequences };
  return fitModel(student, data, fitOptions, (source) => new TaughtSource(source, asked, student, wholeTeaching));
}

const where = 'distill';
const ownNames = ['x', 'y', 'dataset', 'temperature', 'alpha', 'topK'] as const;

/** @internal With defaults, checked. @throws OUT_OF_RANGE */
export function resolvedTeaching(place: string, given: TeachingOptions): Omit<Teaching, 'ofSequences'> {
  const { temperature = 2, alpha = 0.5, topK = 32 } = given;
  requireNumber(place, 'temperature', temperature, 'a number above 0', (t) => t > 0);
  requireNumber(place, 'alpha', alpha, 'a number from 0 to 1', (share) => share >= 0 && share <= 1);
  requireCount(place, 'topK', topK);
  return { temperature, alpha, topK };
}

/**
 * Losses of labels that may stand beside what a teacher says: those of one distribution over classes, and of one over
 * sequences of them.
 */
const labelLosses = ['sparseCategoricalCrossentropy', 'categoricalCrossentropy', 'crf'];

/** The name of the student's loss. @throws USAGE for a teacher that is the student, or a loss that is not of classes */
function requirePair(teacher: Trainable, student: Trainable, isLabelled: boolean): string {
  if (teacher === student)
    throw new RondoError('USAGE', {
      where,
      what: 'the teacher is the student.',
      expected: 'two models',
      fix: 'load the teacher again, or build another student.',
    });
  const loss = student.requireCompiled(where).config?.loss;
  const name = loss !== undefined && 'name' in loss && typeof loss.name === 'string' ? loss.name : 'another loss';
  const fitting = isLabelled ? labelLosses : labelLosses.slice(0, 1);
  if (fitting.includes(name)) return name;
  throw new RondoError('USAGE', {
    where,
    what: `the student's loss is not one of ${isLabelled ? 'classes' : 'class indices, which the teacher gives'}.`,
    expected: fitting.join(' or '),
    received: name,
    fix: isLabelled
      ? 'compile the student with one of these; numbers are learned with student.fit(x, await teacher.predict(x)).'
      : 'compile the student with it, or give `y`.',
  });
}

/** `x` with its targets: the likeliest classes of the teacher where none are given. @throws USAGE */
async function arraysOf<Student extends Trainable>(
  teacher: Teacher,
  student: Student,
  { x, y, batchSize = 32 }: DistillOptions<Student>,
): Promise<GivenData> {
  if (x === undefined)
    throw new RondoError('USAGE', {
      where,
      what: 'the data are missing.',
      expected: '`x`, or `dataset`',
      fix: 'write distill(teacher, student, { x, y }).',
    });
  if (y !== undefined) return { x, y };
  requireCount(where, 'batchSize', batchSize);
  const { arrays, numRows } = new BatchReader(student, where).readInputs(x);
  const classes: number[] = [];
  let steps: Shape = [];
  teacher.forget();
  for (let start = 0; start < numRows; start += batchSize) {
    const rows = arrays.map((array) => sliceRows(array, start, Math.min(numRows, start + batchSize)));
    const said = await teacher.ask(rows, 1, 1);
    for (const own of said.classes) classes.push(own);
    steps = said.shape.slice(1, -1);
  }
  return { x, y: { data: Int32Array.from(classes), shape: [numRows, ...steps] } };
}

function noTargets(alpha: number): RondoError {
  return new RondoError('USAGE', {
    where,
    what: 'without `y` there is only the teacher to learn from.',
    expected: 'alpha 1, or none',
    received: `alpha ${alpha}`,
    fix: 'leave `alpha` out, or give `y`.',
  });
}
