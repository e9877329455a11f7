import { describeShape, type Shape } from '../../shape.js';
import { damagedFile, foreignFile } from '../file-fault.js';
import { dtypeOfCode, isNpyCode, mostAxes, type NpyCode, unreadKinds } from './npy-types.js';
import { type PythonLiteral, parsePythonLiteral } from './python-literal.js';

export interface NpyHeader {
  readonly code: NpyCode;
  readonly isBigEndian: boolean;
  /** Whether the first axis is the fastest. */
  readonly isFortran: boolean;
  readonly shape: Shape;
  /** Where the values begin. */
  readonly dataStart: number;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy reads no longer header, and has no array of more axes. */
const longestHeader = 10_000;

/**
 * What stands in front of an array's values: magic, version (1, 2 or 3), length, and a Python dictionary with `descr`,
 * `fortran_order` and `shape`.
 *
 * @throws FILE_FORMAT
 * Source: NumPy, numpy/lib/format.py.
 */
export function readNpyHeader(bytes: Uint8Array, where: string): NpyHeader {
  if (magic.some((byte, i) => bytes[i] !== byte))
    throw foreignFile(where, 'NumPy array', bytes, 'a first byte 0x93, then `NUMPY`');
  const major = bytes[6];
  if (bytes.length < 12)
    throw damagedFile({ where, what: 'the array is cut short inside its header.', received: `${bytes.length} bytes` });
  if (major < 1 || major > 3 || bytes[7] !== 0)
    throw damagedFile({
      where,
      what: 'the array is of another version.',
      expected: 'version 1.0, 2.0 or 3.0',
      received: `${major}.${bytes[7]}`,
      fix: 'save it again with numpy.save.',
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerStart = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = headerStart + length;
  if (length > longestHeader)
    throw damagedFile({
      where,
      what: 'the header is too long.',
      expected: `at most ${longestHeader} bytes`,
      received: `${length} bytes`,
    });
  if (dataStart > bytes.length)
    throw damagedFile({
      where,
      what: 'the array is cut short inside its header.',
      expected: `at least ${dataStart} bytes`,
      received: `${bytes.length} bytes`,
    });

  const fields = headerFields(bytes.subarray(headerStart, dataStart), major, where);
  const descr = fields.get('descr');
  const isFortran = fields.get('fortran_order');
  const shape = fields.get('shape');
  if (typeof isFortran !== 'boolean' || fields.size !== 3 || descr === undefined)
    throw damagedFile({
      where,
      what: 'the header has other fields than an array has.',
      expected: "'descr', 'fortran_order' (True or False) and 'shape'",
      received: [...fields.keys()].join(', '),
    });
  return { ...readType(descr, where), isFortran, shape: requireAxes(shape, where), dataStart };
}

function headerFields(bytes: Uint8Array, major: number, where: string): ReadonlyMap<string, PythonLiteral> {
  let fields: PythonLiteral;
  try {
    const encoding = major === 3 ? 'utf-8' : 'latin1';
    fields = parsePythonLiteral(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch (cause) {
    const received = cause instanceof Error ? cause.message : String(cause);
    throw damagedFile({
      where,
      what: 'the header is damaged.',
      expected: 'a Python dictionary of texts and numbers',
      received,
      cause,
    });
  }
  if (fields instanceof Map) return fields;
  throw damagedFile({
    where,
    what: 'the header is damaged.',
    expected: 'a Python dictionary',
    received: typeof fields,
  });
}

function readType(descr: PythonLiteral, where: string): Pick<NpyHeader, 'code' | 'isBigEndian'> {
  const text = typeof descr === 'string' ? descr : 'V';
  const found = /^([<>|=]?)([a-zA-Z]\d*)/.exec(text);
  const [whole, order, code] = found ?? ['', '', ''];
  if (whole === text && isNpyCode(code)) {
    if (order === '<' || order === '>' || code.endsWith('1')) return { code, isBigEndian: order === '>' };
    throw damagedFile({
      where,
      what: 'the header does not say in which order bytes lie.',
      expected: "'<' or '>'",
      received: text,
    });
  }
  const [kind, fix] = unreadKinds[code[0]] ?? ['values of an unknown type', 'save array.astype(np.float32).'];
  throw damagedFile({
    where,
    what: `the array holds ${kind}.`,
    expected: `numbers: ${Object.keys(dtypeOfCode).join(', ')}`,
    received: typeof descr === 'string' ? descr : 'a list of fields',
    fix,
  });
}

function requireAxes(shape: PythonLiteral | undefined, where: string): number[] {
  const axes = Array.isArray(shape) ? (shape as PythonLiteral[]) : undefined;
  const isCount = (axis: PythonLiteral): axis is number => Number.isSafeInteger(axis) && (axis as number) >= 0;
  if (axes !== undefined && axes.length <= mostAxes && axes.every(isCount)) return axes;
  throw damagedFile({
    where,
    what: 'the array has an impossible shape.',
    expected: `a tuple of at most ${mostAxes} whole numbers, none negative`,
    received: axes === undefined ? typeof shape : describeShape(axes.slice(0, 10) as number[]),
  });
}
