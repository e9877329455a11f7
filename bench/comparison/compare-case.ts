import { join } from 'node:path';
import { largestDifference } from '../check-case.js';
import { operationsOf } from '../cases.js';
import { median } from '../timing.js';
import type { ComparedCase } from './compared-case.js';
import { PeerRefusal, type PeerProcess, type Preparation } from './peer-process.js';
import { readFloats } from './shared-arrays.js';

/** How one peer did on one case. */
export interface PeerResult {
  readonly peer: string;
  /** Why there are no figures; the other fields are then absent. */
  readonly notRun?: string;
  /** The fastest of the peer's ways to run the case. */
  readonly variant?: string;
  /** By variant: a first measurement, from which the fastest was chosen. */
  readonly firstMs?: Readonly<Record<string, number>>;
  /** Median over the rounds of each round's median. */
  readonly medianMs?: number;
  /** Peer's time over Rondo's, of the medians; then the least and the greatest ratio of one round. */
  readonly ratio?: number;
  readonly lowestRatio?: number;
  readonly highestRatio?: number;
  /** The same ratio of the processor time of one run, which other work on the machine hardly changes. */
  readonly cpuRatio?: number;
  /** Processor time over time passed while it was timed: 1 for one busy thread, less where the machine was busy with something else. */
  readonly coresUsed?: number;
  /** From Rondo's output, relative to the largest value, before anything was timed. */
  readonly outputDifference?: number;
  /** Of the losses of the first training steps, relative. */
  readonly lossDifference?: number;
}

/** All figures of one case. */
export interface CaseComparison {
  readonly case: ComparedCase;
  readonly rounds: number;
  /** Billions of floating-point operations in the matrix products of one run. */
  readonly gigaflop: number;
  /** The fastest of Rondo's ways to run the case. */
  readonly rondoVariant: string;
  readonly rondoFirstMs: Readonly<Record<string, number>>;
  readonly rondoMs: number;
  /** Processor time of one run: median over the rounds. */
  readonly rondoCpuMs: number;
  readonly rondoCoresUsed: number;
  readonly peers: readonly PeerResult[];
}

/** Outputs and losses agree to this: float32 products of some hundred terms, summed in different orders, over a hundred steps. */
const TOLERANCE = 2e-5;
/** One measurement of a round takes about this long, or one run where that is longer. */
const ROUND_MS = 150;
const WARM_UP_MS = 300;
const MOST_WARM_UPS = 8;

interface Contender {
  readonly process: PeerProcess;
  variant: string;
  repeats: number;
  readonly roundMs: number[];
  /** By round: processor time of one run. */
  readonly roundCpuMs: number[];
  cpuMs: number;
  wallMs: number;
}

/**
 * Times one case with Rondo and each peer in turn, round after round, after comparing outputs and losses. A peer that is
 * missing, cannot run the case or computes other numbers is not timed, and says why.
 */
export async function compareCase(benchCase: ComparedCase, rondo: PeerProcess, peers: readonly PeerProcess[], directory: string, rounds: number): Promise<CaseComparison> {
  const own = await rondo.prepare(benchCase, directory);
  requireAgreement(own);
  const ownOutput = readFloats(join(directory, own.outputFile));
  const first = await contender(rondo, own.variants);
  const contenders = [first.contender];
  const results: { result: PeerResult; contender?: Contender }[] = [];
  for (const peer of peers) {
    try {
      const preparation = await peer.prepare(benchCase, directory);
      const differences = differencesOf(own, ownOutput, preparation, directory);
      const { contender: entered, firstMs } = await contender(peer, preparation.variants);
      contenders.push(entered);
      results.push({ result: { peer: peer.name, variant: entered.variant, firstMs, ...differences }, contender: entered });
    } catch (reason) {
      if (!(reason instanceof PeerRefusal)) throw reason;
      results.push({ result: { peer: peer.name, notRun: reason.message } });
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const entered of round % 2 === 0 ? contenders : [...contenders].reverse()) {
      const { elapsedMs, cpuMs, wallMs } = await entered.process.measure(entered.variant, entered.repeats);
      entered.roundMs.push(median(elapsedMs));
      entered.roundCpuMs.push(cpuMs / entered.repeats);
      entered.cpuMs += cpuMs;
      entered.wallMs += wallMs;
    }
  }
  const { roundMs, roundCpuMs, cpuMs, wallMs } = first.contender;
  return {
    case: benchCase,
    rounds,
    gigaflop: operationsOf(benchCase) / 1e9,
    rondoVariant: first.contender.variant,
    rondoFirstMs: first.firstMs,
    rondoMs: median(roundMs),
    rondoCpuMs: median(roundCpuMs),
    rondoCoresUsed: cpuMs / wallMs,
    peers: results.map(({ result, contender: entered }) => (entered === undefined ? result : { ...result, ...ratiosOf(first.contender, entered) })),
  };
}

function ratiosOf(own: Contender, peer: Contender): Partial<PeerResult> {
  const ratios = peer.roundMs.map((ms, round) => ms / own.roundMs[round]);
  return {
    medianMs: median(peer.roundMs),
    ratio: median(peer.roundMs) / median(own.roundMs),
    lowestRatio: Math.min(...ratios),
    highestRatio: Math.max(...ratios),
    cpuRatio: median(peer.roundCpuMs) / median(own.roundCpuMs),
    coresUsed: peer.cpuMs / peer.wallMs,
  };
}

/** Warms up every variant of a peer and keeps the fastest. */
async function contender(process: PeerProcess, variants: readonly string[]): Promise<{ contender: Contender; firstMs: Record<string, number> }> {
  const firstMs: Record<string, number> = {};
  for (const variant of variants) firstMs[variant] = await settledMs(process, variant);
  const variant = variants.reduce((best, other) => (firstMs[other] < firstMs[best] ? other : best));
  const repeats = Math.max(1, Math.min(400, Math.ceil(ROUND_MS / firstMs[variant])));
  return { contender: { process, variant, repeats, roundMs: [], roundCpuMs: [], cpuMs: 0, wallMs: 0 }, firstMs };
}

/** Runs a variant until it gets no faster. @returns the median of the fastest pass. */
async function settledMs(process: PeerProcess, variant: string): Promise<number> {
  const { elapsedMs } = await process.measure(variant, 2);
  const repeats = Math.max(2, Math.min(1000, Math.ceil(WARM_UP_MS / elapsedMs[1])));
  let best = Infinity;
  for (let i = 0; i < MOST_WARM_UPS; i++) {
    const now = median((await process.measure(variant, repeats)).elapsedMs);
    if (now > best * 0.95) return Math.min(now, best);
    best = now;
  }
  return best;
}

/** Rondo's own ways must agree as well. */
function requireAgreement({ losses }: Preparation): void {
  const [first, ...others] = Object.entries(losses);
  for (const [variant, values] of others) {
    const difference = largestDifference(first[1], values);
    if (difference > TOLERANCE) throw new Error(`Rondo's ways disagree: losses of ${variant} are ${difference.toExponential(1)} from those of ${first[0]}`);
  }
}

/** @throws PeerRefusal when outputs or losses differ by more than rounding. */
function differencesOf(own: Preparation, ownOutput: Float32Array, theirs: Preparation, directory: string): { outputDifference: number; lossDifference?: number } {
  const outputDifference = largestDifference(ownOutput, readFloats(join(directory, theirs.outputFile)));
  if (outputDifference > TOLERANCE) throw new PeerRefusal(`computes another output: ${outputDifference.toExponential(1)} from Rondo's`);
  const ownLosses = Object.values(own.losses)[0];
  if (ownLosses === undefined) return { outputDifference };
  const lossDifference = Math.max(...Object.values(theirs.losses).map((losses) => largestDifference(ownLosses, losses)));
  if (lossDifference > TOLERANCE) throw new PeerRefusal(`computes other losses: ${lossDifference.toExponential(1)} from Rondo's`);
  return { outputDifference, lossDifference };
}
