import { isForWholeSequence } from '../cells/leaf-role.js';
import { widthNamed } from '../cells/widths.js';
import { currentBackend } from '../kernels/select.js';
import { addInto, constantTensor, copyInto } from './accumulate.js';
import { gatherInto, scatterAdd } from './gather.js';
import { type Packing, packSequences } from './packing.js';
import { type RecurrentResult, recurrent } from './recurrent.js';
import type { RecurrentArguments } from './recurrent-arguments.js';
import { type Segment, segmentsOf } from './segments.js';
import { operation, vjp, withoutTape } from './tape.js';
import { aliasTensor, emptyTensor, innerScope, type Tensor } from './tensor.js';

/**
 * {@link recurrent} that keeps only the states every `steps` steps: the backward pass runs each segment again (Chen et
 * al. 2016, "Training deep nets with sublinear memory cost"). Outputs, states and their gradients are the same;
 * gradients of weights are the same sums in another order.
 */
export function recurrentInSegments(call: RecurrentArguments, steps: number): RecurrentResult {
  const { plan, input, initialStates } = call;
  const packing = packSequences(input.shape[0], input.shape[1], call.mask, call);
  if (packing.activeRows.length <= steps) return recurrent(call);
  const { states } = plan.cell;
  const weights = weightsOf(call);
  const inputs = [input, ...weights, ...states.map((state) => initialStates[state])];
  const [output, ...finals] = operation(inputs, () => {
    // What lies on the host is uploaded once, not once a segment.
    for (const value of inputs) value.viewOn(currentBackend());
    const run = new SegmentedRun(call, weights, packing, segmentsOf(packing, steps));
    return {
      outputs: withoutTape(() => run.forward()),
      backward: (dOutputs, wanted) => run.backward(dOutputs, wanted),
    };
  });
  return { output, finalStates: Object.fromEntries(states.map((state, i) => [state, finals[i]])) };
}

function weightsOf(call: RecurrentArguments): readonly Tensor[] {
  const { inputProjection, kernel, recurrentKernel, bias, recurrentBias, kernels = {}, vectors } = call;
  const own = [...Object.values(kernels), ...Object.values(vectors)];
  return [inputProjection, kernel, recurrentKernel, bias, recurrentBias, ...own].filter(
    (weight) => weight !== undefined,
  );
}

/** What one run keeps from its forward to its backward pass. States lie in the packing's order of sequences. */
class SegmentedRun {
  readonly #backend = currentBackend();
  readonly #batch: number;
  readonly #outputWidth: number;
  readonly #masks: Readonly<Record<string, Tensor>>;

  /** By segment and state: `[A, U]`, the states it starts from. */
  readonly #starts: readonly (readonly Tensor[])[];
  readonly #packing: Packing;

  readonly #call: RecurrentArguments;
  readonly #weights: readonly Tensor[];
  readonly #segments: readonly Segment[];

  constructor(call: RecurrentArguments, weights: readonly Tensor[], packing: Packing, segments: readonly Segment[]) {
    this.#call = call;
    this.#weights = weights;
    this.#segments = segments;
    this.#packing = packing;
    const { plan, initialStates } = call;
    this.#batch = call.input.shape[0];
    this.#outputWidth = widthNamed(call, plan.outputWidth);
    this.#masks = Object.fromEntries(
      Object.entries(call.masks).map(([name, mask]) => [name, isForWholeSequence(name) ? this.#sorted(mask) : mask]),
    );
    this.#starts = segments.map(({ rows }) =>
      plan.cell.states.map((state) => emptyTensor([rows, initialStates[state].shape[1]])),
    );
  }

  /** @returns the output, then the final states. */
  forward(): Tensor[] {
    const call = this.#call;
    const batch = this.#batch;
    const starts = this.#starts;
    const { returnSequences, initialStates } = call;
    const width = this.#outputWidth;
    const names = call.plan.cell.states;
    // They are written to, in the type in which the backend computes.
    const states = names.map((state) => floatCopy(this.#sorted(initialStates[state])));
    const output = constantTensor(returnSequences ? [batch, call.input.shape[1], width] : [batch, width], 0);
    this.#segments.forEach((segment, i) => {
      starts[i].forEach((start, j) => copyInto(start, firstRows(states[j], segment.rows)));
      innerScope(() => {
        const result = this.#run(segment, this.#inputOf(segment), starts[i]);
        names.forEach((state, j) => copyInto(states[j], result.finalStates[state]));
        if (!returnSequences) return copyInto(output, result.output);
        const shown = gatherInto([segment.stepAt.length, width], result.output, width, segment.stepAt);
        this.#backend.scatterAddRows({
          columns: width,
          indices: segment.outputPlaces,
          source: output.viewOn(this.#backend),
          target: shown.viewOn(this.#backend),
        });
      });
    });
    return [returnSequences ? output : this.#unsorted(output), ...states.map((state) => this.#unsorted(state))];
  }

  /** @returns the gradients of the input, the weights and the initial states. */
  backward(
    [dOutput, ...dFinals]: readonly (Tensor | undefined)[],
    wanted: readonly boolean[],
  ): readonly (Tensor | undefined)[] {
    const call = this.#call;
    const weights = this.#weights;
    const batch = this.#batch;
    const segments = this.#segments;
    const starts = this.#starts;
    const { input } = call;
    const dStates = starts[0].map(({ shape }, i) =>
      dFinals[i] === undefined ? constantTensor([batch, shape[1]], 0) : this.#sorted(dFinals[i]),
    );
    const dInput = wanted[0] ? constantTensor(input.shape, 0) : undefined;
    const dWeights = weights.map((weight, i) => (wanted[i + 1] ? constantTensor(weight.shape, 0) : undefined));
    const wantedWeights = weights.filter((_, i) => wanted[i + 1]);
    for (let i = segments.length - 1; i >= 0; i--) {
      const segment = segments[i];
      innerScope(() => {
        const own = this.#inputOf(segment);
        const by = [...(dInput === undefined ? [] : [own]), ...wantedWeights, ...starts[i]];
        const again = (): Tensor[] => {
          const result = this.#run(segment, own, starts[i]);
          return [result.output, ...call.plan.cell.states.map((state) => result.finalStates[state])];
        };
        const dResults = [
          dOutput && this.#outputGradient(segment, dOutput),
          ...dStates.map((dState) => firstRows(dState, segment.rows)),
        ];
        const gradients = vjp(again, by, dResults);
        starts[i].forEach((start, j) => copyInto(dStates[j], gradients.get(start)!));
        weights.forEach((weight, j) => {
          const [sum, gradient] = [dWeights[j], gradients.get(weight)];
          if (sum !== undefined && gradient !== undefined) addInto(sum, gradient);
        });
        const dOwn = gradients.get(own);
        if (dInput === undefined || dOwn === undefined) return;
        this.#backend.scatterAddRows({
          columns: input.shape[2],
          indices: segment.sourceOf,
          source: dInput.viewOn(this.#backend),
          target: dOwn.viewOn(this.#backend),
        });
      });
    }
    return [dInput, ...dWeights, ...dStates.map((dState) => this.#unsorted(dState))];
  }

  #run({ rows, mask, firstRow, numRows }: Segment, input: Tensor, starts: readonly Tensor[]): RecurrentResult {
    const call = this.#call;
    const masks = Object.entries(this.#masks).map(([name, values]): [string, Tensor] => [
      name,
      isForWholeSequence(name)
        ? firstRows(values, rows)
        : aliasTensor(values, [numRows, values.shape[1]], firstRow * values.shape[1]),
    ]);
    const initialStates = Object.fromEntries(call.plan.cell.states.map((state, i) => [state, starts[i]]));
    // A derivative that is asked for keeps what it needs in any case.
    return recurrent({
      ...call,
      input,
      mask,
      initialStates,
      masks: Object.fromEntries(masks),
      reverse: false,
      outputOrder: 'time',
      training: false,
    });
  }

  #inputOf({ rows, steps, sourceOf }: Segment): Tensor {
    const { input } = this.#call;
    return gatherInto([rows, steps, input.shape[2]], input, input.shape[2], sourceOf);
  }

  /** dL/d(output) of a segment: of all its steps, or of the last steps of those sequences that end in it. */
  #outputGradient({ rows, steps, rowsAfter, outputPlaces, stepAt }: Segment, dOutput: Tensor): Tensor {
    const { returnSequences } = this.#call;
    const width = this.#outputWidth;
    if (returnSequences)
      return scatterAdd(
        gatherInto([outputPlaces.length, width], dOutput, width, outputPlaces),
        [rows, steps, width],
        width,
        stepAt,
      );
    const ending = this.#packing.order.slice(0, rows).map((sequence, row) => (row < rowsAfter ? -1 : sequence));
    return gatherInto([rows, width], dOutput, width, ending);
  }

  /** Of rows `[B, ...]`. */
  #sorted(values: Tensor): Tensor {
    return gatherInto(values.shape, values, values.shape[1], this.#packing.order);
  }

  #unsorted(values: Tensor): Tensor {
    return gatherInto(values.shape, values, values.shape[1], this.#packing.rankOf);
  }
}

function firstRows(values: Tensor, rows: number): Tensor {
  return aliasTensor(values, [rows, values.shape[1]]);
}

function floatCopy(values: Tensor): Tensor {
  if (values.storedType === undefined) return values;
  const copy = emptyTensor(values.shape);
  copyInto(copy, values);
  return copy;
}
