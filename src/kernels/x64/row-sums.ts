import type { RowAddress } from './body.js';
import type { KernelContext } from './kernel-context.js';
import { at, type Memory, rcx, xmm, ymm } from './registers.js';
import type { Bundle, X64VectorCode } from './vector-code.js';

/** The sum over rows of one output, a value per column: fast within a block of rows, exact between blocks. */
export class RowSums {
  readonly #kernel: KernelContext;
  readonly #block: RowAddress;
  readonly #total: RowAddress;

  /** @param buffers row buffers that lie one behind the other: one for the block and two for the total */
  constructor(kernel: KernelContext, buffers: readonly RowAddress[]) {
    this.#kernel = kernel;
    [this.#block, this.#total] = buffers;
  }

  clear(): void {
    this.#fill(this.#total, 2);
  }

  openBlock(): void {
    this.#fill(this.#block, 1);
  }

  /** Adds to a body: values at the place of the walk are added. Row buffers hold whole vectors. */
  add(values: Bundle, code: X64VectorCode): void {
    values.forEach((value, i) => {
      const place = { row: this.#block, step: 4, offset: i * code.unit.bytes } as const;
      const before = code.body.value({ name: 'vmovups', sources: [], place });
      const after = code.body.value({ name: 'vaddps', sources: [value, before], inMemory: 1 });
      code.body.store({ name: 'vmovupsStore', sources: [after], place });
    });
  }

  closeBlock(): void {
    const { code, unit, addresses, paddedBytes } = this.#kernel;
    const sum = unit.register(0);
    addresses.forget();
    const block = addresses.registerOf(this.#block);
    const total = addresses.registerOf(this.#total);
    // Half a vector at a time, whose doubles fill one.
    this.#loop(unit.bytes / 2, paddedBytes, () => {
      code.op('vcvtps2pd', sum, at(block, 0, rcx));
      code.op('vaddpd', sum, sum, at(total, 0, rcx, 2));
      code.op('vmovupdStore', at(total, 0, rcx, 2), sum);
    });
    addresses.forget();
  }

  /** Writes the sums to an output, or adds them to what it holds. */
  store(output: RowAddress, accumulate: boolean): void {
    const { code, unit, addresses, columns } = this.#kernel;
    addresses.forget();
    const total = addresses.registerOf(this.#total);
    const target = addresses.registerOf(output);
    const lanes = unit.lanes / 2;
    const sum = unit.register(0);
    const before = unit.register(1);
    const half = unit.bits === 512 ? ymm(0) : xmm(0);
    this.#loop(lanes, this.#kernel.endOf(0.5), () => {
      code.op('vmovupd', sum, at(total, 0, rcx, 8));
      if (accumulate) {
        code.op('vcvtps2pd', before, at(target, 0, rcx, 4));
        code.op('vaddpd', sum, sum, before);
      }
      code.op('vcvtpd2ps', half, sum);
      code.op('vmovupsStore', at(target, 0, rcx, 4), half);
    });
    this.#goOn(1, columns, () => {
      code.op('vmovsd', xmm(0), at(total, 0, rcx, 8));
      if (accumulate) {
        code.op('vmovss', xmm(1), at(target, 0, rcx, 4));
        code.op('vcvtss2sd', xmm(1), xmm(1), xmm(1));
        code.op('vaddsd', xmm(0), xmm(0), xmm(1));
      }
      code.op('vcvtsd2ss', xmm(0), xmm(0), xmm(0));
      code.op('vmovssStore', at(target, 0, rcx, 4), xmm(0));
    });
    addresses.forget();
  }

  #fill(row: RowAddress, numBuffers: 1 | 2): void {
    const { code, unit, addresses, paddedBytes } = this.#kernel;
    addresses.forget();
    const address = addresses.registerOf(row);
    code.op('vxorps', xmm(0), xmm(0), xmm(0));
    this.#loop(unit.bytes, paddedBytes, () => {
      for (let i = 0; i < numBuffers; i++)
        code.op('vmovupsStore', at(address, i * unit.bytes, rcx, numBuffers), unit.register(0));
    });
    addresses.forget();
  }

  /** Counts rcx up from 0 by a step while it is below a number on the stack. */
  #loop(step: number, end: Memory, body: () => void): void {
    this.#kernel.code.arith('xor', rcx, rcx, 32);
    this.#goOn(step, end, body);
  }

  /** The same from where it is. */
  #goOn(step: number, end: Memory, body: () => void): void {
    const { code } = this.#kernel;
    const behind = code.label();
    const again = code.bind();
    code.arith('cmp', rcx, end);
    code.jumpIf('aboveEqual', behind);
    body();
    code.arith('add', rcx, step);
    code.jump(again);
    code.bind(behind);
  }
}
