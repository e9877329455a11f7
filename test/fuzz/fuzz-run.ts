import { RondoError } from '../../src/errors.js';
import type { FuzzedFormat } from './fuzzed-format.js';
import { mutantsOf } from './mutants.js';

/** What may be said of a damaged file: that it is one, or that what it describes does not fit together. */
const codes = [
  'FILE_FORMAT',
  'FILE_VERSION',
  'OUT_OF_MEMORY',
  'SHAPE_MISMATCH',
  'OUT_OF_RANGE',
  'UNKNOWN_NAME',
  'USAGE',
  'NOT_FINITE',
];

/** The most of the processor's time that one file may take, and the most that the process may grow by it. */
export const bounds = { elapsedMs: 1000, growthBytes: 256 * 2 ** 20 };

export interface FuzzFault {
  /** The file's number, which makes it again. */
  readonly at: number;
  readonly what: string;
}

export interface FuzzCounts {
  numRead: number;
  numRefused: number;
  slowestMs: number;
  readonly faults: FuzzFault[];
}

export interface FuzzOptions {
  readonly from?: number;
  readonly count: number;
  readonly seed?: number;
  /** Is told the number of the next file before it is read. */
  readonly onNext?: (at: number) => void;
  /** Whether time and memory are held against the bounds: in a test beside others they say nothing. */
  readonly isMeasured?: boolean;
}

/** Gives a reader damaged files, one after the other. */
export async function fuzz(
  format: FuzzedFormat,
  { from = 0, count, seed = 0, onNext, isMeasured = false }: FuzzOptions,
): Promise<FuzzCounts> {
  const mutant = await mutantsOf(format, seed);
  const counts: FuzzCounts = { numRead: 0, numRefused: 0, slowestMs: 0, faults: [] };
  for (let at = from; at < from + count; at++) {
    const bytes = await mutant(at);
    onNext?.(at);
    const peakBefore = peakBytes();
    const before = process.cpuUsage();
    const fault = await faultOf(() => format.read(bytes));
    const { user, system } = process.cpuUsage(before);
    const elapsedMs = (user + system) / 1000;
    if (fault === undefined) counts.numRead++;
    else if (fault === 'refused') counts.numRefused++;
    else counts.faults.push({ at, what: fault });
    counts.slowestMs = Math.max(counts.slowestMs, elapsedMs);
    if (!isMeasured) continue;
    if (elapsedMs > bounds.elapsedMs)
      counts.faults.push({ at, what: `took ${Math.round(elapsedMs)} ms of the processor's time` });
    const grownBytes = peakBytes() - peakBefore;
    if (grownBytes > bounds.growthBytes)
      counts.faults.push({ at, what: `took ${Math.round(grownBytes / 2 ** 20)} MiB of memory` });
  }
  return counts;
}

/** The most memory that the process has had. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

async function faultOf(read: () => unknown): Promise<string | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (!(error instanceof RondoError))
      return `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    return codes.includes(error.code) ? 'refused' : `threw ${error.message}`;
  }
}
