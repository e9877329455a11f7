import { bytesOf } from '../../src/dtype.js';
import type { PointwiseProgram } from '../../src/expression/program.js';
import type { PointwiseCall, Strided } from '../../src/kernels/contract.js';
import {
  type ArrayTypes,
  argumentPlaces,
  MOST_LANES,
  scratchBytes,
} from '../../src/kernels/vector/pointwise-layout.js';
import { type PointwisePlan, planPointwise } from '../../src/kernels/vector/pointwise-plan.js';
import type { WasmMemory } from '../../src/kernels/wasm/memory.js';
import { Assembler } from '../../src/kernels/x64/assembler.js';
import type { X64MachineCode } from '../../src/kernels/x64/machine-code.js';
import { emitPointwise } from '../../src/kernels/x64/pointwise-emit.js';
import { at, r12, r13, rbx, rdi, rsi } from '../../src/kernels/x64/registers.js';

/** A call whose arguments are written, to be run some times over. */
export interface PreparedCall {
  run(times: number): void;
  /** @throws Error where something was written behind the workspace */
  free(): void;
}

interface Compiled {
  readonly plan: PointwisePlan;
  readonly address: number;
}

const GUARD = 54321.25;
const NUM_GUARDS = 32;
/** Words before the arguments; the last says how often the kernel runs. */
const NUM_BEFORE = 16;

/** Pointwise kernels of machine code that run at once in a memory. */
export function pointwiseMachineCodeOn(
  memory: WasmMemory,
  machine: X64MachineCode,
): { run(call: PointwiseCall): void; prepare(call: PointwiseCall): PreparedCall } {
  const compiled = new Map<string, Compiled>();
  const { thread } = machine.bind(memory.memory);
  const compile = (program: PointwiseProgram, types: ArrayTypes): Compiled => {
    const key = `${program.key}|${types.inputs.join()}|${types.outputs.join()}`;
    let found = compiled.get(key);
    if (found === undefined) {
      const plan = planPointwise(program);
      const code = new Assembler();
      writeRepetition(code);
      emitPointwise(code, plan, types, machine.isa);
      found = { plan, address: machine.place(code) };
      compiled.set(key, found);
    }
    return found;
  };
  const prepare = (call: PointwiseCall): PreparedCall => {
    const { program, rows, columns, inputs, outputs, scalars } = call;
    const arrays: Strided[] = [
      ...program.inputs.map(({ name }) => inputs[name]),
      ...program.outputs.map(({ name }) => outputs[name]),
    ];
    const types = arrays.map(({ buffer }) => buffer.dtype);
    const { plan, address } = compile(program, {
      inputs: types.slice(0, program.inputs.length),
      outputs: types.slice(program.inputs.length),
    });
    const block = memory.allocate(NUM_BEFORE + argumentPlaces.scratch(plan) / 4 + 1 + program.scalars.length);
    const numScratch = scratchBytes(plan, columns, MOST_LANES) / 4;
    const scratch = memory.allocate(numScratch + NUM_GUARDS);
    const firstGuard = scratch.address / 4 + numScratch;
    const guards = memory.floats.subarray(firstGuard, firstGuard + NUM_GUARDS);
    guards.fill(GUARD);
    const start = block.address + 4 * NUM_BEFORE;
    const words = new Int32Array(memory.floats.buffer, start);
    words.set([
      rows,
      columns,
      ...arrays.flatMap((array, i) => [memory.byteAddress(array), array.rowStride * bytesOf[types[i]]]),
      scratch.address,
    ]);
    const numbers = new Float32Array(memory.floats.buffer, start + argumentPlaces.scratch(plan) + 4);
    numbers.set(program.scalars.map((name) => scalars![name]));
    return {
      run(times) {
        new Int32Array(memory.floats.buffer, start - 4)[0] = times;
        thread.runKernel(address, start);
      },
      free() {
        if (guards.some((value) => value !== GUARD)) throw new Error('a kernel wrote behind its workspace');
        memory.free(scratch);
        memory.free(block);
      },
    };
  };
  return {
    prepare,
    run(call) {
      const prepared = prepare(call);
      prepared.run(1);
      prepared.free();
    },
  };
}

/** Calls the kernel that follows as often as the word before the arguments says. */
function writeRepetition(code: Assembler): void {
  const kernel = code.label();
  const saved = [rbx, r12, r13];
  for (const register of saved) code.push(register);
  code.mov(r12, rdi);
  code.mov(r13, rsi);
  code.load32(rbx, at(rsi, -4));
  const again = code.bind();
  code.mov(rdi, r12);
  code.mov(rsi, r13);
  code.call(kernel);
  code.arith('sub', rbx, 1);
  code.jumpIf('notEqual', again);
  for (const register of saved.reverse()) code.pop(register);
  code.ret();
  code.alignTo(64);
  code.bind(kernel);
}
