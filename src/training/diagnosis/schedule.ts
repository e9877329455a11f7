/** Steps that are measured besides every so many: training changes most at its beginning. */
const firstSteps: readonly number[] = [2, 10, 25, 50];

/** Whether a step, counted from 1, is measured. */
export function isMeasured(step: number, everySteps: number): boolean {
  return firstSteps.includes(step) || step % everySteps === 0;
}

/** Every second of a list and its last. */
export function thinned<T>(values: readonly T[]): T[] {
  return values.filter((_, i) => i % 2 === 0 || i === values.length - 1);
}
