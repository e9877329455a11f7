import { lossOfQuality, type TaskQuality } from './quality.js';

/** What decides between forms of a model. */
export interface JudgedForm {
  readonly name: string;
  readonly sizeBytes: number;
  /** Undefined where it was not measured. */
  readonly quality: number | undefined;
}

/** A form as a chart shows it. */
export interface ShownForm extends JudgedForm {
  readonly isOnFront: boolean;
  readonly isChosen: boolean;
}

/** The most of its quality that a form may lose to be chosen by its size alone. */
export const acceptedLoss = 0.01;

/** By how much each form is worse than the model as it is; undefined where one of them was not measured. */
export function lossesOf(
  original: JudgedForm,
  quality: Pick<TaskQuality, 'better'>,
): (form: JudgedForm) => number | undefined {
  return ({ quality: own }) => {
    if (own === undefined || original.quality === undefined) return undefined;
    return Number.isFinite(own) ? lossOfQuality(quality, original.quality, own) : Infinity;
  };
}

type LossOf = (form: JudgedForm) => number | undefined;

/** The Pareto front: forms than which no other is smaller and no worse, or better and no larger. */
export function frontOf<Form extends JudgedForm>(forms: readonly Form[], lossOf: LossOf): Form[] {
  const isBetter = (other: Form, form: Form): boolean => {
    const [a, b] = [lossOf(other) ?? 0, lossOf(form) ?? 0];
    return other.sizeBytes <= form.sizeBytes && a <= b && (other.sizeBytes < form.sizeBytes || a < b);
  };
  return forms.filter((form) => !forms.some((other) => isBetter(other, form)));
}

interface Choice<Form> {
  /** At least one. */
  readonly forms: readonly Form[];
  readonly budget: number | undefined;
  /**
   * Names in the order in which forms are taken that lose next to nothing, where others are not; undefined for the
   * smallest first.
   */
  readonly usual: readonly string[] | undefined;
}

/**
 * Within a budget the best, the smallest where none fits. Else the first in order that loses next to nothing or was not
 * measured; where all lose more, the one that loses least.
 */
export function chooseForm<Form extends JudgedForm>({ forms, budget, usual }: Choice<Form>, lossOf: LossOf): Form {
  const bySize = [...forms].sort((a, b) => a.sizeBytes - b.sizeBytes);
  if (budget !== undefined) {
    const fitting = bySize.filter(({ sizeBytes }) => sizeBytes <= budget);
    return fitting.sort((a, b) => compared(lossOf(a) ?? -a.sizeBytes, lossOf(b) ?? -b.sizeBytes))[0] ?? bySize[0];
  }
  const wanted = usual?.flatMap((name) => forms.filter((form) => form.name === name)) ?? bySize;
  return (
    wanted.find((form) => (lossOf(form) ?? 0) <= acceptedLoss) ??
    bySize.reduce((best, form) => (lossOf(form)! < lossOf(best)! ? form : best))
  );
}

/** Two that are infinite are alike. */
function compared(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Of forms with the same name the one that is best, and of those as good the first. */
export function bestOfEachName<Form extends JudgedForm>(forms: readonly Form[], lossOf: LossOf): Form[] {
  const best = new Map<string, Form>();
  for (const form of forms) {
    const before = best.get(form.name);
    if (before === undefined || (lossOf(form) ?? Infinity) < (lossOf(before) ?? Infinity)) best.set(form.name, form);
  }
  return [...best.values()];
}
