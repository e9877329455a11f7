/** What models of a task are judged by first, of the facts that their evaluation gives. */
export interface TaskQuality {
  readonly about: string;
  readonly better: 'lower' | 'higher';
  /** Undefined where nothing was measured. */
  of(facts: never): number | null | undefined;
  /** On what. Figures of two models compare where it is the same. */
  on(facts: never): MeasuredItems;
}

/** What a model was measured on. */
export interface MeasuredItems {
  readonly count: number;
  /** As `tokens`. */
  readonly items: string;
  /** How many of them training has learned from or chosen by, where that is counted. Default 0. */
  readonly numSeen?: number | undefined;
  /** Whether they are what chose the best epoch of the training, since it holds out no others. */
  readonly haveChosen?: boolean | undefined;
}

/** By how much a figure is worse than that of before, as a share of it; below 0 where it is better. */
export function lossOfQuality({ better }: Pick<TaskQuality, 'better'>, before: number, after: number): number {
  const change = before === after ? 0 : (after - before) / (Math.abs(before) || 1);
  return better === 'lower' ? change : -change;
}
