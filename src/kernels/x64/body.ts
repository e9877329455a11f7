import type { VectorName } from './instructions.js';
import type { Label, Memory } from './registers.js';

/** Where a value lies that needs no register: all of it, or one number that an instruction repeats in all lanes. */
export interface Home {
  readonly place: Memory | Label;
  readonly isRepeated: boolean;
}

/** A vector, or a condition of its lanes in a mask register, computed by one operation of a body or found outside. */
export class Value {
  readonly kind: 'vector' | 'mask';
  /** Where it lies, if it is the same in all turns of a loop. */
  readonly home: Home | undefined;
  /** The register that it is in throughout. */
  readonly fixed: number | undefined;

  constructor({ kind = 'vector', home, fixed }: { kind?: 'vector' | 'mask'; home?: Home; fixed?: number } = {}) {
    this.kind = kind;
    this.home = home;
    this.fixed = fixed;
  }
}

/** An array whose current row begins at an address that is in a register or in memory. */
export interface RowAddress {
  readonly index: number;
}

/** A place in an array: `offset` bytes behind the row's beginning, and behind the column of the walk where it moves. */
export interface ElementPlace {
  readonly row: RowAddress;
  /** Bytes from one column to the next; 0 where the place does not move. */
  readonly step: 0 | 1 | 2 | 4 | 8;
  readonly offset: number;
}

export type Place = ElementPlace | Memory;

export type Width = 128 | 256 | 512;

/** One instruction on values. */
export interface Operation {
  /** `fmadd` is `a b + c` of its three sources, `fnmadd` is `c - a b`; their form follows from where these are. */
  readonly name: VectorName | 'fmadd' | 'fnmadd';
  readonly result?: Value | undefined;
  readonly sources: readonly Value[];
  /** The place that is read, behind the sources; where there is no result, it is written, and stands before them. */
  readonly place?: Place | undefined;
  /** Which source may be an operand in memory. */
  readonly inMemory?: number | undefined;
  /** Whether the first two sources may be exchanged. */
  readonly commutes?: boolean | undefined;
  readonly immediate?: number | undefined;
  /** Which lanes of the result count, as in {@link Details}. */
  readonly mask?: Value | undefined;
  readonly zeroing?: boolean | undefined;
  /** How many bits of the sources (or of the last), and of the result, are used; all where nothing is said. */
  readonly sourceBits?: Width | undefined;
  readonly lastSourceBits?: Width | undefined;
  readonly resultBits?: Width | undefined;
  /** The width of the instruction, where it is not that of the widest register. */
  readonly bits?: Width | undefined;
}

/** What is computed in one turn of a loop, without branches. */
export class Body {
  readonly operations: Operation[] = [];

  /** Adds an operation with a result; `into` names the value whose register receives it. */
  value(operation: Omit<Operation, 'result'>, kind: Value['kind'] = 'vector', into?: Value): Value {
    const result = into ?? new Value({ kind });
    this.operations.push({ ...operation, result });
    return result;
  }

  /** Adds an operation that writes to memory. */
  store(operation: Omit<Operation, 'result'> & { readonly place: Place }): void {
    this.operations.push(operation);
  }
}
