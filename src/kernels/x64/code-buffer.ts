import type { Label } from './registers.js';

interface Patch {
  readonly label: Label;
  /** Where the 4 bytes of the distance are. */
  readonly place: number;
  /** From where it counts: the end of the instruction. */
  readonly from: number;
}

/** Bytes of an instruction at most. */
const longestInstruction = 15;

/** The bytes of code as they are written, with labels and with constants that lie behind it. */
export class CodeBuffer {
  protected bytes = new Uint8Array(1 << 15);
  /** How many of them are code. */
  protected written = 0;
  readonly #places: (number | undefined)[] = [];
  readonly #patches: Patch[] = [];
  readonly #constants = new Map<string, { label: Label; bytes: Uint8Array }>();

  /** How many bytes of code are written. */
  get length(): number {
    return this.written;
  }

  /** A place that is bound later. */
  label(): Label {
    this.#places.push(undefined);
    return { kind: 'label', id: this.#places.length - 1 };
  }

  /** A label that is bound here, or `label` bound here. */
  bind(label: Label = this.label()): Label {
    this.#places[label.id] = this.written;
    return label;
  }

  /** Where a bound label is, in bytes from the beginning. */
  placeOf({ id }: Label): number {
    const place = this.#places[id];
    if (place === undefined) throw new Error(`the label ${id} is not bound`);
    return place;
  }

  /** Words of 32 bits that lie behind the code, as an operand in memory. */
  constant(...words: readonly number[]): Label {
    const key = words.map((word) => word >>> 0).join();
    let constant = this.#constants.get(key);
    if (constant === undefined) {
      constant = { label: this.label(), bytes: new Uint8Array(Int32Array.from(words).buffer) };
      this.#constants.set(key, constant);
    }
    return constant.label;
  }

  /** Code and constants. @throws Error where a label that is used was not bound */
  toBytes(): Uint8Array<ArrayBuffer> {
    const constants = [...this.#constants.values()].sort((a, b) => b.bytes.length - a.bytes.length);
    this.alignTo(64, 0xcc);
    for (const { label, bytes } of constants) {
      this.bind(label);
      for (const byte of bytes) this.u8(byte);
    }
    this.#constants.clear();
    const view = new DataView(this.bytes.buffer);
    for (const { label, place, from } of this.#patches) view.setInt32(place, this.placeOf(label) - from, true);
    return this.bytes.slice(0, this.written);
  }

  /** Fills up to a multiple of `bytes`, with instructions that do nothing unless another byte is named. */
  alignTo(bytes: number, filler?: number): void {
    let missing = -this.written & (bytes - 1);
    if (filler !== undefined) {
      while (missing-- > 0) this.u8(filler);
      return;
    }
    while (missing > 0) {
      const nop = nops[Math.min(missing, nops.length) - 1];
      for (const byte of nop) this.u8(byte);
      missing -= nop.length;
    }
  }

  /** The 4 bytes of the distance to a label; `tail` bytes of the instruction follow. */
  protected distance(label: Label, tail: number): void {
    this.#patches.push({ label, place: this.written, from: this.written + 4 + tail });
    this.u32(0);
  }

  protected write(...bytes: readonly number[]): void {
    for (const byte of bytes) this.u8(byte);
  }

  protected u32(value: number): void {
    this.reserve();
    const bytes = this.bytes;
    bytes[this.written++] = value;
    bytes[this.written++] = value >>> 8;
    bytes[this.written++] = value >>> 16;
    bytes[this.written++] = value >>> 24;
  }

  protected u8(value: number): void {
    this.reserve();
    this.bytes[this.written++] = value;
  }

  /** Makes room for the longest instruction. */
  protected reserve(): void {
    if (this.written + longestInstruction <= this.bytes.length) return;
    const larger = new Uint8Array(2 * this.bytes.length);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

/** Instructions of 1 to 9 bytes that do nothing, as Intel's manual recommends them. */
const nops: readonly (readonly number[])[] = [
  [0x90],
  [0x66, 0x90],
  [0x0f, 0x1f, 0x00],
  [0x0f, 0x1f, 0x40, 0x00],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
  [0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];
