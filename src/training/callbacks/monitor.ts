import { requireNumber, unknownName } from '../../errors.js';
import type { Logs, TrainingContext } from './callback.js';

const modes = ['auto', 'min', 'max'] as const;
export type MonitorMode = (typeof modes)[number];

export interface MonitorOptions {
  /** The loss or metric to watch. Default `valLoss`. */
  monitor?: string | undefined;
  /** Whether less is better or more. Default `auto`: as the metric says, less for losses. */
  mode?: MonitorMode | undefined;
  /** A change counts as better when it is larger than this. */
  minDelta?: number | undefined;
}

/** Watches one log and remembers its best value. */
export class Monitor {
  readonly name: string;
  best: number | undefined;
  readonly #mode: MonitorMode;
  readonly #minDelta: number;
  readonly #where: string;

  /** @throws UNKNOWN_NAME, OUT_OF_RANGE */
  constructor(where: string, { monitor = 'valLoss', mode = 'auto', minDelta = 0 }: MonitorOptions) {
    this.#where = where;
    if (!modes.includes(mode)) throw unknownName(where, 'mode', mode, modes);
    requireNumber(where, 'minDelta', minDelta, 'a number of at least 0', (v) => v >= 0);
    this.name = monitor;
    this.#mode = mode;
    this.#minDelta = minDelta;
  }

  /** Refuses a name that training will never log, where that is known already. @throws UNKNOWN_NAME */
  requireLogged({ logNames }: TrainingContext): void {
    if (logNames !== undefined && !logNames.includes(this.name)) {
      const own =
        this.name.startsWith('val') && !logNames.some((name) => name.startsWith('val'))
          ? 'Give fit validationData or validationSplit for logs that begin with `val`.'
          : undefined;
      throw unknownName(`${this.#where}.monitor`, 'log', this.name, logNames, own);
    }
  }

  /** The watched value. @throws UNKNOWN_NAME */
  valueIn(logs: Logs): number {
    const value = logs[this.name];
    if (value === undefined) throw unknownName(`${this.#where}.monitor`, 'log', this.name, Object.keys(logs));
    return value;
  }

  /** Whether a value is better than the best, which it then is. NaN never is. */
  improves(value: number, context: TrainingContext): boolean {
    const improved = this.best === undefined ? !Number.isNaN(value) : this.beats(value, this.best, context);
    if (improved) this.best = value;
    return improved;
  }

  /** Whether a value is better than another by more than `minDelta`. */
  beats(value: number, reference: number, context: TrainingContext): boolean {
    const wantsMore = this.#mode === 'max' || (this.#mode === 'auto' && context.moreIsBetter(this.name));
    return wantsMore ? value - this.#minDelta > reference : value + this.#minDelta < reference;
  }
}
