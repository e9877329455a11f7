/** Steps that are measured besides every so many: training changes most at its beginning. */
const firstSteps: readonly number[] = [2, 10, 25];

/** Whether a step, counted from 1, is measured. @param left how many steps follow, where that is known */
export function isMeasured(step: number, everySteps: number, left: number | undefined): boolean {
  return left === 0 || firstSteps.includes(step) || step % everySteps === 0;
}

/** Every second of a list and its last. */
export function thinned<T>(values: readonly T[]): T[] {
  return values.filter((_, i) => i % 2 === 0 || i === values.length - 1);
}
