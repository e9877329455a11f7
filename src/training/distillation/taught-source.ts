import { RondoError } from '../../errors.js';
import { describeShape, type Shape } from '../../shape.js';
import { SoftTargets } from '../../tensor/soft-targets.js';
import type { Batch, BatchIterator, BatchSource } from '../batch.js';
import type { Trainable } from '../trainable.js';
import { TaughtBatch } from './taught-batch.js';
import { TaughtChains } from './taught-chains.js';
import type { Teacher } from './teacher.js';

/** What is asked of a teacher, and how much it counts. */
export interface Teaching {
  /** Whether the student learns whole sequences of labels. */
  readonly ofSequences: boolean;
  readonly temperature: number;
  readonly alpha: number;
  readonly topK: number;
}

/** Batches with what a teacher says of them: it is asked when a batch is, and nothing of an answer is kept. */
export class TaughtSource implements BatchSource {
  readonly #source: BatchSource;
  readonly #teacher: Teacher;
  readonly #student: Trainable;
  readonly #teaching: Teaching;

  constructor(source: BatchSource, teacher: Teacher, student: Trainable, teaching: Teaching) {
    this.#source = source;
    this.#teacher = teacher;
    this.#student = student;
    this.#teaching = teaching;
  }

  get numBatches(): number | undefined {
    return this.#source.numBatches;
  }

  get numRows(): number | undefined {
    return this.#source.numRows;
  }

  open(epoch: number, seed: number, skip: number): BatchIterator {
    const teacher = this.#teacher;
    // One that carries states must read what is left out too.
    const iterator = this.#source.open(epoch, seed, 0);
    let numToSkip = skip;
    teacher.forget();
    return {
      next: async () => {
        for (; numToSkip > 0; numToSkip--) {
          const skipped = await iterator.next();
          if (skipped !== undefined && (numToSkip === skip || teacher.carriesStates)) await this.#taught(skipped);
        }
        const batch = await iterator.next();
        return batch && this.#taught(batch);
      },
      close: async () => {
        await iterator.close();
        teacher.forget();
      },
    };
  }

  async #taught(batch: Batch): Promise<Batch> {
    const { temperature, alpha, topK, ofSequences } = this.#teaching;
    if (ofSequences) {
      const chains = await this.#teacher.askSequences(batch.inputs);
      this.#requireClasses(chains.shape);
      return { ...batch, taught: new TaughtChains(chains, { temperature, alpha }) };
    }
    const { rows, classes, probabilities, shape } = await this.#teacher.ask(batch.inputs, temperature, topK);
    this.#requireClasses(shape);
    const softTargets = new SoftTargets({ rows, classes, probabilities, temperature, alpha });
    return { ...batch, taught: new TaughtBatch(softTargets) };
  }

  /** @throws SHAPE_MISMATCH */
  #requireClasses(shape: Shape): void {
    const widths = this.#student.outputWidths;
    if (widths.length === 1 && (widths[0] === null || widths[0] === shape.at(-1))) return;
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'distill',
      what: 'teacher and student do not predict the same classes.',
      expected: `one output of ${shape.at(-1)} classes, as the teacher's ${describeShape(shape)}`,
      received: `outputs of ${widths.map((width) => width ?? 'any number of').join(' and ')} classes`,
      fix: 'give the student the classes of the teacher, in its order.',
    });
  }
}
