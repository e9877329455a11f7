import type { Report } from '../answer.js';
import { fileSize, shortNumber, textTable, withSeparators } from '../text-table.js';
import type { MeasuredForm } from './measure.js';
import { lossOfQuality, type TaskQuality } from './quality.js';

/** The most of its quality that a form may lose to be chosen by its size alone. */
const acceptedLoss = 0.01;

interface TimedForm extends MeasuredForm {
  readonly stepUs: number | undefined;
}

/** A form whose file is made. */
interface MadeForm extends TimedForm {
  readonly bytes: Uint8Array;
}

interface Forms {
  readonly path: string;
  readonly original: TimedForm;
  readonly forms: readonly MadeForm[];
  /** Whether nobody has said which form is wanted. */
  readonly isChosenHere: boolean;
  readonly budget: number | undefined;
  readonly quality: TaskQuality;
  readonly numWeights: number;
}

/** Which form is written, and what is told of all of them. */
export function formsReport(given: Forms): { readonly chosen: MadeForm; told(out: string): Report } {
  const { path, original, forms, budget, quality, numWeights } = given;
  const lossOf = ({ quality: own }: MeasuredForm): number | undefined =>
    own === undefined || original.quality === undefined ? undefined : lossOfQuality(quality, original.quality, own);
  const chosen = chosenForm(given, lossOf);
  const all: readonly TimedForm[] = [original, ...forms];
  const front = all.filter((form) => !all.some((other) => isBetter(other, form, lossOf)));
  const rows = all.map((form): string[] => {
    const loss = lossOf(form);
    return [
      `${form.name}${form === chosen ? ' (written)' : ''}`,
      fileSize(form.sizeBytes),
      `${shortNumber(form.sizeBytes / original.sizeBytes)}x`,
      form.quality === undefined ? '-' : shortNumber(form.quality),
      loss === undefined || form === original ? '-' : `${loss <= 0 ? '+' : '-'}${Math.abs(100 * loss).toFixed(2)} %`,
      form.stepUs === undefined ? '-' : `${shortNumber(form.stepUs)} us`,
      front.includes(form) ? '*' : '',
    ];
  });
  const headings = ['form', 'file', 'of before', quality.about, 'better or worse', 'a step', 'best of its size'];
  const loss = lossOf(chosen);
  return {
    chosen,
    told: (out) => ({
      facts: {
        path,
        out,
        numWeights,
        chosen: chosen.name,
        measure: quality.about,
        forms: all.map((form) => ({
          name: form.name,
          sizeBytes: form.sizeBytes,
          quality: form.quality ?? null,
          lossOfQuality: lossOf(form) ?? null,
          stepUs: form.stepUs ?? null,
          isOnFront: front.includes(form),
        })),
      },
      sections: [
        textTable(headings, rows),
        `wrote ${out}: ${chosen.name}, ${fileSize(chosen.sizeBytes)}, ${withSeparators(numWeights)} weights`,
      ],
      verdict: verdictOf({ loss, budget, chosen, original, quality }),
    }),
  };
}

/** Smaller and no worse, or better and no larger. */
function isBetter(
  other: MeasuredForm,
  form: MeasuredForm,
  lossOf: (form: MeasuredForm) => number | undefined,
): boolean {
  const [a, b] = [lossOf(other) ?? 0, lossOf(form) ?? 0];
  return other.sizeBytes <= form.sizeBytes && a <= b && (other.sizeBytes < form.sizeBytes || a < b);
}

/** In the order in which they are tried where nobody says which is wanted: those that make steps faster come first. */
const usualForms = ['blocks', 'int8', 'float16', 'bfloat16'];

/**
 * Within a budget the best, the smallest where none fits. Else the first of the usual forms, or the smallest of those that
 * were asked for, that loses next to nothing or was not measured; where all lose more, the one that loses least.
 */
function chosenForm(
  { forms, budget, isChosenHere }: Forms,
  lossOf: (form: MeasuredForm) => number | undefined,
): MadeForm {
  const bySize = [...forms].sort((a, b) => a.sizeBytes - b.sizeBytes);
  if (budget !== undefined) {
    const fitting = bySize.filter(({ sizeBytes }) => sizeBytes <= budget);
    return fitting.sort((a, b) => (lossOf(a) ?? -a.sizeBytes) - (lossOf(b) ?? -b.sizeBytes))[0] ?? bySize[0];
  }
  const wanted = isChosenHere ? usualForms.flatMap((name) => forms.filter((form) => form.name === name)) : bySize;
  return (
    wanted.find((form) => (lossOf(form) ?? 0) <= acceptedLoss) ??
    bySize.reduce((best, form) => (lossOf(form)! < lossOf(best)! ? form : best))
  );
}

interface Chosen {
  readonly loss: number | undefined;
  readonly budget: number | undefined;
  readonly chosen: MeasuredForm;
  readonly original: MeasuredForm;
  readonly quality: TaskQuality;
}

function verdictOf({ loss, budget, chosen, original, quality }: Chosen): string | undefined {
  if (budget !== undefined && chosen.sizeBytes > budget)
    return `No form fits into ${fileSize(budget)}: the smallest takes ${fileSize(chosen.sizeBytes)}. Train a model with fewer units.`;
  if (loss === undefined)
    return original.quality === undefined
      ? `What it costs in ${quality.about} was not measured: give data that training has not seen, --data FILE.`
      : undefined;
  if (loss <= acceptedLoss) return undefined;
  return (
    `This form is worse by ${(100 * loss).toFixed(1)} %: ${quality.about} ${shortNumber(original.quality)} became ` +
    `${shortNumber(chosen.quality)}.`
  );
}
