import type { Bidirectional } from '../../../layers/bidirectional.js';
import type { CellAlongTime } from '../../../layers/cell-along-time.js';
import type { RecurrentLayer } from '../../../layers/recurrent-layer.js';
import type { CellResult } from './cell-run.js';
import {
  asFloat,
  axesOf,
  type Edge,
  type LayerCall,
  type LayerWriter,
  type StepMask,
  type Written,
} from './layer-writer.js';
import { cleared, stepsOf } from './masks.js';
import { writeNative } from './native-recurrent.js';
import { writeScanned } from './scanned-recurrent.js';

/** One direction of a layer, as it is written. */
interface DirectionRun {
  readonly layer: RecurrentLayer<boolean>;
  /** Before the names of its weights: '' or `forward/`. */
  readonly path: string;
  /** The states that it begins with, by path, in the order of cells. */
  readonly initial: readonly Edge[];
  readonly reverse: boolean;
  readonly outputOrder: 'time' | 'computed';
  /** Whether its states come into the model and go out of it, where that is wanted. */
  readonly hasPorts: boolean;
}

interface DirectionResult {
  /** `[batch, time, width]` or `[batch, width]` */
  readonly output: string;
  /** By path, `0/hidden`. */
  readonly states: ReadonlyMap<string, Edge>;
}

/** SimpleRNN, LSTM, GRU, and RNN with any cells. */
export const recurrentWriter: LayerWriter = {
  write(call): Written {
    const layer = call.layer as RecurrentLayer<boolean>;
    const reverse = call.config.goBackwards === true;
    const [input, ...initial] = call.inputs;
    const { output, states } = writeDirection(call, {
      layer,
      path: '',
      initial,
      reverse,
      outputOrder: 'computed',
      hasPorts: !reverse && initial.length === 0,
    });
    const given = layer.returnSequences ? input.mask : undefined;
    const isCleared = call.config.zeroOutputForMask === true;
    const ofSteps = isCleared || layer.reversesMask ? orderedMask(call, given, reverse) : given;
    const edge: Edge = {
      value: isCleared ? cleared(call.graph, output, 3, ofSteps) : output,
      axes: axesOf(call),
      type: 'float',
      mask: layer.reversesMask ? ofSteps : given,
    };
    if (!layer.returnState) return edge;
    return new Map([['output', edge], ...[...states].map(([path, state]) => [`states/${path}`, state] as const)]);
  },
};

/** Both directions of time, each with a run of its own. */
export const bidirectionalWriter: LayerWriter = {
  write(call): Written {
    const { forwardLayer, backwardLayer, mergeMode } = call.layer as Bidirectional<'none', boolean>;
    const [{ mask }, ...initial] = call.inputs;
    const outputOrder = 'time';
    const numStates = numStatesOf(forwardLayer);
    const forward = writeDirection(call, {
      layer: forwardLayer,
      path: 'forward/',
      initial: initial.slice(0, numStates),
      reverse: false,
      outputOrder,
      hasPorts: false,
    });
    const backward = writeDirection(call, {
      layer: backwardLayer,
      path: 'backward/',
      initial: initial.slice(numStates),
      reverse: true,
      outputOrder,
      hasPorts: false,
    });
    const passed = forwardLayer.returnSequences ? mask : undefined;
    const both = [forward, backward].map(({ output }) => cleared(call.graph, output, 3, passed));
    const edgeOf = (value: string, axes: Edge['axes']): Edge => ({ value, axes, type: 'float', mask: passed });
    const { returnState } = forwardLayer;
    const prefix = returnState ? 'output' : '';
    const outputs = new Map<string, Edge>();
    if (mergeMode === 'none')
      both.forEach((value, i) => {
        const path = prefix === '' ? `${i}` : `${prefix}/${i}`;
        outputs.set(path, { ...edgeOf(value, call.outputs.get(path)!), mask: undefined });
      });
    else outputs.set(prefix, edgeOf(merged(call, both, mergeMode), axesOf(call)));
    if (returnState)
      for (const [name, { states }] of [
        ['forward', forward],
        ['backward', backward],
      ] as const)
        for (const [path, state] of states) outputs.set(`${name}/${path}`, state);
    return outputs;
  },
};

function merged({ graph }: LayerCall, both: readonly string[], mergeMode: string): string {
  switch (mergeMode) {
    case 'concat':
      return graph.add('Concat', both, { attributes: { axis: -1 } });
    case 'sum':
      return graph.add('Add', both);
    case 'mul':
      return graph.add('Mul', both);
    default:
      return graph.add('Mul', [graph.add('Add', both), graph.number(0.5)]);
  }
}

/** Cell by cell from the bottom to the top, with time first between them. */
function writeDirection(call: LayerCall, run: DirectionRun): DirectionResult {
  const { graph, inputs } = call;
  const { layer, path, reverse } = run;
  const [first] = inputs;
  const { axes } = first;
  const mask = stepsOf(call, first.mask);
  let input = graph.add('Transpose', [asFloat(call, first)], { attributes: { perm: [1, 0, 2] } });
  const counts =
    mask === undefined
      ? undefined
      : graph.add('Unsqueeze', [graph.add('Transpose', [mask], { attributes: { perm: [1, 0] } }), graph.integers(-1)]);
  const states = new Map<string, Edge>();
  const members = [...layer.sublayers] as unknown as [string, CellAlongTime][];
  let given = 0;
  members.forEach(([name, member], level) => {
    const isTop = level === members.length - 1;
    const ports = run.hasPorts ? call.states : undefined;
    const portName = (state: string): string =>
      [call.name, ...(members.length > 1 ? [`${level}`] : []), state].join('_');
    const hasInitial = run.initial.length > 0 || ports !== undefined;
    const initial = hasInitial
      ? Object.fromEntries(
          member.cell.states.map((state) => [
            state,
            ports === undefined ? run.initial[given++].value : ports.input(portName(state), member.widthOf(state)),
          ]),
        )
      : undefined;
    const below = `${path}${name}/`;
    const cellRun = {
      graph: graph.under(`${path}${name}`),
      member,
      weights: new Map(
        [...call.weights].flatMap(([full, weight]) =>
          full.startsWith(below) ? [[full.slice(below.length), weight]] : [],
        ),
      ),
      input,
      mask: counts,
      initial,
      reverse,
      outputOrder: isTop ? run.outputOrder : 'time',
      returnSequences: isTop ? layer.returnSequences : true,
    } as const;
    const result: CellResult = writeNative(cellRun) ?? writeScanned(cellRun);
    input = result.output;
    for (const state of member.cell.states) {
      const width = member.widthOf(state);
      states.set(`${level}/${state}`, { value: result.states[state], axes: [axes[0], width], type: 'float' });
      ports?.output(portName(state), result.states[state], width);
    }
  });
  const output = layer.returnSequences ? graph.add('Transpose', [input], { attributes: { perm: [1, 0, 2] } }) : input;
  return { output, states };
}

function numStatesOf(layer: RecurrentLayer<boolean>): number {
  return layer.cells.reduce((sum, { states }) => sum + states.length, 0);
}

/** The mask in the order in which a layer gives its steps. */
function orderedMask({ graph }: LayerCall, mask: StepMask | undefined, reverse: boolean): StepMask | undefined {
  if (mask === undefined || !reverse) return mask;
  const [last, beforeFirst, time, step] = [-1, Number.MIN_SAFE_INTEGER, 1, -1].map((n) => graph.integers(n));
  return { value: graph.add('Slice', [mask.value, last, beforeFirst, time, step]), rank: 2 };
}
