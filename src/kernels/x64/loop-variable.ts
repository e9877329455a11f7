import type { Assembler } from './assembler.js';
import { type Body, type Operation, Value } from './body.js';
import type { Memory } from './registers.js';
import { xmm } from './registers.js';
import type { VectorUnit } from './vector-unit.js';

/** A vector that the turns of a loop hand on: on the stack, and in a register during the loop where one is free. */
export class LoopVariable {
  readonly home: Memory;
  readonly #unit: VectorUnit;
  #fixed: Value | undefined;

  constructor(home: Memory, unit: VectorUnit) {
    this.home = home;
    this.#unit = unit;
  }

  /** Where the loop that follows has it: in a register, or on the stack. */
  place(register: number | undefined): void {
    this.#fixed = register === undefined ? undefined : new Value({ fixed: register });
  }

  /** Adds its new value to a body, made of the present one. */
  update(body: Body, make: (present: Value) => Omit<Operation, 'result'>): void {
    if (this.#fixed !== undefined) body.value(make(this.#fixed), 'vector', this.#fixed);
    else {
      const present = body.value({ name: 'vmovups', sources: [], place: this.home });
      body.store({ name: 'vmovupsStore', sources: [body.value(make(present))], place: this.home });
    }
  }

  /** Before and behind the loop: between the stack and the register. */
  begin(code: Assembler): void {
    if (this.#fixed !== undefined) code.op('vmovups', this.#register(), this.home);
  }

  end(code: Assembler): void {
    if (this.#fixed !== undefined) code.op('vmovupsStore', this.home, this.#register());
  }

  /** Outside of loops. */
  clear(code: Assembler): void {
    code.op('vxorps', xmm(0), xmm(0), xmm(0));
    code.op('vmovupsStore', this.home, this.#unit.register(0));
  }

  #register() {
    return this.#unit.register(this.#fixed!.fixed!);
  }
}
