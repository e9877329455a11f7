import { unknownName } from '../errors.js';
import type { Expression } from '../expression/build.js';
import type { AttentionScore, Cell, StepKernel } from './cell.js';
import { kernelWeight, scaleWeight } from './define-cell.js';
import { roleLeaf } from './leaf-role.js';
import { requireUntaken } from './untaken-names.js';
import { gatesWidth, memoryWidths } from './widths.js';

/** The state of an {@link attending} cell that holds what its last step attended to. */
export const contextState = 'context';

export interface AttendingOptions {
  /** How queries are compared with keys. */
  readonly score: AttentionScore;
  /**
   * Whether a step asks with its new state, and the answer goes into the next step beside its input (Luong et al. 2015,
   * section 3.3); else it asks with the state before, and the answer goes into the same step (Bahdanau et al. 2015).
   */
  readonly inputFeeding: boolean;
}

/**
 * Any cell, with what it attends to as one more state, `context`: each gate's product with the input becomes
 * `W x + C context`, whatever the cell makes of it. With additive scores what asks goes through a kernel, `query`; with
 * products it is compared as it is.
 *
 * @throws UNKNOWN_NAME for other scores; USAGE where the cell uses one of the names itself
 */
export function attending(cell: Cell, { score, inputFeeding }: AttendingOptions): Cell {
  const where = `cell ${cell.name}, with attention`;
  if (score !== 'dot' && score !== 'additive') throw unknownName(where, 'score', score, ['dot', 'additive']);
  const [first] = cell.states;
  const asking = inputFeeding ? cell.outputWidth : cell.stateWidths[first];
  const { key, value } = memoryWidths;
  const kernels: Readonly<Record<string, StepKernel>> = {
    ...(score === 'additive' && { query: { from: asking, to: key } }),
    attention: { from: score === 'additive' ? key : asking, to: value, memory: score },
    context: { from: value, to: gatesWidth },
  };
  const weights = Object.keys(kernels).flatMap((name) => (name === 'attention' ? [] : [kernelWeight(name)]));
  requireUntaken(where, [
    ['kernel', Object.keys(cell.kernels), [...Object.keys(kernels), contextState]],
    ['state', cell.states, [...Object.keys(kernels), contextState]],
    ['vector', Object.keys(cell.vectors), score === 'additive' ? [...weights, scaleWeight] : weights],
    ['width', Object.keys(cell.widths), [key, value]],
  ]);
  return {
    ...cell,
    states: [...cell.states, contextState],
    stateWidths: { ...cell.stateWidths, [contextState]: value },
    widths: { ...cell.widths, [key]: (units) => units, [value]: (units) => units },
    kernels: { ...cell.kernels, ...kernels },
    equations(options = {}) {
      const states = options.zoneout?.states.filter((state) => state !== contextState);
      const equations = cell.equations({
        ...options,
        ...(options.zoneout && { zoneout: { ...options.zoneout, states: states! } }),
      });
      const asks = inputFeeding ? equations.output : roleLeaf({ role: 'state', state: first });
      const context = roleLeaf({ role: 'product', kernel: 'attention' });
      const operands: [string, Expression][] = [
        ...(score === 'additive' ? [['query', asks] as [string, Expression]] : []),
        ['attention', score === 'additive' ? roleLeaf({ role: 'product', kernel: 'query' }) : asks],
        ['context', inputFeeding ? roleLeaf({ role: 'state', state: contextState }) : context],
      ];
      return {
        ...equations,
        next: { ...equations.next, [contextState]: context },
        kernelOperands: new Map([...equations.kernelOperands, ...operands]),
      };
    },
  };
}
