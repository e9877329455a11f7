/** What models of a task are judged by first, of the facts that their evaluation gives. */
export interface TaskQuality {
  readonly about: string;
  readonly better: 'lower' | 'higher';
  /** Undefined where nothing was measured. */
  of(facts: never): number | null | undefined;
}

/** By how much a figure is worse than that of before, as a share of it; below 0 where it is better. */
export function lossOfQuality({ better }: Pick<TaskQuality, 'better'>, before: number, after: number): number {
  const change = before === after ? 0 : (after - before) / (Math.abs(before) || 1);
  return better === 'lower' ? change : -change;
}
