import type { Assembler, Details } from '../../src/kernels/x64/assembler.js';
import {
  arithmetic,
  conditions,
  type VectorInstruction,
  type VectorName,
  vectorInstructions,
} from '../../src/kernels/x64/instructions.js';
import type { Operand } from '../../src/kernels/x64/operand-fields.js';
import {
  at,
  type GeneralRegister,
  k,
  type Memory,
  r8,
  r9,
  r10,
  r11,
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
  ymm,
  zmm,
} from '../../src/kernels/x64/registers.js';

/** One instruction or a few: as GNU as reads them, and how they are written here. */
export interface X64Case {
  readonly text: string;
  readonly write: (code: Assembler) => void;
}

type Width = 128 | 256 | 512;

const names64 = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
const names32 = 'eax ecx edx ebx esp ebp esi edi r8d r9d r10d r11d r12d r13d r14d r15d'.split(' ');
const general: readonly GeneralRegister[] = [
  rax,
  rcx,
  rdx,
  rbx,
  rsp,
  rbp,
  rsi,
  rdi,
  r8,
  r9,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15,
];

/** Every form of a place: bases that need more bytes, an index, and displacements around where their size changes. */
const places: readonly Memory[] = [
  at(rcx),
  at(rsp, 8),
  at(rbp),
  at(rdx, 64, r9, 4),
  at(r12),
  at(r13),
  at(r11, -64),
  at(r13, 0, r12, 8),
  at(rax, 127),
  at(rsp, 4096, rbp, 2),
  at(rdi, -128),
  at(r14, 8128),
  at(r12, 32, r15, 1),
  at(rbp, -8192, rax, 4),
  at(rsi, 8192),
  at(r15, 508),
  at(r13, 2032),
  at(rax, -8256),
];

function placeText({ base, index, scale, displacement }: Memory): string {
  const indexText = index === undefined ? '' : ` + ${names64[index.index]}*${scale}`;
  return `[${names64[base.index]}${indexText} ${displacement < 0 ? '-' : '+'} ${Math.abs(displacement)}]`;
}

/**
 * Operands by letters, several kinds of one operand side by side: v vector, h, q and x a half, a quarter and 128 bits of
 * it, m memory, g general register of 32 bits, k mask register.
 */
const signatures: Partial<Record<VectorName, string>> = {
  vmovss: 'x m',
  vmovssStore: 'm x',
  vmovsd: 'x m',
  vmovd: 'x gm',
  vmovdStore: 'gm x',
  vmovqStore: 'm x',
  vcvtpd2ps: 'h vm',
  vbroadcastss: 'v xm',
  vpbroadcastd: 'v xm',
  vextractf128: 'xm v',
  vextractf64x4: 'hm v',
  vextractf32x4: 'xm v',
  vinsertf128: 'v v xm',
  vinsertf32x4: 'v v xm',
  vinsertf64x4: 'v v hm',
  vmovmskps: 'g v',
  kmovw: 'k g',
  kmovwFromMemory: 'k m',
  kmovwToMemory: 'm k',
  bzhi: 'g gm g',
  vmaskmovps: 'v v m',
  vpslld: 'v v',
  vpsrld: 'v v',
  vpsrad: 'v v',
};

function signatureOf(name: VectorName): string {
  const { form, tuple, bits } = vectorInstructions[name];
  const given = signatures[name];
  if (given !== undefined) return given;
  if (bits === 128) return 'x x xm';
  const share = tuple === 'half' ? 'h' : tuple === 'quarter' ? 'q' : 'v';
  if (form === 'mr') return `${share === 'v' ? '' : share}m v`;
  if (form === 'mvr') return 'm v v';
  if (form === 'rvmr') return 'v v vm v';
  return form === 'rm' ? `v ${share}m` : 'v v vm';
}

/** What exists at 256 bits alone, from 256 on, or at 512 alone. */
const widths: Partial<Record<VectorName, readonly Width[]>> = {
  vextractf128: [256],
  vinsertf128: [256],
  vperm2f128: [256],
  vextractf64x4: [512],
  vinsertf32x4: [256, 512],
  vinsertf64x4: [512],
  vextractf32x4: [256, 512],
  vpermq: [256, 512],
  vshuff32x4: [256, 512],
};

/** What reads no vector of elements that one could stand for. */
const withoutBroadcast = /^v(mov|pmov|cvtph|cvtps2ph|permq$|extract|insert|broadcast|pbroadcast)/;

const sizes = new Map<number, string>([
  [1, 'BYTE'],
  [2, 'WORD'],
  [4, 'DWORD'],
  [8, 'QWORD'],
  [16, 'XMMWORD'],
  [32, 'YMMWORD'],
  [64, 'ZMMWORD'],
]);

/** The bytes that an instruction reads or writes in memory. */
function memoryBytes(name: VectorName, width: Width): number {
  const { tuple, element }: VectorInstruction = vectorInstructions[name];
  if (name === 'bzhi') return 4;
  if (name === 'vextractf128' || name === 'vinsertf128') return 16;
  if (tuple === 'scalar') return element;
  if (tuple === 'quad') return 16;
  if (tuple === 'octet') return 32;
  return width / 8 / { full: 1, half: 2, quarter: 4 }[tuple];
}

const vectorOf = (index: number, width: number) =>
  width <= 128 ? xmm(index) : width === 256 ? ymm(index) : zmm(index);
const vectorText = (index: number, width: number): string =>
  `${width <= 128 ? 'x' : width === 256 ? 'y' : 'z'}mm${index}`;

/** Takes the elements of a list in turn. */
class Turns<T> {
  #next = 0;
  readonly #values: readonly T[];
  constructor(values: readonly T[]) {
    this.#values = values;
  }
  next(): T {
    return this.#values[this.#next++ % this.#values.length];
  }
}

const lowRegisters = new Turns([1, 2, 12, 3, 9, 7, 0, 15, 8, 4, 14, 6, 11]);
const highRegisters = new Turns([17, 3, 31, 24, 12, 16, 8, 30, 23, 1, 25]);
const generalNumbers = new Turns([0, 9, 7, 13, 2, 15, 5]);
const memoryTurns = new Turns(places);
const constants = new Turns([0x1b, 0x80, 1, 0xee, 0]);

interface Variant {
  readonly width: Width;
  readonly kinds: readonly string[];
  readonly usesHigh?: boolean;
  readonly masked?: boolean;
  readonly zeroing?: boolean;
  readonly broadcast?: boolean;
}

function vectorCase(name: VectorName, { width, kinds, usesHigh, masked, zeroing, broadcast }: Variant): X64Case {
  const instruction: VectorInstruction = vectorInstructions[name];
  const texts: string[] = [];
  const operands: Operand[] = [];
  for (const kind of kinds) {
    if (kind === 'm') {
      const place = memoryTurns.next();
      const bytes = broadcast ? instruction.element : memoryBytes(name, width);
      operands.push(place);
      texts.push(`${sizes.get(bytes)} ${broadcast ? 'BCST' : 'PTR'} ${placeText(place)}`);
    } else if (kind === 'g') {
      const number = generalNumbers.next();
      operands.push(general[number]);
      texts.push(names32[number]);
    } else if (kind === 'k') {
      operands.push(k(3));
      texts.push('k3');
    } else {
      const bits = { v: width, h: width / 2, q: width / 4, x: 128 }[kind as 'v'];
      const number = (usesHigh ? highRegisters : lowRegisters).next();
      operands.push(vectorOf(number, bits));
      texts.push(vectorText(number, bits));
    }
  }
  if (usesHigh && operands.every((operand) => operand.kind !== 'vector' || operand.index < 16)) {
    const at = operands.findIndex(({ kind }) => kind === 'vector');
    const { bits } = operands[at] as { bits: number };
    operands[at] = vectorOf(29, bits);
    texts[at] = vectorText(29, bits);
  }
  if (masked) texts[0] += ` {k5}${zeroing ? '{z}' : ''}`;
  const immediate = instruction.hasImmediate ? constants.next() : undefined;
  if (immediate !== undefined) texts.push(String(immediate));
  const prefix = name === 'vpdpbusd' ? '{evex} ' : name === 'vpdpbusdVex' ? '{vex} ' : '{load} ';
  const details: Details = {
    ...(immediate === undefined ? {} : { immediate }),
    ...(masked ? { mask: k(5) } : {}),
    ...(zeroing ? { zeroing } : {}),
    ...(broadcast ? { broadcast } : {}),
    bits: width,
  };
  return {
    text: `${kinds[0] === 'm' ? '' : prefix}${name.replace(/Store$|General$|Vex$|FromMemory$|ToMemory$/, '')} ${texts.join(', ')}`,
    write: (code) => code.opWith(name, details, ...operands),
  };
}

/** Every combination of the kinds of operands. */
function kindsOf(signature: string): string[][] {
  return signature
    .split(' ')
    .reduce<string[][]>((all, kinds) => all.flatMap((before) => [...kinds].map((kind) => [...before, kind])), [[]]);
}

function* casesOf(name: VectorName): Generator<X64Case> {
  const instruction: VectorInstruction = vectorInstructions[name];
  const { encodings, toMask, bits, tuple, element } = instruction;
  const hasVector = /[vhqx]/.test(signatureOf(name));
  const exists: readonly Width[] =
    bits !== undefined || !hasVector
      ? [128]
      : (widths[name] ?? (encodings === 'vex' ? [128, 256] : ([128, 256, 512] as const)));
  for (const kinds of kindsOf(signatureOf(name))) {
    const toMasks = ['k', ...kinds.slice(1)];
    const hasMemory = kinds.includes('m');
    for (const width of exists) {
      if (encodings !== 'evex' && !(width === 512)) {
        yield vectorCase(name, { width, kinds });
        yield vectorCase(name, { width, kinds });
      }
      // GNU as moves 8 bytes from and to memory by other instructions there than those of general registers.
      if (encodings === 'vex' || !hasVector || (hasMemory && /^vmovq/.test(name))) continue;
      const evex = toMask ? toMasks : kinds;
      yield vectorCase(name, { width, kinds: evex, usesHigh: true });
      if (kinds.includes('g') || /^vmov[dq](Store)?$/.test(name)) continue;
      if (width !== exists[exists.length - 1]) continue;
      if (!toMask && kinds[0] !== 'm') yield vectorCase(name, { width, kinds: evex, masked: true, zeroing: true });
      yield vectorCase(name, { width, kinds: evex, masked: true, usesHigh: true });
      if (hasMemory && tuple === 'full' && element >= 4 && !withoutBroadcast.test(name))
        yield vectorCase(name, { width, kinds: evex, broadcast: true });
    }
  }
}

/** Every place, with each of the units that a short displacement counts in. */
function* placeCases(): Generator<X64Case> {
  for (const place of places) {
    const text = placeText(place);
    yield { text: `vaddps xmm9, xmm2, XMMWORD PTR ${text}`, write: (code) => code.op('vaddps', xmm(9), xmm(2), place) };
    yield {
      text: `vaddps zmm9, zmm22, ZMMWORD PTR ${text}`,
      write: (code) => code.op('vaddps', zmm(9), zmm(22), place),
    };
    yield { text: `vmovss xmm30, DWORD PTR ${text}`, write: (code) => code.op('vmovss', xmm(30), place) };
    yield {
      text: `vcvtph2ps ymm30, XMMWORD PTR ${text}`,
      write: (code) => code.op('vcvtph2ps', ymm(30), place),
    };
    yield { text: `mov edx, DWORD PTR ${text}`, write: (code) => code.load32(rdx, place) };
    yield { text: `mov BYTE PTR ${text}, dl`, write: (code) => code.storeNarrow(place, rdx, 1) };
    yield { text: `mov WORD PTR ${text}, r13w`, write: (code) => code.storeNarrow(place, r13, 2) };
  }
}

function* generalCases(): Generator<X64Case> {
  const pairs: readonly (readonly [number, number])[] = [
    [0, 1],
    [8, 3],
    [5, 12],
    [15, 13],
  ];
  for (const [to, from] of pairs) {
    const [a, b] = [general[to], general[from]];
    const [x, y] = [names64[to], names64[from]];
    const place = at(b, 16 * to, a, 4);
    const memory = placeText(place);
    for (const [bytes, size] of [
      [1, 'BYTE'],
      [2, 'WORD'],
    ] as const) {
      const operands = `${names32[to]}, ${size} PTR ${memory}`;
      yield { text: `movzx ${operands}`, write: (code) => code.loadNarrow(a, place, bytes) };
      yield { text: `movsx ${operands}`, write: (code) => code.loadNarrow(a, place, bytes, true) };
    }
    yield { text: `mov ${x}, ${y}`, write: (code) => code.mov(a, b) };
    yield { text: `mov ${names32[to]}, DWORD PTR ${memory}`, write: (code) => code.load32(a, place) };
    yield { text: `movsxd ${x}, DWORD PTR ${memory}`, write: (code) => code.load32Signed(a, place) };
    yield { text: `mov ${x}, QWORD PTR ${memory}`, write: (code) => code.load64(a, place) };
    yield { text: `mov DWORD PTR ${memory}, ${names32[from]}`, write: (code) => code.store32(place, b) };
    yield { text: `mov QWORD PTR ${memory}, ${y}`, write: (code) => code.store64(place, b) };
    yield { text: `lea ${x}, ${memory}`, write: (code) => code.lea(a, place) };
    for (const operation of Object.keys(arithmetic) as (keyof typeof arithmetic)[]) {
      yield { text: `${operation} ${x}, ${y}`, write: (code) => code.arith(operation, a, b) };
      yield { text: `${operation} ${x}, QWORD PTR ${memory}`, write: (code) => code.arith(operation, a, place) };
      yield { text: `${operation} ${names32[to]}, ${names32[from]}`, write: (code) => code.arith(operation, a, b, 32) };
      for (const constant of [1, -128, 127, 128, -129, 0x7fffffff])
        yield { text: `${operation} ${x}, ${constant}`, write: (code) => code.arith(operation, a, constant) };
      yield { text: `${operation} ${names32[to]}, 1000`, write: (code) => code.arith(operation, a, 1000, 32) };
      yield {
        text: `${operation} DWORD PTR ${memory}, ${names32[from]}`,
        write: (code) => code.arithMemory32(operation, place, b),
      };
    }
    yield { text: `imul ${x}, ${y}`, write: (code) => code.imul(a, b) };
    yield { text: `imul ${x}, QWORD PTR ${memory}`, write: (code) => code.imul(a, place) };
    for (const constant of [24, -100, 1000])
      yield { text: `imul ${x}, ${y}, ${constant}`, write: (code) => code.imulConstant(a, b, constant) };
    for (const kind of ['shl', 'shr'] as const) {
      for (const by of [1, 5]) yield { text: `${kind} ${x}, ${by}`, write: (code) => code.shift(kind, a, by) };
    }
    yield { text: `neg ${x}`, write: (code) => code.neg(a) };
    yield { text: `div ${y}`, write: (code) => code.div(b) };
    yield { text: `test ${x}, ${y}`, write: (code) => code.test(a, b) };
    yield { text: `push ${x}`, write: (code) => code.push(a) };
    yield { text: `pop ${x}`, write: (code) => code.pop(a) };
    yield { text: `call ${x}`, write: (code) => code.call(a) };
    yield { text: `call QWORD PTR ${memory}`, write: (code) => code.call(place) };
    for (const level of ['t0', 't1'] as const)
      yield { text: `prefetch${level} BYTE PTR ${memory}`, write: (code) => code.prefetch(level, place) };
    for (const constant of [0, 1, 0x7fffffff, 0xffffffff])
      yield { text: `mov ${names32[to]}, ${constant}`, write: (code) => code.movConstant(a, constant) };
    for (const constant of [-1, -0x80000000])
      yield { text: `mov ${x}, ${constant}`, write: (code) => code.movConstant(a, constant) };
    for (const constant of [-0x80000001, 0x100000000, 0x1234567890abcdefn])
      yield { text: `movabs ${x}, ${constant}`, write: (code) => code.movConstant(a, constant) };
  }
  const suffixes: Record<keyof typeof conditions, string> = {
    below: 'b',
    aboveEqual: 'ae',
    equal: 'e',
    notEqual: 'ne',
    belowEqual: 'be',
    above: 'a',
    less: 'l',
    greaterEqual: 'ge',
    lessEqual: 'le',
    greater: 'g',
  };
  for (const condition of Object.keys(conditions) as (keyof typeof conditions)[]) {
    const suffix = suffixes[condition];
    yield { text: `cmov${suffix} r9, rdx`, write: (code) => code.cmov(condition, r9, rdx) };
    yield { text: `cmov${suffix} rdx, r15`, write: (code) => code.cmov(condition, rdx, r15) };
    yield {
      text: `{disp32} j${suffix} 1f; ret; 1:`,
      write: (code) => {
        const label = code.label();
        code.jumpIf(condition, label);
        code.ret();
        code.bind(label);
      },
    };
  }
  for (const kind of ['movs', 'stos'] as const) yield { text: `rep ${kind}b`, write: (code) => code.repeatBytes(kind) };
  yield { text: 'vzeroupper', write: (code) => code.vzeroupper() };
  yield { text: 'ret', write: (code) => code.ret() };
}

/** A place before, one behind, and constants: with nothing, a constant of the instruction and a register behind it. */
function* labelCases(): Generator<X64Case> {
  yield {
    text: '1: ret; {disp32} jmp 1b; {disp32} jmp 2f; call 1b; call 2f; ret; 2: ret; {disp32} jne 1b; lea r9, [rip + 2b]',
    write: (code) => {
      const before = code.bind();
      const behind = code.label();
      code.ret();
      code.jump(before);
      code.jump(behind);
      code.call(before);
      code.call(behind);
      code.ret();
      code.bind(behind);
      code.ret();
      code.jumpIf('notEqual', before);
      code.lea(r9, behind);
    },
  };
  yield {
    text: [
      'vaddps zmm1, zmm2, ZMMWORD PTR [rip + 3f]',
      'vpermilps ymm1, YMMWORD PTR [rip + 2f], 7',
      'vblendvps ymm1, ymm12, YMMWORD PTR [rip + 2f], ymm9',
      'vmulps zmm1, zmm2, DWORD BCST [rip + 1f]',
      'vcmpps k1, zmm2, DWORD BCST [rip + 1f], 17',
      'mov eax, DWORD PTR [rip + 1f]',
      'ret',
      '.p2align 6, 0xcc',
      '3: .long 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16',
      '2: .long 1, 2, 3, 4, 5, 6, 7, 0xffffffff',
      '1: .long 0x3f800000',
    ].join('; '),
    write: (code) => {
      const one = code.constant(0x3f800000);
      const eight = code.constant(1, 2, 3, 4, 5, 6, 7, -1);
      const sixteen = code.constant(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
      code.op('vaddps', zmm(1), zmm(2), sixteen);
      code.opWith('vpermilps', { immediate: 7 }, ymm(1), eight);
      code.op('vblendvps', ymm(1), ymm(12), eight, ymm(9));
      code.opWith('vmulps', { broadcast: true }, zmm(1), zmm(2), code.constant(0x3f800000));
      code.opWith('vcmpps', { broadcast: true, immediate: 17 }, k(1), zmm(2), one);
      code.load32(rax, one);
      code.ret();
    },
  };
}

/** Every instruction, in forms that take turns. */
export const x64Cases: readonly X64Case[] = [
  ...(Object.keys(vectorInstructions) as VectorName[]).flatMap((name) => [...casesOf(name)]),
  ...placeCases(),
  ...generalCases(),
  ...labelCases(),
];
