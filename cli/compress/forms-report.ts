import type { Report } from '../answer.js';
import { counted, fileSize, shortNumber, textTable, withSeparators } from '../text-table.js';
import { acceptedLoss, chooseForm, frontOf, lossesOf, type ShownForm } from './choose-form.js';
import type { MadeForm, MeasuredForm } from './measure.js';
import { paretoPlot } from './pareto-plot.js';
import type { TaskQuality } from './quality.js';

interface Timed {
  readonly stepUs: number | undefined;
}

/** What was done besides forms that need no training. */
export interface TriedBesides {
  /** Which data were used for what, a line each. */
  readonly data: readonly string[];
  /** Networks that were left out, and why. */
  readonly notes: readonly string[];
  /** Networks that were left when the user ended the work. */
  readonly interrupted: readonly string[];
}

interface Forms {
  readonly path: string;
  readonly original: MeasuredForm & Timed;
  readonly forms: readonly (MadeForm & Timed)[];
  /** As `chooseForm` takes it. */
  readonly usual: readonly string[] | undefined;
  readonly budget: number | undefined;
  readonly quality: TaskQuality;
  /** Undefined where no network was trained. */
  readonly besides: TriedBesides | undefined;
  /** Forms that were left when the user ended the work. */
  readonly left: readonly string[];
  /** What was not tried, where it could have been. */
  readonly hint: string | undefined;
}

/** What is told of all forms, and which one is written. */
export interface FormsReport {
  readonly chosen: MadeForm;
  /** Whether it fits into the budget; what does not is not written. */
  readonly fits: boolean;
  readonly shown: readonly ShownForm[];
  /** @param out the file of the form that was written; undefined where none fits. */
  told(out: string | undefined, more: readonly string[]): Report;
}

/** In the order in which they are tried where nobody says which is wanted: those that make steps faster come first. */
export const usualForms = ['blocks', 'int8', 'float16', 'bfloat16'];

/** Which form is written, and what is told of all of them. */
export function formsReport(given: Forms): FormsReport {
  const { path, original, forms, quality, besides, hint } = given;
  const lossOf = lossesOf(original, quality);
  const chosen = chooseForm(given, lossOf);
  const fits = given.budget === undefined || chosen.sizeBytes <= given.budget;
  const all: readonly (MeasuredForm & Timed & Pick<MadeForm, 'epochs'>)[] = [original, ...forms];
  const front = frontOf(all, lossOf);
  const numWeights = chosen.model.model.countParams();
  const rows = all.map((form): string[] => {
    const loss = lossOf(form);
    return [
      `${form.name}${form === chosen && fits ? ' (written)' : ''}`,
      ...(besides === undefined
        ? []
        : [form.epochs === undefined ? '-' : form.epochs === 0 ? 'no' : counted(form.epochs, 'epoch')]),
      fileSize(form.sizeBytes),
      `${shortNumber(form.sizeBytes / original.sizeBytes)}x`,
      form.quality === undefined ? '-' : shortNumber(form.quality),
      loss === undefined || form === original ? '-' : `${loss <= 0 ? '+' : '-'}${Math.abs(100 * loss).toFixed(2)} %`,
      form.stepUs === undefined ? '-' : `${shortNumber(form.stepUs)} us`,
      front.includes(form) ? '*' : '',
    ];
  });
  const headings = [
    'form',
    ...(besides === undefined ? [] : ['fine-tuned']),
    ...['file', 'of before', quality.about, 'better or worse', 'a step', 'best of its size'],
  ];
  const shown = all.map((form) => ({
    ...{ name: form.name, sizeBytes: form.sizeBytes, quality: form.quality },
    ...{ isOnFront: front.includes(form), isChosen: form === chosen && fits },
  }));
  return {
    chosen,
    fits,
    shown,
    told: (out, more) => ({
      facts: {
        path,
        out: out ?? null,
        numWeights,
        chosen: fits ? chosen.name : null,
        measure: quality.about,
        forms: all.map((form) => ({
          name: form.name,
          sizeBytes: form.sizeBytes,
          quality: form.quality ?? null,
          lossOfQuality: lossOf(form) ?? null,
          stepUs: form.stepUs ?? null,
          isOnFront: front.includes(form),
          ...(besides && { fineTunedEpochs: form.epochs ?? null }),
        })),
        ...besides,
        ...((besides !== undefined || given.left.length > 0) && {
          interrupted: [...given.left, ...(besides?.interrupted ?? [])],
        }),
      },
      sections: [
        ...(besides === undefined ? [] : [besides.data.join('\n')]),
        textTable(headings, rows),
        ...(besides === undefined
          ? []
          : [paretoPlot(shown, quality), ...(besides.notes.length > 0 ? [besides.notes.join('\n')] : [])]),
        ...(hint === undefined ? [] : [hint]),
        [
          ...(out === undefined
            ? []
            : [`wrote ${out}: ${chosen.name}, ${fileSize(chosen.sizeBytes)}, ${withSeparators(numWeights)} weights`]),
          ...more,
        ].join('\n'),
      ].filter((section) => section !== ''),
      verdict: verdictOf(given, chosen, lossOf(chosen)),
    }),
  };
}

function verdictOf(
  { budget, original, quality, besides, left: formsLeft }: Forms,
  chosen: MeasuredForm,
  loss: number | undefined,
): string | undefined {
  const sentences: string[] = [];
  if (budget !== undefined && chosen.sizeBytes > budget)
    sentences.push(
      `No form fits into ${fileSize(budget)}: the smallest takes ${fileSize(chosen.sizeBytes)}. ` +
        'Nothing was written. Train a model with fewer units.',
    );
  else if (loss === undefined && original.quality === undefined)
    sentences.push(
      `What it costs in ${quality.about} was not measured: give data that training has not seen, --data FILE.`,
    );
  else if (loss !== undefined && loss > acceptedLoss)
    sentences.push(
      `This form is worse by ${(100 * loss).toFixed(1)} %: ${quality.about} ${shortNumber(original.quality)} became ` +
        `${shortNumber(chosen.quality)}.`,
    );
  if (formsLeft.length > 0)
    sentences.push(`Interrupted: ${formsLeft.join(', ')} ${formsLeft.length === 1 ? 'was' : 'were'} not tried.`);
  const left = besides?.interrupted ?? [];
  if (left.length > 0)
    sentences.push(`Interrupted: ${left.join(', ')} ${left.length === 1 ? 'was' : 'were'} not fine-tuned.`);
  return sentences.length === 0 ? undefined : sentences.join(' ');
}
