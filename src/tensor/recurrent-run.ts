import { isForWholeSequence } from '../cells/leaf-role.js';
import { gateRowWidth, gatesWidth, widthNamed } from '../cells/widths.js';
import type {
  CompressedRecurrentWeights,
  RecurrentBackwardCall,
  RecurrentForwardCall,
  RecurrentWeights,
  Strided,
  View,
} from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { addTensors, constantTensor } from './accumulate.js';
import { gatherInto, scatterAdd } from './gather.js';
import { InputProduct } from './input-product.js';
import type { Packing } from './packing.js';
import type { RecurrentArguments } from './recurrent-arguments.js';
import type { RunMemory } from './sequence-memory.js';
import { aliasTensor, emptyTensor, type Tensor } from './tensor.js';

/** The buffers of one run, from its forward to its backward pass. */
export class RecurrentRun {
  readonly #backend = currentBackend();
  readonly #batch: number;
  readonly #features: number;
  readonly #gateWidth: number;
  /** Of a row of the gates buffer. */
  readonly #slotsWidth: number;
  readonly #outputWidth: number;
  readonly #inputProduct: InputProduct;
  readonly #gates: Tensor;
  readonly #states: Record<string, Tensor>;
  readonly #operands: Tensor[];
  readonly #separateOutput: Tensor | undefined;
  readonly #masks: Record<string, Tensor>;
  readonly #memory: RunMemory | undefined;

  readonly #call: RecurrentArguments;
  readonly #packing: Packing;

  constructor(call: RecurrentArguments, packing: Packing) {
    this.#call = call;
    this.#packing = packing;
    const { plan, units, input } = call;
    const { numRows } = packing;
    this.#batch = input.shape[0];
    this.#features = input.shape[2];
    this.#gateWidth = plan.cell.gates.length * units;
    const packed = gatherInto([numRows, this.#features], input, this.#features, packing.sourceOf);
    this.#inputProduct = new InputProduct(packed, call);
    this.#slotsWidth = gateRowWidth(plan, call);
    this.#outputWidth = widthNamed(call, plan.outputWidth);
    this.#gates = emptyTensor([numRows, this.#slotsWidth]);
    this.#states = Object.fromEntries(plan.cell.states.map((state) => [state, this.#statesBuffer(state)]));
    this.#operands = plan.operandWidths.map((width) => emptyTensor([numRows, widthNamed(call, width)]));
    this.#separateOutput = plan.outputState === undefined ? emptyTensor([numRows, this.#outputWidth]) : undefined;
    this.#masks = Object.fromEntries(
      Object.entries(call.masks).map(([name, mask]) => [name, isForWholeSequence(name) ? this.#sorted(mask) : mask]),
    );
    this.#memory = call.memory?.forRun(packing);
  }

  /** The products of all steps' inputs, into the gates. */
  multiplyInput(): void {
    this.#inputProduct.write(this.#rows(this.#gates, this.#slotsWidth));
  }

  forwardCall(keepForBackward: boolean): RecurrentForwardCall {
    const { recurrentKernel, kernels = {}, units, heads = 1 } = this.#call;
    const compressed = {
      recurrentKernel: recurrentKernel?.weightsForProducts(this.#backend)?.placedOn(this.#backend, units / heads),
      kernels: Object.fromEntries(
        Object.entries(kernels).flatMap(([name, kernel]) => {
          const segment = this.#call.plan.cell.kernels[name].to === gatesWidth ? units : kernel.shape[1];
          const placed = kernel.weightsForProducts(this.#backend)?.placedOn(this.#backend, segment);
          return placed?.map((matrix) => [name, matrix] as const) ?? [];
        }),
      ),
    };
    const isCompressed = compressed.recurrentKernel !== undefined || Object.keys(compressed.kernels).length > 0;
    return {
      ...this.#commonCall(isCompressed ? compressed : undefined),
      compressed: isCompressed ? compressed : undefined,
      training: keepForBackward,
    };
  }

  outputTensor(): Tensor {
    return this.#shown(this.#separateOutput ?? this.#statesAfter(this.#call.plan.outputState!));
  }

  /** `[N, width]`: a states buffer begins with the initial states. */
  #statesAfter(state: string): Tensor {
    const width = this.#widthOf(state);
    return aliasTensor(this.#states[state], [this.#packing.numRows, width], this.#batch * width);
  }

  /** Rows `[N, width]` as a sequence, or those of the last steps. */
  #shown(rows: Tensor): Tensor {
    const { input, returnSequences } = this.#call;
    const width = rows.shape[1];
    const { outputAt, lastOf } = this.#packing;
    return returnSequences
      ? gatherInto([this.#batch, input.shape[1], width], rows, width, outputAt)
      : gatherInto([this.#batch, width], rows, width, lastOf);
  }

  /** `[B, T, width]`: a state after each step. */
  stateSequence(state: string): Tensor {
    return this.#shown(this.#statesAfter(state));
  }

  /** What the steps attended to; none where the cell attends to nothing. */
  sharesTensor(): Tensor[] {
    return this.#memory === undefined ? [] : [this.#shown(this.#memory.shares)];
  }

  finalState(state: string): Tensor {
    const width = this.#widthOf(state);
    return gatherInto([this.#batch, width], this.#states[state], width, this.#packing.finalStateOf);
  }

  #widthOf(state: string): number {
    return widthNamed(this.#call, this.#call.plan.cell.stateWidths[state]);
  }

  /** What the backend is to run backwards; `finish` then gives, by role, the gradients that are wanted. */
  startBackward(
    [dOutput, ...dFinal]: readonly (Tensor | undefined)[],
    wanted: ReadonlySet<string>,
  ): { call: RecurrentBackwardCall; finish(): Map<string, Tensor> } {
    const { plan, returnSequences, shownStates = [] } = this.#call;
    const { numRows } = this.#packing;
    const memory = this.#call.memory?.tensors;
    const dFollowing = dFinal.slice(plan.cell.states.length);
    const dStates = Object.fromEntries(
      plan.cell.states.map((state, i) => [
        state,
        dFinal[i] === undefined ? constantTensor([this.#batch, this.#widthOf(state)], 0) : this.#sorted(dFinal[i]),
      ]),
    );
    let dPacked: Tensor | undefined;
    if (dOutput !== undefined && !returnSequences && plan.outputState !== undefined) {
      const places = this.#packing.order.map((sequence) => (this.#packing.lastOf[sequence] < 0 ? -1 : sequence));
      const last = gatherInto([this.#batch, this.#outputWidth], dOutput, this.#outputWidth, places);
      dStates[plan.outputState] = addTensors(dStates[plan.outputState], last);
    } else if (dOutput !== undefined) dPacked = this.#packed(dOutput, this.#outputWidth);
    const dShown = Object.fromEntries(
      shownStates.flatMap((state, i) => {
        const gradient = dFollowing[i];
        return gradient === undefined ? [] : [[state, this.#packed(gradient, this.#widthOf(state))] as const];
      }),
    );
    const dShares = dFollowing[shownStates.length];

    const dInput: Strided = plan.gradientOverSaved
      ? this.#rows(this.#gates, this.#slotsWidth)
      : this.#rows(emptyTensor([numRows, this.#gateWidth]), this.#gateWidth);
    const gradients = new Map<string, Tensor>();
    const zerosLike = (role: string, value: Tensor | undefined): View | undefined => {
      if (value === undefined || !wanted.has(role)) return undefined;
      const gradient = constantTensor(value.shape, 0);
      gradients.set(role, gradient);
      return gradient.viewOn(this.#backend);
    };
    const allZerosLike = (role: string, values: Readonly<Record<string, Tensor>>): Record<string, View> =>
      Object.fromEntries(
        Object.entries(values).flatMap(([name, value]) => {
          const view = zerosLike(`${role}.${name}`, value);
          return view === undefined ? [] : [[name, view] as const];
        }),
      );
    const dWeights: RecurrentWeights = {
      recurrentKernel: zerosLike('recurrentKernel', this.#call.recurrentKernel),
      bias: zerosLike('bias', this.#call.bias),
      recurrentBias: zerosLike('recurrentBias', this.#call.recurrentBias),
      kernels: allZerosLike('kernels', this.#call.kernels ?? {}),
      vectors: allZerosLike('vector', this.#call.vectors),
    };
    const call: RecurrentBackwardCall = {
      ...this.#commonCall(),
      dOutput: dPacked?.viewOn(this.#backend),
      dShown: this.#views(dShown),
      dStates: this.#views(dStates),
      dInput,
      dWeights,
      dMemory: {
        keys: zerosLike('memory.keys', memory?.keys),
        values: zerosLike('memory.values', memory?.values),
        scale: zerosLike('memory.scale', memory?.scale),
        shares: dShares && this.#packed(dShares, dShares.shape.at(-1)!).viewOn(this.#backend),
      },
    };
    return { call, finish: () => this.#finishBackward(gradients, dInput, dStates, wanted) };
  }

  #finishBackward(
    gradients: Map<string, Tensor>,
    dInput: Strided,
    dStates: Readonly<Record<string, Tensor>>,
    wanted: ReadonlySet<string>,
  ): Map<string, Tensor> {
    const { plan, input } = this.#call;
    for (const [role, gradient] of this.#inputProduct.gradients(dInput, wanted))
      gradients.set(
        role,
        role === 'input' ? gatherInto(input.shape, gradient, this.#features, this.#packing.packedAt) : gradient,
      );
    for (const state of plan.cell.states) {
      if (wanted.has(`state.${state}`)) gradients.set(`state.${state}`, this.#unsorted(dStates[state]));
    }
    return gradients;
  }

  /** @param compressed weights that are given in that form instead. */
  #commonCall(compressed?: CompressedRecurrentWeights) {
    const call = this.#call;
    const packing = this.#packing;
    const view = (value: Tensor | undefined): View | undefined => value?.viewOn(this.#backend);
    return {
      plan: call.plan,
      units: call.units,
      widths: call.widths,
      heads: call.heads,
      batch: this.#batch,
      activeRows: packing.activeRows,
      weights: {
        recurrentKernel: compressed?.recurrentKernel === undefined ? view(call.recurrentKernel) : undefined,
        bias: view(call.bias),
        recurrentBias: view(call.recurrentBias),
        kernels: this.#views(
          Object.fromEntries(
            Object.entries(call.kernels ?? {}).filter(([name]) => !(name in (compressed?.kernels ?? {}))),
          ),
        ),
        vectors: this.#views(call.vectors),
      },
      gates: this.#gates.viewOn(this.#backend),
      states: this.#views(this.#states),
      operands: this.#operands.map((operand) => operand.viewOn(this.#backend)),
      output: view(this.#separateOutput),
      masks: this.#views(this.#masks),
      scalars: call.scalars,
      memory: this.#memory?.call(),
    };
  }

  /** dL/d(what is shown) of each packed row, from dL/d(sequence) or dL/d(last step). */
  #packed(dOutput: Tensor, width: number): Tensor {
    const { returnSequences } = this.#call;
    const { outputAt, lastOf, placeOf, numRows } = this.#packing;
    const shape = [numRows, width];
    if (returnSequences && placeOf !== undefined) return gatherInto(shape, dOutput, width, placeOf);
    return scatterAdd(dOutput, shape, width, returnSequences ? outputAt : lastOf);
  }

  #statesBuffer(state: string): Tensor {
    const width = this.#widthOf(state);
    const buffer = emptyTensor([this.#batch + this.#packing.numRows, width]);
    const { buffer: target, offset } = buffer.viewOn(this.#backend);
    this.#backend.gatherRows({
      columns: width,
      indices: this.#packing.order,
      source: this.#call.initialStates[state].viewOn(this.#backend),
      target: { buffer: target, offset },
    });
    return buffer;
  }

  /** Of rows `[B, ...]`. */
  #sorted(values: Tensor): Tensor {
    return gatherInto(values.shape, values, values.shape[1], this.#packing.order);
  }

  #unsorted(values: Tensor): Tensor {
    return gatherInto(values.shape, values, values.shape[1], this.#packing.rankOf);
  }

  #rows(values: Tensor, rowStride: number): Strided {
    return { ...values.viewOn(this.#backend), rowStride };
  }

  #views(values: Readonly<Record<string, Tensor>>): Record<string, View> {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.viewOn(this.#backend)]));
  }
}
