import type { Product } from '../../cells/plan.js';
import type { MatmulCall, RecurrentCall, Strided, View } from '../contract.js';
import { columnsAt, placed, type StepArray, stepArray } from './arrays.js';
import type { Shard, StepRun } from './layout.js';
import type { CpuLoopHost, PackedMatrix, StepCall } from './loop-host.js';

/**
 * The recurrent products of a run, `operand [rows, U] x recurrentKernel[:, gates]`, and their transposes backwards. The
 * kernel is laid out for them once a run, where that pays, however many steps there are.
 */
export class RecurrentProducts {
  readonly #packed = new Map<string, PackedMatrix | undefined>();
  readonly #gateWidth: number;
  readonly #host: CpuLoopHost;
  readonly #call: RecurrentCall;

  constructor(host: CpuLoopHost, call: RecurrentCall) {
    this.#host = host;
    this.#call = call;
    this.#gateWidth = call.plan.cell.gates.length * call.units;
  }

  /** A shard's columns of a product: all gates at once where the shard has all units. */
  forward(product: Product, target: Strided, shard: Shard, stepRun: StepRun): StepCall[] {
    const { units } = this.#call;
    const isWhole = shard.numUnits === units;
    const n = isWhole ? product.numGates * units : shard.numUnits;
    const a = placed(this.operand(product), 0, stepRun);
    return Array.from({ length: isWhole ? 1 : product.numGates }, (_, i): StepCall => {
      const column = (product.firstGate + i) * units + shard.firstUnit;
      const c = placed(stepArray(target, column, target.rowStride, 'fixed'), 0, stepRun);
      return this.#matmul(`forward ${column}`, {
        m: stepRun.numRows,
        n,
        k: units,
        a,
        b: columnsAt(this.#kernel(), 0, column),
        c,
      });
    });
  }

  /** A shard's units of the transposed product: dL/d(operand) from dL/d(product). */
  backward(
    product: Product,
    dRecurrent: Strided,
    target: View,
    accumulate: boolean,
    shard: Shard,
    stepRun: StepRun,
  ): StepCall {
    const { units } = this.#call;
    const column = product.firstGate * units;
    return this.#matmul(`backward ${column} ${shard.firstUnit}`, {
      m: stepRun.numRows,
      n: shard.numUnits,
      k: product.numGates * units,
      a: placed(stepArray(dRecurrent, column, dRecurrent.rowStride, 'packed'), 0, stepRun),
      b: columnsAt(this.#kernel(), shard.firstUnit, column),
      transposeB: true,
      c: placed(stepArray(target, shard.firstUnit, units, 'fixed'), 0, stepRun),
      accumulate,
    });
  }

  /** What a product multiplies: the state before the step, or a value computed in the step. */
  operand({ state, operand }: Product): StepArray {
    const { units, states, operands } = this.#call;
    return state !== undefined
      ? stepArray(states[state], 0, units, 'stateBefore')
      : stepArray(operands[operand!], 0, units, 'packed');
  }

  #matmul(key: string, call: MatmulCall): StepCall {
    if (!this.#packed.has(key))
      this.#packed.set(key, this.#host.pack({ ...call, m: this.#call.batch, times: this.#call.activeRows.length }));
    return { kind: 'matmul', call: { ...call, packed: this.#packed.get(key) } };
  }

  #kernel(): Strided {
    return { ...this.#call.weights.recurrentKernel!, rowStride: this.#gateWidth };
  }
}
