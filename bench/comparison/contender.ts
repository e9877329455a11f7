import { median } from '../timing.js';
import type { PeerProcess } from './peer-process.js';

/** How much time one library may take on one case. */
export interface Budget {
  readonly mostRounds: number;
  /** For warming up and timing together. What one run takes is more only where a run alone is longer. */
  readonly totalMs: number;
}

/** One measurement of a round takes about this long, or one run where that is longer. */
const ROUND_MS = 150;
const WARM_UP_MS = 300;
const MOST_WARM_UPS = 8;
/** Of the budget, for finding the fastest variant; the rest is for the rounds. */
const WARM_UP_SHARE = 0.5;

/** A library that is timed on one case in its fastest variant. */
export class Contender {
  readonly roundMs: number[] = [];
  /** By round: processor time of one run. */
  readonly #roundCpuMs: number[] = [];
  #cpuMs = 0;
  #wallMs = 0;

  readonly #process: PeerProcess;
  readonly #repeats: number;
  private constructor(
    process: PeerProcess,
    readonly variant: string,
    /** By variant: the first measurement, from which the fastest was chosen. */
    readonly firstMs: Readonly<Record<string, number>>,
    repeats: number,
    /** In how many rounds it is timed. */
    readonly rounds: number,
  ) {
    this.#process = process;
    this.#repeats = repeats;
  }

  /** Warms up every variant of a library and enters the fastest. @throws PeerRefusal where one fails */
  static async of(
    process: PeerProcess,
    variants: readonly string[],
    { mostRounds, totalMs }: Budget,
  ): Promise<Contender> {
    const started = performance.now();
    const firstMs: Record<string, number> = {};
    for (const variant of variants)
      firstMs[variant] = await settledMs(process, variant, (totalMs * WARM_UP_SHARE) / variants.length);
    const variant = variants.reduce((best, other) => (firstMs[other] < firstMs[best] ? other : best));
    const repeats = Math.max(1, Math.min(400, Math.ceil(ROUND_MS / firstMs[variant])));
    const left = totalMs - (performance.now() - started);
    const rounds = Math.max(1, Math.min(mostRounds, Math.floor(left / (repeats * firstMs[variant]))));
    return new Contender(process, variant, firstMs, repeats, rounds);
  }

  get medianMs(): number {
    return median(this.roundMs);
  }

  get medianCpuMs(): number {
    return median(this.#roundCpuMs);
  }

  /** Processor time over time passed while it was timed. */
  get coresUsed(): number {
    return this.#cpuMs / this.#wallMs;
  }

  async timeRound(): Promise<void> {
    const { elapsedMs, cpuMs, wallMs } = await this.#process.measure(this.variant, this.#repeats);
    this.roundMs.push(median(elapsedMs));
    this.#roundCpuMs.push(cpuMs / this.#repeats);
    this.#cpuMs += cpuMs;
    this.#wallMs += wallMs;
  }
}

/** Runs a variant until it gets no faster or its time is up. @returns the median of the fastest pass. */
async function settledMs(process: PeerProcess, variant: string, mostMs: number): Promise<number> {
  const started = performance.now();
  const { elapsedMs } = await process.measure(variant, 2);
  const repeats = Math.max(2, Math.min(1000, Math.ceil(WARM_UP_MS / elapsedMs[1])));
  let best = elapsedMs[1];
  for (let pass = 0; pass < MOST_WARM_UPS && performance.now() - started + repeats * best < mostMs; pass++) {
    const now = median((await process.measure(variant, repeats)).elapsedMs);
    if (pass > 0 && now > best * 0.95) return Math.min(now, best);
    best = now;
  }
  return best;
}
