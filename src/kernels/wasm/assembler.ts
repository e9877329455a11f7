import { RondoError } from '../../errors.js';
import { ByteWriter } from './byte-writer.js';
import { type Func, FunctionBuilder, type LocalsOf, typeCodes } from './function-builder.js';
import type { ValueType } from './values.js';

export { type Func, FunctionBuilder, type Label } from './function-builder.js';
export { f32, f32x4, f64x2, i8x16, i16x8, i32, i32x4, select, shuffle, v128 } from './instructions.js';
export { Local, type Operand, Value, type ValueType } from './values.js';

/**
 * Writes WebAssembly modules (WebAssembly 2.0 core specification, binary format). A module imports its memory as
 * `env.memory` and exports every function it names.
 *
 * @example
 * const module = new ModuleBuilder();
 * module.func('sum', { params: ['i32', 'i32'], result: 'f32' }, (f, address, count) => {
 *   const total = f.let(f32.const(0));
 *   const i = f.local('i32');
 *   f.for(i, 0, count, 1, () => {
 *     f.set(total, f32.add(total, f32.load(address)));
 *     f.set(address, i32.add(address, 4));
 *   });
 *   f.return(total);
 * });
 * const { sum } = instantiate(module.toBytes(), memory);
 */
export class ModuleBuilder {
  readonly #memory: MemoryLimits;
  readonly #signatures: string[] = [];
  readonly #functions: { func: Func; signature: number; body: ByteWriter }[] = [];
  readonly #data: { address: number; bytes: Uint8Array }[] = [];

  constructor(memory: MemoryLimits = {}) {
    this.#memory = memory;
    if (memory.sharedMemory === true && memory.maximumPages === undefined) {
      throw new RondoError('INTERNAL', { where: 'assembler', what: 'a shared memory needs maximumPages.' });
    }
  }

  /** Writes a function at once; `body` receives its builder and its parameters. */
  func<const P extends readonly ValueType[], R extends ValueType | undefined = undefined>(
    name: string,
    signature: { params: P; result?: R | undefined },
    body: (f: FunctionBuilder, ...params: LocalsOf<P>) => void,
  ): Func<P, R> {
    if (this.#functions.some((other) => other.func.name === name)) {
      throw new RondoError('INTERNAL', { where: 'assembler', what: `two functions are named \`${name}\`.` });
    }
    const { params, result } = signature;
    const index = this.#functions.length;
    const builder = new FunctionBuilder(name, params, result);
    body(builder, ...(builder.params as unknown as LocalsOf<P>));
    const func = { name, index, params, result: result as R };
    this.#functions.push({ func, signature: this.#signatureOf(params, result), body: builder.finish() });
    return func;
  }

  /** A function that was written before and has no result, by its name; undefined where there is none. */
  find(name: string): Func<readonly ValueType[], undefined> | undefined {
    const found = this.#functions.find(({ func }) => func.name === name)?.func;
    return found?.result === undefined ? (found as Func<readonly ValueType[], undefined> | undefined) : undefined;
  }

  /** Bytes that the memory holds at an address from the beginning on: it must be that large. */
  data(address: number, bytes: Uint8Array): void {
    this.#data.push({ address, bytes });
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.raw32(0x6d736100);
    out.raw32(1);
    const section = (id: number, count: number, write: (bytes: ByteWriter) => void): void => {
      const bytes = new ByteWriter();
      bytes.u32(count);
      write(bytes);
      out.u8(id);
      out.sized(bytes);
    };
    section(1, this.#signatures.length, (bytes) => {
      for (const signature of this.#signatures) {
        const [params, result] = signature
          .split('>')
          .map((types) => types.split(' ').filter((type) => type !== '') as ValueType[]);
        bytes.u8(0x60);
        for (const types of [params, result]) {
          bytes.u32(types.length);
          bytes.bytes(types.map((type) => typeCodes[type]));
        }
      }
    });
    section(2, 1, (bytes) => this.#writeMemoryImport(bytes));
    section(3, this.#functions.length, (bytes) => this.#functions.forEach(({ signature }) => bytes.u32(signature)));
    section(7, this.#functions.length, (bytes) =>
      this.#functions.forEach(({ func: { name } }, index) => {
        bytes.name(name);
        bytes.u8(0);
        bytes.u32(index);
      }),
    );
    section(10, this.#functions.length, (bytes) => this.#functions.forEach(({ body }) => bytes.sized(body)));
    if (this.#data.length > 0)
      section(11, this.#data.length, (bytes) => {
        for (const { address, bytes: content } of this.#data) {
          // In memory 0, at a constant.
          bytes.bytes([0, 0x41]);
          bytes.i32(address);
          bytes.u8(0x0b);
          bytes.u32(content.length);
          bytes.bytes(content);
        }
      });
    return out.toBytes();
  }

  #writeMemoryImport(bytes: ByteWriter): void {
    const { sharedMemory = false, maximumPages } = this.#memory;
    bytes.name('env');
    bytes.name('memory');
    bytes.u8(2);
    bytes.u8((maximumPages === undefined ? 0 : 1) | (sharedMemory ? 2 : 0));
    bytes.u32(0);
    if (maximumPages !== undefined) bytes.u32(maximumPages);
  }

  #signatureOf(params: readonly ValueType[], result: ValueType | undefined): number {
    const signature = `${params.join(' ')}>${result ?? ''}`;
    const known = this.#signatures.indexOf(signature);
    return known >= 0 ? known : this.#signatures.push(signature) - 1;
  }
}

/** The memory that a module can be instantiated with: shared or not, and at most this large (in pages of 64 KiB). */
export interface MemoryLimits {
  sharedMemory?: boolean | undefined;
  maximumPages?: number | undefined;
}

/** A `WebAssembly.Memory`, whose type programs for Node alone do not have. */
export type LinearMemory = { readonly buffer: ArrayBufferLike };

export type Exports = Readonly<Record<string, (...args: number[]) => number>>;

/** What Chromium, Firefox and Safari say where the security policy of a page forbids to compile. */
const refusedByPolicy = /unsafe-eval|content.security.policy|\bCSP\b/i;
/** And where a function has more variables than they allow: 50,000. */
const hasTooManyVariables = /local count too large|too many locals/i;

/**
 * Compiles and links a module at once; its functions take and return numbers.
 *
 * @throws BACKEND_UNAVAILABLE where the page's security policy forbids it; OUT_OF_RANGE where a function is too large;
 *   INTERNAL where it is invalid
 */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, memory: LinearMemory): Exports {
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env: { memory: memory as WebAssembly.Memory },
    });
    return instance.exports as unknown as Exports;
  } catch (cause) {
    const { message } = cause as Error;
    if (hasTooManyVariables.test(message))
      throw new RondoError('OUT_OF_RANGE', {
        where: 'wasm backend',
        what: 'an expression has more values than one kernel can hold.',
        received: message,
        fix: 'compute it by several operations.',
        cause,
      });
    if (!refusedByPolicy.test(message))
      throw new RondoError('INTERNAL', {
        where: 'assembler',
        what: `a generated module is refused: ${message}`,
        cause,
      });
    throw new RondoError('BACKEND_UNAVAILABLE', {
      where: 'useBackend',
      what: 'the security policy of this page forbids to compile WebAssembly.',
      expected: "'wasm-unsafe-eval' in the directive script-src of the header Content-Security-Policy",
      received: message,
      fix:
        "send Content-Security-Policy: script-src 'self' 'wasm-unsafe-eval' (it allows WebAssembly and no eval), " +
        "or choose useBackend('reference'), which is slow.",
      cause,
    });
  }
}
