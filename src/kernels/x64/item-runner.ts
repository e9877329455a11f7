import type { Assembler } from './assembler.js';
import {
  at,
  type GeneralRegister,
  type Label,
  r8,
  r9,
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
  xmm,
} from './registers.js';

/** What a host calls. */
export interface EntryPoints {
  /** (base, item, table): runs the item at an address, as call-writer.ts writes it, without barriers. */
  readonly runItem: Label;
  /** (base, block, kernel): runs one kernel on the arguments at an address. */
  readonly runKernel: Label;
  /** (to): writes what the processor says of itself, see processor.ts. */
  readonly describe: Label;
}

/** How the system passes arguments to functions, and what these must keep. */
export type CallingConvention = 'system-v' | 'windows';

/** The bits of an item's first word that are its number of loops; the one above them marks machine code (call-writer.ts). */
const numLoopsMask = 0x3fffffff;

/**
 * Kernels are called with `rdi`, the address of the memory's first byte, and `rsi`, that of their arguments, 32-bit
 * words. They keep rbx, rbp, rsp and r12 to r15; all vector registers are theirs.
 */
export function emitEntryPoints(code: Assembler, convention: CallingConvention): EntryPoints {
  return {
    runItem: framed(code, convention, 'vectors', () => emitRunItem(code)),
    runKernel: framed(code, convention, 'vectors', () => {
      code.mov(rax, rdx);
      code.call(rax);
    }),
    // The processor may have none of the instructions for vectors.
    describe: framed(code, convention, 'words', () => emitDescribe(code)),
  };
}

const kept: readonly GeneralRegister[] = [rbx, rbp, r12, r13, r14, r15];

/** A function of the system's convention around a body that has its arguments in rdi, rsi and rdx, and uses vectors or not. */
function framed(code: Assembler, convention: CallingConvention, uses: 'vectors' | 'words', body: () => void): Label {
  code.alignTo(16);
  const label = code.bind();
  const isWindows = convention === 'windows';
  const savesVectors = isWindows && uses === 'vectors';
  const saved = isWindows ? [...kept, rdi, rsi] : kept;
  for (const register of saved) code.push(register);
  // The lowest word is the body's; ten vector registers are the caller's on Windows. The stack is at a multiple of 16
  // where calls are made.
  const frame = savesVectors ? 16 * 10 + 8 : 8;
  code.arith('sub', rsp, frame);
  if (savesVectors) for (let i = 0; i < 10; i++) code.op('vmovupsStore', at(rsp, 8 + 16 * i), xmm(6 + i));
  if (isWindows) {
    code.mov(rdi, rcx);
    code.mov(rsi, rdx);
    code.mov(rdx, r8);
  }
  body();
  if (uses === 'vectors') code.vzeroupper();
  if (savesVectors) for (let i = 0; i < 10; i++) code.op('vmovups', xmm(6 + i), at(rsp, 8 + 16 * i));
  code.arith('add', rsp, frame);
  for (const register of [...saved].reverse()) code.pop(register);
  code.ret();
  return label;
}

/** Loops over the words of an item; see call-writer.ts for their meaning. */
function emitRunItem(code: Assembler): void {
  const [base, table, call, end, steps] = [rbx, rbp, r12, r13, r14];
  const loops = r15;
  const [nextLoop, nextStep, nextCall, moves, noMoves, stepDone, done] = Array.from({ length: 7 }, () => code.label());
  // The first call of a loop is kept on the stack, in the lowest word of the frame.
  const first = at(rsp);
  code.mov(base, rdi);
  code.mov(table, rdx);
  code.load32(loops, at(rsi));
  code.arith('and', loops, numLoopsMask);
  code.lea(end, at(rsi, 4));

  code.bind(nextLoop);
  code.arith('sub', loops, 1);
  code.jumpIf('less', done);
  code.load32(steps, at(end));
  code.load32(rcx, at(end, 4));
  code.lea(rax, at(end, 8));
  code.store64(first, rax);
  code.lea(end, at(rax, 0, rcx, 4));

  code.bind(nextStep);
  code.arith('sub', steps, 1);
  code.jumpIf('less', nextLoop);
  code.load64(call, first);

  code.bind(nextCall);
  code.arith('cmp', call, end);
  code.jumpIf('aboveEqual', stepDone);
  code.load32(rax, at(call));
  code.mov(rdi, base);
  code.lea(rsi, at(call, 12));
  code.call(at(table, 0, rax, 8));
  code.load32(rax, at(call, 4));
  code.load32(rcx, at(call, 8));
  code.lea(rsi, at(call, 12));
  code.lea(call, at(rsi, 0, rax, 4));
  code.bind(moves);
  code.arith('sub', rcx, 1);
  code.jumpIf('less', noMoves);
  code.load32(r8, at(call));
  code.load32(r9, at(call, 4));
  code.arithMemory32('add', at(rsi, 0, r8, 4), r9);
  code.arith('add', call, 8);
  code.jump(moves);
  code.bind(noMoves);
  code.jump(nextCall);

  code.bind(stepDone);
  code.jump(nextStep);
  code.bind(done);
}

/**
 * `[rdi]`, 32-bit words: of cpuid leaf 1 ecx, of leaf 7 ebx, ecx and edx, of leaf 7.1 eax, then XCR0, whose bits say
 * what the system saves.
 */
function emitDescribe(code: Assembler): void {
  const target = r12;
  code.mov(target, rdi);
  const store = (word: number, register: GeneralRegister): void => code.store32(at(target, 4 * word), register);
  code.movConstant(rax, 1);
  code.movConstant(rcx, 0);
  code.cpuid();
  store(0, rcx);
  code.movConstant(rax, 7);
  code.movConstant(rcx, 0);
  code.cpuid();
  store(1, rbx);
  store(2, rcx);
  store(3, rdx);
  code.movConstant(rax, 7);
  code.movConstant(rcx, 1);
  code.cpuid();
  store(4, rax);
  const withoutState = code.label();
  code.load32(rax, at(target));
  // OSXSAVE: without it the processor refuses the question.
  code.shift('shr', rax, 27);
  code.arith('and', rax, 1);
  code.jumpIf('equal', withoutState);
  code.movConstant(rcx, 0);
  code.xgetbv();
  code.bind(withoutState);
  store(5, rax);
}
