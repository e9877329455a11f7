import { PickleReader } from './pickle-reader.js';
import { type Pickled, PickledGlobal, PickledRecord } from './pickle-values.js';
import { rebuilt } from './torch-globals.js';

/** What a pickle holds, and where it ends. */
export interface Unpickled {
  readonly value: Pickled;
  readonly end: number;
}

/** More than the pickle of any model has; what instructions make takes memory. */
const mostInstructions = 8_000_000;

/** Stands in the stack where a sequence begins. */
const mark = Symbol('mark');
type Entry = Pickled | typeof mark;

/**
 * What a Python pickle holds, of every protocol up to 5: numbers, texts, lists, dictionaries, and of PyTorch's tensors what they are
 * views of. A pickle is a program; here its instructions build these values and nothing else. Classes and functions are
 * names, and what would be made of them is a record of their arguments and state.
 *
 * Work and memory are bounded by the length of the pickle: no instruction repeats another, and nothing is copied.
 *
 * @param persistent the value that an id of the file stands for.
 * @throws FILE_FORMAT where it is damaged or uses what only a program could give it
 * Source: Python, Lib/pickletools.py.
 */
export function unpickle(
  bytes: Uint8Array,
  where: string,
  persistent: (id: Pickled) => Pickled | undefined,
  begin = 0,
): Unpickled {
  return new Unpickler(new PickleReader(bytes, where, begin), persistent).run();
}

class Unpickler {
  readonly #reader: PickleReader;
  readonly #persistent: (id: Pickled) => Pickled | undefined;
  readonly #stack: Entry[] = [];
  readonly #memo = new Map<number, Pickled>();
  readonly #copied = { entries: 0 };

  constructor(reader: PickleReader, persistent: (id: Pickled) => Pickled | undefined) {
    this.#reader = reader;
    this.#persistent = persistent;
  }

  run(): Unpickled {
    for (let i = 0; i < mostInstructions; i++) {
      const code = this.#reader.count(1);
      // STOP.
      if (code === 0x2e) return { value: this.#pop(), end: this.#reader.at };
      const instruction = instructions.get(code);
      if (instruction === undefined)
        throw this.#reader.fault(
          'the pickle holds an instruction that is not read.',
          `byte 0x${code.toString(16)} at byte ${this.#reader.at - 1}`,
        );
      instruction(this.#reader, this.#machine);
    }
    throw this.#reader.fault('the pickle is too long.', `more than ${mostInstructions} instructions`);
  }

  readonly #machine: Machine = {
    push: (value) => {
      this.#stack.push(value);
    },
    pushMark: () => {
      this.#stack.push(mark);
    },
    pop: () => this.#pop(),
    discard: () => {
      if (this.#stack.pop() === undefined) throw this.#empty();
    },
    top: () => {
      const value = this.#stack.at(-1);
      if (value === undefined || value === mark) throw this.#empty();
      return value;
    },
    popToMark: () => {
      const at = this.#stack.lastIndexOf(mark);
      if (at < 0) throw this.#empty();
      return this.#stack.splice(at).slice(1) as Pickled[];
    },
    remember: (key) => {
      this.#memo.set(key ?? this.#memo.size, this.#machine.top());
    },
    recall: (key) => {
      const value = this.#memo.get(key);
      if (value === undefined) throw this.#reader.fault('the pickle uses a value that it never kept.');
      this.#stack.push(value);
    },
    reduce: (of, args) => {
      this.#stack.push(rebuilt(of, args, this.#copied));
    },
    persistent: (id) => {
      const value = this.#persistent(id);
      if (value === undefined)
        throw this.#reader.fault('the pickle refers to something outside that is no storage of numbers.');
      this.#stack.push(value);
    },
  };

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw this.#empty();
    return value;
  }

  #empty(): Error {
    return this.#reader.fault('the pickle takes more values than it has made.');
  }
}

/** What instructions do with the stack and the memo. */
interface Machine {
  push(value: Pickled): void;
  pushMark(): void;
  pop(): Pickled;
  discard(): void;
  top(): Pickled;
  popToMark(): Pickled[];
  /** Under the next number without a key. */
  remember(key?: number): void;
  recall(key: number): void;
  reduce(of: Pickled, args: Pickled): void;
  persistent(id: Pickled): void;
}

type Instruction = (reader: PickleReader, machine: Machine) => void;

const constant =
  (make: () => Pickled): Instruction =>
  (_, { push }) =>
    push(make());
const read =
  (value: (reader: PickleReader) => Pickled): Instruction =>
  (reader, { push }) =>
    push(value(reader));

/** Texts in quotes, as protocol 0 writes them; without escapes. */
function quoted(line: string): string {
  return line.replace(/^(['"])(.*)\1$/s, '$2');
}

function numberOrBoolean(reader: PickleReader): Pickled {
  const line = reader.line();
  if (line === '00' || line === '01') return line === '01';
  return reader.wholeNumber(line);
}

function global(reader: PickleReader): PickledGlobal {
  const module = reader.line();
  return new PickledGlobal(module, reader.line());
}

function appended(target: Pickled, values: readonly Pickled[], reader: PickleReader): void {
  const list = target instanceof PickledRecord ? target.list : target;
  if (!Array.isArray(list)) throw reader.fault('the pickle appends to what is no list.');
  for (const value of values) list.push(value);
}

function entered(target: Pickled, pairs: readonly Pickled[], reader: PickleReader): void {
  const items = target instanceof PickledRecord ? target.items : target;
  if (!(items instanceof Map) || pairs.length % 2 !== 0)
    throw reader.fault('the pickle sets entries of what is no dictionary.');
  for (let i = 0; i < pairs.length; i += 2) items.set(pairs[i], pairs[i + 1]);
}

function tuple(length: number): Instruction {
  return (_, { pop, push }) => {
    const items = Array.from({ length }, () => pop());
    push(items.reverse());
  };
}

/** A dictionary that is known has no other state, such as the versions that PyTorch keeps beside its names. */
const build: Instruction = (_, { pop, top }) => {
  const state = pop();
  const target = top();
  if (target instanceof PickledRecord) target.state = state;
};

const object: Instruction = (reader, { popToMark, reduce }) => {
  const [of, ...args] = popToMark();
  if (of === undefined) throw reader.fault('the pickle makes an object of nothing.');
  reduce(of, args);
};

const reduce: Instruction = (_, machine) => {
  const args = machine.pop();
  machine.reduce(machine.pop(), args);
};

/** By code; the names are those of pickletools. */
const instructions: ReadonlyMap<number, Instruction> = new Map<number, Instruction>([
  [0x80, (reader) => void reader.count(1)], // PROTO
  [0x95, (reader) => void reader.wideCount()], // FRAME
  [0x28, (_, { pushMark }) => pushMark()], // MARK
  [0x30, (_, { discard }) => discard()], // POP
  [0x31, (_, { popToMark }) => void popToMark()], // POP_MARK
  [0x32, (_, { top, push }) => push(top())], // DUP
  [0x4e, constant(() => null)], // NONE
  [0x88, constant(() => true)], // NEWTRUE
  [0x89, constant(() => false)], // NEWFALSE
  [0x49, read(numberOrBoolean)], // INT
  [0x4c, read((reader) => reader.wholeNumber(reader.line().replace(/L$/, '')))], // LONG
  [0x4a, read((reader) => reader.int32())], // BININT
  [0x4b, read((reader) => reader.count(1))], // BININT1
  [0x4d, read((reader) => reader.count(2))], // BININT2
  [0x8a, read((reader) => reader.long(reader.count(1)))], // LONG1
  [0x8b, read((reader) => reader.long(reader.count(4)))], // LONG4
  [0x46, read((reader) => Number.parseFloat(reader.line()))], // FLOAT
  [0x47, read((reader) => reader.float())], // BINFLOAT
  [0x53, read((reader) => quoted(reader.line()))], // STRING
  [0x54, read((reader) => reader.text(reader.count(4)))], // BINSTRING
  [0x55, read((reader) => reader.text(reader.count(1)))], // SHORT_BINSTRING
  [0x56, read((reader) => reader.line())], // UNICODE
  [0x58, read((reader) => reader.text(reader.count(4)))], // BINUNICODE
  [0x8c, read((reader) => reader.text(reader.count(1)))], // SHORT_BINUNICODE
  [0x8d, read((reader) => reader.text(reader.wideCount()))], // BINUNICODE8
  [0x42, read((reader) => reader.bytes(reader.count(4)))], // BINBYTES
  [0x43, read((reader) => reader.bytes(reader.count(1)))], // SHORT_BINBYTES
  [0x8e, read((reader) => reader.bytes(reader.wideCount()))], // BINBYTES8
  [0x96, read((reader) => reader.bytes(reader.wideCount()))], // BYTEARRAY8
  [0x5d, constant(() => [])], // EMPTY_LIST
  [0x29, constant(() => [])], // EMPTY_TUPLE
  [0x8f, constant(() => [])], // EMPTY_SET
  [0x7d, constant(() => new Map())], // EMPTY_DICT
  [0x6c, (_, { popToMark, push }) => push(popToMark())], // LIST
  [0x74, (_, { popToMark, push }) => push(popToMark())], // TUPLE
  [0x91, (_, { popToMark, push }) => push(popToMark())], // FROZENSET
  [0x85, tuple(1)], // TUPLE1
  [0x86, tuple(2)], // TUPLE2
  [0x87, tuple(3)], // TUPLE3
  [0x64, (reader, { popToMark, push }) => dictionary(popToMark(), push, reader)], // DICT
  [0x61, (reader, { pop, top }) => single(pop(), top, reader)], // APPEND
  [0x65, (reader, { popToMark, top }) => several(popToMark(), top, reader)], // APPENDS
  [0x90, (reader, { popToMark, top }) => several(popToMark(), top, reader)], // ADDITEMS
  [0x73, (reader, { pop, top }) => entry(pop(), pop(), top, reader)], // SETITEM
  [0x75, (reader, { popToMark, top }) => entries(popToMark(), top, reader)], // SETITEMS
  [0x63, read(global)], // GLOBAL
  [0x93, (reader, { pop, push }) => push(globalOf(pop(), pop(), reader))], // STACK_GLOBAL
  [0x52, reduce], // REDUCE
  [0x81, reduce], // NEWOBJ
  [0x92, newWithNames], // NEWOBJ_EX
  [0x62, build], // BUILD
  [0x69, (reader, machine) => machine.reduce(global(reader), machine.popToMark())], // INST
  [0x6f, object], // OBJ
  [0x50, (reader, { persistent }) => persistent(reader.line())], // PERSID
  [0x51, (_, { pop, persistent }) => persistent(pop())], // BINPERSID
  [0x70, (reader, { remember }) => remember(Number(reader.wholeNumber(reader.line())))], // PUT
  [0x71, (reader, { remember }) => remember(reader.count(1))], // BINPUT
  [0x72, (reader, { remember }) => remember(reader.count(4))], // LONG_BINPUT
  [0x94, (_, { remember }) => remember()], // MEMOIZE
  [0x67, (reader, { recall }) => recall(Number(reader.wholeNumber(reader.line())))], // GET
  [0x68, (reader, { recall }) => recall(reader.count(1))], // BINGET
  [0x6a, (reader, { recall }) => recall(reader.count(4))], // LONG_BINGET
]);

function dictionary(pairs: readonly Pickled[], push: Machine['push'], reader: PickleReader): void {
  const made = new Map<Pickled, Pickled>();
  entered(made, pairs, reader);
  push(made);
}

function single(value: Pickled, top: Machine['top'], reader: PickleReader): void {
  appended(top(), [value], reader);
}

function several(values: readonly Pickled[], top: Machine['top'], reader: PickleReader): void {
  appended(top(), values, reader);
}

function entry(value: Pickled, key: Pickled, top: Machine['top'], reader: PickleReader): void {
  entered(top(), [key, value], reader);
}

function entries(pairs: readonly Pickled[], top: Machine['top'], reader: PickleReader): void {
  entered(top(), pairs, reader);
}

function globalOf(name: Pickled, module: Pickled, reader: PickleReader): PickledGlobal {
  if (typeof name !== 'string' || typeof module !== 'string')
    throw reader.fault('the pickle names a class by what is no text.');
  return new PickledGlobal(module, name);
}

function newWithNames(_: PickleReader, machine: Machine): void {
  const named = machine.pop();
  const args = machine.pop();
  machine.reduce(machine.pop(), named instanceof Map && named.size === 0 ? args : [args, named]);
}
