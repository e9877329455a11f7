import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type X64Case, x64Cases } from '../../../test/vectors/x64-cases.js';
import { Assembler } from './assembler.js';
import { at, r12, rax, rsp, xmm, ymm } from './registers.js';

const vectors: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../../test/vectors/x64/instructions.json', import.meta.url), 'utf8'),
);

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function written({ text, write }: X64Case): string {
  const code = new Assembler();
  write(code);
  const { length } = code;
  const bytes = code.toBytes();
  return hexOf(text.includes('.p2align') ? bytes : bytes.slice(0, length));
}

describe('the assembler of x86-64', () => {
  it('writes every instruction as GNU as does', () => {
    expect(x64Cases.length).toBeGreaterThan(1500);
    const differing = x64Cases
      .filter((given) => written(given) !== vectors[given.text])
      .map((given) => `${given.text}: ${written(given)}, not ${vectors[given.text]}`);
    expect(differing).toEqual([]);
  });

  it('fills up with instructions that do nothing', () => {
    for (let before = 0; before < 64; before++) {
      const code = new Assembler();
      for (let i = 0; i < before; i++) code.ret();
      code.alignTo(64);
      expect(code.length).toBe(before === 0 ? 0 : 64);
    }
  });

  it('refuses what has no form', () => {
    const code = new Assembler();
    expect(() => code.op('vpxor', ymm(1), ymm(2), ymm(16))).toThrow('vpxor has no form for these operands');
    expect(() => code.op('vmovss', xmm(1), at(rax, 0, rsp))).toThrow('rsp cannot be an index');
    code.jump(code.label());
    expect(() => code.toBytes()).toThrow('is not bound');
  });

  it('holds more than its first buffer', () => {
    const code = new Assembler();
    for (let i = 0; i < 3000; i++) code.movConstant(r12, i);
    expect(code.length).toBe(18_000);
    expect(hexOf(code.toBytes().slice(17_994, 18_000))).toBe('41bcb70b0000');
  });
});
