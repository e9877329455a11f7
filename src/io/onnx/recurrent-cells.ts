import type { Cell } from '../../cells/cell.js';
import { coupledLSTM } from '../../cells/coupled-lstm.js';
import { defineCell } from '../../cells/define-cell.js';
import { gru } from '../../cells/gru.js';
import { gruResetBefore } from '../../cells/gru-reset-before.js';
import { lstm } from '../../cells/lstm.js';
import { peepholeLSTM } from '../../cells/peephole-lstm.js';
import { simple } from '../../cells/simple.js';
import type { ActivationFunction, ActivationName } from '../../expression/activations.js';
import { add, type Expression, max, min, mul, sub } from '../../expression/build.js';
import type { ChosenActivation } from './onnx-activations.js';

/** What attributes and inputs of a node say of the equations of one direction. */
export interface OnnxEquations {
  readonly operator: 'RNN' | 'GRU' | 'LSTM';
  /** f of gates, g of candidates and, for an LSTM, h of its cell, in this order; an RNN has the one f. */
  readonly activations: readonly ChosenActivation[];
  /** What goes into f and g is held between -clip and clip. */
  readonly clip: number | undefined;
  readonly linearBeforeReset: boolean;
  readonly inputForget: boolean;
  readonly peepholes: boolean;
}

/** A cell with the equations of a node, and where its weights stand in those of the node. */
export interface OnnxCell {
  readonly cell: Cell;
  readonly options: { readonly activation?: ActivationName; readonly recurrentActivation?: ActivationName };
  /** For each gate of the cell, its place among those of the node. */
  readonly gatePlaces: readonly number[];
  /** By name of the cell's vectors, their places in the node's input P. */
  readonly vectorPlaces: Readonly<Record<string, number>>;
}

/** Gates of an operator in ONNX: LSTM input output forget candidate, GRU update reset candidate. */
export const numGates = { RNN: 1, GRU: 3, LSTM: 4 } as const;

const peepholePlaces = { inputPeephole: 0, outputPeephole: 1, forgetPeephole: 2 };

/** A cell of the library where one has these equations, else one made of them. */
export function onnxCellOf(equations: OnnxEquations): OnnxCell {
  const { operator, inputForget, peepholes } = equations;
  const vectorPlaces = peepholes ? (inputForget ? peepholesWithoutForget : peepholePlaces) : {};
  const gatePlaces = operator === 'RNN' ? [0] : operator === 'GRU' ? [0, 1, 2] : inputForget ? [0, 3, 1] : [0, 2, 3, 1];
  return { ...(libraryCell(equations) ?? { cell: ownCell(equations), options: {} }), gatePlaces, vectorPlaces };
}

const { forgetPeephole: _, ...peepholesWithoutForget } = peepholePlaces;

function libraryCell(equations: OnnxEquations): Pick<OnnxCell, 'cell' | 'options'> | undefined {
  const { operator, activations, clip, linearBeforeReset, inputForget, peepholes } = equations;
  const [f, g, h] = activations.map(({ name }) => name);
  if (clip !== undefined || activations.some(({ name }) => name === undefined)) return undefined;
  if (operator === 'RNN') return { cell: simple, options: { activation: f } };
  const options = { recurrentActivation: f, activation: g };
  if (operator === 'GRU') return { cell: linearBeforeReset ? gru : gruResetBefore, options };
  if (g !== h || (inputForget && peepholes)) return undefined;
  return { cell: inputForget ? coupledLSTM : peepholes ? peepholeLSTM : lstm, options };
}

function ownCell(equations: OnnxEquations): Cell {
  const { operator, activations, clip } = equations;
  // As ONNX Runtime has it, what h sees is not clipped: the cell is no sum of products.
  const [f, g, h] = activations.map(({ build }, i) => (clip === undefined || i === 2 ? build : clipped(build, clip)));
  if (operator === 'RNN')
    return defineCell({
      name: 'onnxRNN',
      gates: ['candidate'],
      states: ['hidden'],
      step: ({ gates }) => ({ hidden: f(gates.candidate) }),
    });
  if (operator === 'GRU') return ownGRU(f, g, equations.linearBeforeReset);
  return ownLSTM(f, g, h, equations);
}

function clipped(build: ActivationFunction, clip: number): ActivationFunction {
  return (x) => build(max(-clip, min(clip, x)));
}

function ownGRU(f: ActivationFunction, g: ActivationFunction, linearBeforeReset: boolean): Cell {
  return defineCell({
    name: 'onnxGRU',
    gates: ['update', 'reset', 'candidate'],
    states: ['hidden'],
    recurrentBias: linearBeforeReset,
    step({ gates, input, recurrent, states, product }) {
      const update = f(gates.update);
      const reset = f(gates.reset);
      const seen = linearBeforeReset
        ? mul(reset, recurrent.candidate)
        : product('candidate', mul(reset, states.hidden));
      const candidate = g(add(input.candidate, seen));
      return { hidden: add(mul(update, states.hidden), mul(sub(1, update), candidate)) };
    },
  });
}

function ownLSTM(f: ActivationFunction, g: ActivationFunction, h: ActivationFunction, equations: OnnxEquations): Cell {
  const { inputForget, peepholes } = equations;
  const names = peepholes ? Object.keys(inputForget ? peepholesWithoutForget : peepholePlaces) : [];
  return defineCell<string, 'hidden' | 'cell', string>({
    name: 'onnxLSTM',
    gates: inputForget ? ['input', 'candidate', 'output'] : ['input', 'forget', 'candidate', 'output'],
    states: ['hidden', 'cell'],
    vectors: Object.fromEntries(names.map((name) => [name, 'zeros'])),
    step({ gates, states, vectors }) {
      const seeing = (gate: string, cell: Expression): Expression =>
        peepholes ? add(gates[gate], mul(vectors[`${gate}Peephole`], cell)) : gates[gate];
      const input = f(seeing('input', states.cell));
      const forget = inputForget ? sub(1, input) : f(seeing('forget', states.cell));
      const cell = add(mul(forget, states.cell), mul(input, g(gates.candidate)));
      return { hidden: mul(f(seeing('output', cell)), h(cell)), cell };
    },
  });
}
