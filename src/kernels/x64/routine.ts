import type { Assembler } from './assembler.js';
import {
  at,
  type GeneralRegister,
  type Label,
  type Memory,
  r12,
  r13,
  r14,
  r15,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
} from './registers.js';

const kept = [rbx, rbp, r12, r13, r14, r15] as const;

/**
 * A function that a kernel is entered by: what callers keep is pushed, and its variables, of 64 bits, lie on the stack.
 * `rdi` is where the memory begins, `rsi` where the argument words lie.
 */
export class Routine {
  readonly code: Assembler;
  readonly label: Label;
  /** The first variable: what the routine calls finds it 8 bytes above rsp. */
  readonly first = at(rsp, 0);
  readonly #bytes: number;
  #used = 8;

  /** @param numSlots how many variables there are room for */
  constructor(code: Assembler, numSlots: number) {
    this.code = code;
    this.#bytes = 8 * numSlots;
    code.alignTo(16);
    this.label = code.bind();
    for (const register of kept) code.push(register);
    code.arith('sub', rsp, this.#bytes);
  }

  end(): void {
    const { code } = this;
    code.arith('add', rsp, this.#bytes);
    for (const register of [...kept].reverse()) code.pop(register);
    code.ret();
  }

  /** A variable; `rsp` must be as it is at the beginning, which it is not inside of what is called. */
  slot(): Memory {
    if (this.#used === this.#bytes) throw new Error('a routine has more variables than there is room for');
    const place = at(rsp, this.#used);
    this.#used += 8;
    return place;
  }

  /** Variables that hold argument words, in their order; addresses become those of the process. */
  arguments<Name extends string>(names: readonly Name[], addresses: readonly Name[]): Record<Name, Memory> {
    const { code } = this;
    const slots = {} as Record<Name, Memory>;
    names.forEach((name, i) => {
      code.load32(rax, at(rsi, 4 * i));
      if (addresses.includes(name)) code.arith('add', rax, rdi);
      slots[name] = this.slot();
      code.store64(slots[name], rax);
    });
    return slots;
  }

  /** slot = a constant, or what a register or another variable holds (by rax). */
  set(slot: Memory, value: number | Memory | GeneralRegister): void {
    const { code } = this;
    if (typeof value === 'number') code.movConstant(rax, value);
    else if (value.kind === 'memory') code.load64(rax, value);
    code.store64(slot, typeof value === 'object' && value.kind === 'general' ? value : rax);
  }

  /** slot += a constant, a variable or a register (by rax). */
  add(slot: Memory, value: number | Memory | GeneralRegister): void {
    this.code.load64(rax, slot);
    this.code.arith('add', rax, value);
    this.code.store64(slot, rax);
  }

  /**
   * Cuts `total` (at least 1) into the fewest parts of at most `most`, whose sizes differ by one at most: how many there
   * are, the smaller size, which rax then holds too, and how many have one more. Changes rcx and rdx.
   */
  cut(total: Memory, most: number, { count, low, numHigher }: Record<'count' | 'low' | 'numHigher', Memory>): void {
    const { code } = this;
    code.load64(rax, total);
    code.arith('add', rax, most - 1);
    code.movConstant(rdx, 0);
    code.movConstant(rcx, most);
    code.div(rcx);
    code.store64(count, rax);
    code.mov(rcx, rax);
    code.load64(rax, total);
    code.movConstant(rdx, 0);
    code.div(rcx);
    code.store64(low, rax);
    code.store64(numHigher, rdx);
  }

  /** Runs `then` where the variable is not 0, else `otherwise`. */
  if(slot: Memory, then: () => void, otherwise?: () => void): void {
    this.code.load64(rax, slot);
    this.code.test(rax, rax);
    branch(this.code, 'notEqual', then, otherwise);
  }

  /** Runs `body` for each block of `total` (at least 1): its start and its size, the last one perhaps smaller. */
  forBlocks(total: Memory, block: Memory | number, body: (start: Memory, size: Memory) => void): void {
    const { code } = this;
    const start = this.slot();
    const size = this.slot();
    this.set(start, 0);
    const again = code.bind();
    if (typeof block === 'number') code.movConstant(rcx, block);
    else code.load64(rcx, block);
    code.load64(rax, total);
    code.arith('sub', rax, start);
    code.arith('cmp', rax, rcx);
    code.cmov('greater', rax, rcx);
    code.store64(size, rax);
    body(start, size);
    this.add(start, size);
    code.arith('cmp', rax, total);
    code.jumpIf('less', again);
  }
}

const opposites = {
  below: 'aboveEqual',
  aboveEqual: 'below',
  equal: 'notEqual',
  notEqual: 'equal',
  belowEqual: 'above',
  above: 'belowEqual',
  less: 'greaterEqual',
  greaterEqual: 'less',
  lessEqual: 'greater',
  greater: 'lessEqual',
} as const;

/** Runs `then` where the condition of the last comparison holds, else `otherwise`. */
export function branch(
  code: Assembler,
  condition: keyof typeof opposites,
  then: () => void,
  otherwise?: () => void,
): void {
  const unless = code.label();
  code.jumpIf(opposites[condition], unless);
  then();
  if (otherwise === undefined) {
    code.bind(unless);
    return;
  }
  const end = code.label();
  code.jump(end);
  code.bind(unless);
  otherwise();
  code.bind(end);
}

/** Runs `body` as often as the register says, which is 0 afterwards; it must not be 0. */
export function countDown(code: Assembler, count: GeneralRegister, body: () => void): void {
  const again = code.bind();
  body();
  code.arith('sub', count, 1);
  code.jumpIf('notEqual', again);
}
