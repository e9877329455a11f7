import { join } from 'node:path';
import { operationsOf } from '../cases.js';
import { largestDifference } from '../check-case.js';
import { type ComparedCase, groupOf } from './compared-case.js';
import { type Budget, Contender } from './contender.js';
import { type PeerProcess, PeerRefusal, type Preparation } from './peer-process.js';
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
  /** In how many of the rounds it was timed: fewer than Rondo where one run takes long. */
  readonly rounds?: number;
  /** Peer's time over Rondo's, of the medians; then the least and the greatest ratio of one round. */
  readonly ratio?: number;
  readonly lowestRatio?: number;
  readonly highestRatio?: number;
  /** The same ratio of the processor time of one run, which other work on the machine hardly changes. */
  readonly cpuRatio?: number;
  /**
   * Processor time over time passed while it was timed: 1 for one busy thread, less where the machine was busy with
   * something else.
   */
  readonly coresUsed?: number;
  /** From Rondo's output, relative to the largest value, before anything was timed. */
  readonly outputDifference?: number;
  /** Of the losses of the first training steps, relative. */
  readonly lossDifference?: number;
}

/** All figures of one case. */
export interface CaseComparison {
  readonly case: ComparedCase;
  /** What the case is averaged with. */
  readonly group: string;
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

/**
 * Outputs and losses agree to this: float32 products of some hundred terms, summed in different orders, over a hundred
 * steps.
 */
const TOLERANCE = 2e-5;

interface Entry {
  readonly peer: string;
  result: PeerResult;
  contender?: Contender;
}

/**
 * Times one case with Rondo and each peer in turn, round after round, after comparing outputs and losses. A peer that
 * is missing, cannot run the case, computes other numbers, ends or takes too long is not timed, and says why.
 *
 * @throws PeerRefusal where Rondo itself cannot.
 */
export async function compareCase(
  benchCase: ComparedCase,
  rondo: PeerProcess,
  peers: readonly PeerProcess[],
  directory: string,
  budget: Budget,
): Promise<CaseComparison> {
  const own = await rondo.prepare(benchCase, directory);
  requireAgreement(own);
  const ownOutput = readFloats(join(directory, own.outputFile));
  const first = await Contender.of(rondo, own.variants, budget);
  const entries: Entry[] = [];
  for (const peer of peers) {
    const entry: Entry = { peer: peer.name, result: { peer: peer.name } };
    entries.push(entry);
    await unlessRefused(entry, async () => {
      const preparation = await peer.prepare(benchCase, directory);
      const differences = differencesOf(own, ownOutput, preparation, directory);
      entry.contender = await Contender.of(peer, preparation.variants, budget);
      entry.result = {
        peer: peer.name,
        variant: entry.contender.variant,
        firstMs: entry.contender.firstMs,
        ...differences,
      };
    });
  }
  for (let round = 0; round < budget.mostRounds; round++) {
    const inTurn = [{ contender: first } as Entry, ...entries];
    for (const entry of round % 2 === 0 ? inTurn : inTurn.reverse()) {
      const { contender } = entry;
      if (contender === undefined || contender.rounds <= round) continue;
      if (contender === first) await contender.timeRound();
      else await unlessRefused(entry, () => contender.timeRound());
    }
  }
  return {
    case: benchCase,
    group: groupOf(benchCase),
    rounds: first.rounds,
    gigaflop: operationsOf(benchCase) / 1e9,
    rondoVariant: first.variant,
    rondoFirstMs: first.firstMs,
    rondoMs: first.medianMs,
    rondoCpuMs: first.medianCpuMs,
    rondoCoresUsed: first.coresUsed,
    peers: entries.map(({ result, contender }) =>
      contender === undefined ? result : { ...result, ...ratiosOf(first, contender) },
    ),
  };
}

/** Does a peer's part of the work; where the peer refuses or fails, that is its result. */
async function unlessRefused(entry: Entry, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (reason) {
    if (!(reason instanceof PeerRefusal)) throw reason;
    delete entry.contender;
    entry.result = { peer: entry.peer, notRun: reason.message };
  }
}

function ratiosOf(own: Contender, peer: Contender): Partial<PeerResult> {
  const ratios = peer.roundMs.slice(0, own.roundMs.length).map((ms, round) => ms / own.roundMs[round]);
  return {
    medianMs: peer.medianMs,
    rounds: peer.rounds,
    ratio: peer.medianMs / own.medianMs,
    lowestRatio: Math.min(...ratios),
    highestRatio: Math.max(...ratios),
    cpuRatio: peer.medianCpuMs / own.medianCpuMs,
    coresUsed: peer.coresUsed,
  };
}

/** Rondo's own ways must agree as well. */
function requireAgreement({ losses }: Preparation): void {
  const [first, ...others] = Object.entries(losses);
  for (const [variant, values] of others) {
    const difference = largestDifference(first[1], values);
    if (difference > TOLERANCE)
      throw new Error(
        `Rondo's ways disagree: losses of ${variant} are ${difference.toExponential(1)} from those of ${first[0]}`,
      );
  }
}

/** @throws PeerRefusal when outputs or losses differ by more than rounding. */
function differencesOf(
  own: Preparation,
  ownOutput: Float32Array,
  theirs: Preparation,
  directory: string,
): { outputDifference: number; lossDifference?: number } {
  const outputDifference = largestDifference(ownOutput, readFloats(join(directory, theirs.outputFile)));
  if (outputDifference > TOLERANCE)
    throw new PeerRefusal(`computes another output: ${outputDifference.toExponential(1)} from Rondo's`);
  const ownLosses = Object.values(own.losses)[0];
  if (ownLosses === undefined) return { outputDifference };
  const lossDifference = Math.max(
    ...Object.values(theirs.losses).map((losses) => largestDifference(ownLosses, losses)),
  );
  if (lossDifference > TOLERANCE)
    throw new PeerRefusal(`computes other losses: ${lossDifference.toExponential(1)} from Rondo's`);
  return { outputDifference, lossDifference };
}
