import {
  RondoError,
  refuseUnknownOptions,
  requireCount,
  requireKind,
  unknownName,
  withinMemory,
} from '../../errors.js';
import { openScope } from '../../tensor/open-scope.js';
import type { FlatArray, Tensor } from '../../tensor/tensor.js';
import type { Variable } from '../../tensor/variable.js';
import { requireFiniteData } from '../finite-data.js';
import { type HostArray, hostArray, type OneArray } from '../host-data.js';
import type { Model } from '../model.js';
import { arranged, type ModelOutput } from '../model-outputs.js';
import { ModelStream, requireRows, type Stepped, type StepValues, type StreamOptions } from '../model-stream.js';
import type { GraphStepper } from './graph-stepper.js';
import { PackedSteps, type SeveralValues } from './packed-steps.js';

/** Inputs that are whole before the first step, by name: an array `[batch, ...]` each. */
export type FixedInputs = Readonly<Record<string, OneArray>>;

export interface GraphStreamOptions extends StreamOptions {
  /**
   * Inputs that stay over all steps, such as the sentence that is translated, by name: what depends on them alone is
   * computed once, and again at each `reset()`. Default: none.
   */
  fixed?: FixedInputs | undefined;
  /** Sequences that go on side by side. Default: as many as the fixed inputs have rows, else 1. */
  batchSize?: number | undefined;
}

/** A {@link ModelStream} of a graph, which may have several inputs and outputs. */
export class GraphStream<Output extends ModelOutput = Tensor> extends ModelStream<Output> {
  readonly #model: Model<Output>;
  readonly #steps: PackedSteps;
  readonly #stepsOf: (batchSize: number) => PackedSteps;

  /** @internal Use {@link Functional.stream}. @param stepsOf steps of another number of sequences. */
  constructor(
    model: Model<Output>,
    batchSize: number,
    steps: PackedSteps,
    stepsOf: (batchSize: number) => PackedSteps,
  ) {
    super(model, { batchSize }, steps);
    this.#model = model;
    this.#steps = steps;
    this.#stepsOf = stepsOf;
  }

  /**
   * Takes one step of every sequence.
   *
   * @param input of one input as in {@link ModelStream.step}; of several an object by name, or a list
   * @returns the outputs as the model arranges them, each flat, in the same arrays at every step
   * @throws UNKNOWN_NAME; as {@link ModelStream.step}
   */
  override step(input: StepValues | SeveralValues): Stepped<Output> {
    return this.#arranged(super.step(this.#steps.packed(input)));
  }

  override async stepAsync(input: StepValues | SeveralValues): Promise<Stepped<Output>> {
    return this.#arranged(await super.stepAsync(this.#steps.packed(input)));
  }

  /**
   * Goes back to where sequences begin. What depends on fixed inputs alone is computed anew, with the weights as they are.
   *
   * @param options other fixed inputs, all of them; by default those of before. @throws as {@link Model.stream}, before
   *   anything changes
   */
  override reset(options: { fixed?: FixedInputs | undefined } = {}): void {
    const where = `${this.#model.className}.stream.reset`;
    refuseUnknownOptions(where, options, ['fixed']);
    const whole = options.fixed && this.#steps.wholeOf(fixedArrays(options.fixed, where), where);
    const unread = withinMemory(where, () => this.#steps.hold(whole));
    super.reset();
    this.#steps.begin();
    this.#renewed(unread);
  }

  /**
   * Another stream of the model, in which sequence i goes on from that of `rows[i]`, with its states and with what was
   * computed of its fixed inputs: to follow several ways from each sentence, or fewer sentences. This one stays as it is.
   *
   * @param into a stream that an earlier call gave for as many rows: it is used again, and what was worked out for its
   *   steps, where that still fits. @throws SHAPE_MISMATCH, OUT_OF_RANGE; USAGE for one of another model, or with other
   *   fixed inputs; before anything changes
   */
  spread(rows: ArrayLike<number>, into?: GraphStream<Output>): GraphStream<Output> {
    const where = `${this.#model.className}.stream.spread`;
    if (into !== undefined && (into.#model !== this.#model || !into.#steps.isAlike(this.#steps)))
      throw new RondoError('USAGE', {
        where,
        what: '`into` is a stream of another model, or with other fixed inputs.',
        fix: 'give a stream that an earlier spread() of this one gave, or none.',
      });
    const taken = requireRows(rows, { count: into?.batchSize ?? rows.length, batchSize: this.batchSize, where });
    if (into !== undefined) {
      into.#renewed(into.#steps.takeRows(this.#steps, taken));
      return into;
    }
    return withinMemory(where, () => {
      const steps = this.#stepsOf(taken.length);
      const stream = new GraphStream(this.#model, taken.length, steps, this.#stepsOf);
      steps.takeRows(this.#steps, taken);
      return stream;
    });
  }

  override dispose(): void {
    super.dispose();
    this.#steps.dispose();
  }

  /** Notes the next step anew where it reads other variables. */
  #renewed(unread: readonly Variable[]): void {
    if (unread.length > 0) this.forget();
    // Inside of a scope, which may still use them, they are left to be found when nothing does.
    if (openScope() === undefined) for (const variable of unread) variable.dispose();
  }

  #arranged(all: unknown): Stepped<Output> {
    return arranged(this.#steps.apart(all as FlatArray), this.#model.outputArrangement!) as Stepped<Output>;
  }
}

/**
 * A stream of a graph.
 *
 * @param stepperOf makes what runs a step. @throws USAGE naming a layer that cannot be run so; UNKNOWN_NAME,
 *   SHAPE_MISMATCH, NOT_FINITE, OUT_OF_RANGE
 */
export function streamOfGraph<Output extends ModelOutput>(
  model: Model<Output>,
  stepperOf: (batchSize: number, isFixed: readonly boolean[]) => GraphStepper,
  options: GraphStreamOptions,
): GraphStream<Output> {
  const where = `${model.className}.stream`;
  refuseUnknownOptions(where, options, ['batchSize', 'fixed']);
  const fixed = fixedArrays(options.fixed ?? {}, where);
  const [first] = fixed.values();
  const { batchSize = first?.shape[0] ?? 1 } = options;
  requireCount(where, 'batchSize', batchSize);
  const names = model.inputNames!;
  for (const name of fixed.keys()) if (!names.includes(name)) throw unknownName(`${where}.fixed`, 'input', name, names);
  requireKind(fixed.size < names.length, options.fixed, {
    where,
    what: 'every input is fixed, and none goes along with the steps.',
    fix: 'use predict.',
  });
  const isFixed = names.map((name) => fixed.has(name));
  const stepsOf = (size: number): PackedSteps => {
    const inputs = names.map((name, i) => ({
      name,
      shape: [size, ...model.inputSampleShapes![i].slice(1)],
      isFixed: isFixed[i],
    }));
    return new PackedSteps(inputs, stepperOf(size, isFixed), isCompiled);
  };
  let isCompiled = false;
  return withinMemory(where, () => {
    const steps = stepsOf(batchSize);
    isCompiled = true;
    steps.hold(steps.wholeOf(fixed, where));
    const stream = new GraphStream(model, batchSize, steps, stepsOf);
    steps.begin();
    return stream;
  });
}

/** @throws SHAPE_MISMATCH, NOT_FINITE, DATA_FORMAT */
function fixedArrays(fixed: FixedInputs, where: string): ReadonlyMap<string, HostArray> {
  requireKind(Object.getPrototypeOf(Object(fixed)) === Object.prototype, fixed, {
    where,
    what: '`fixed` does not say which inputs it is for.',
    fix: 'give an object of arrays by the names of inputs.',
  });
  return new Map(
    Object.entries(fixed).map(([name, given]) => {
      const { data, shape } = hostArray(given, where, `fixed.${name}`);
      requireFiniteData(where, `fixed.${name}`, { data, shape });
      return [name, { data: data.slice(), shape }]; // a later reset computes with it again
    }),
  );
}
