import { setImmediate } from 'node:timers/promises';
import type { FormMeasure, MadeForm } from './measure.js';
import { type CompressionMethod, inForm } from './methods.js';

/** The forms that need no training, and the names of those that were left when the user ended the work. */
export interface PlainForms {
  readonly made: readonly MadeForm[];
  readonly left: readonly string[];
}

/**
 * Makes and measures one form after the other; a signal ends it between two of them. Those that make the file no smaller are left
 * out, but where steps become faster and the form is asked for.
 */
export async function plainForms(
  methods: readonly CompressionMethod[],
  {
    path,
    fileBytes,
    measure,
    signal,
    areAskedFor,
  }: {
    readonly path: string;
    readonly fileBytes: Uint8Array;
    readonly measure: FormMeasure;
    readonly signal: AbortSignal;
    readonly areAskedFor: boolean;
  },
): Promise<PlainForms> {
  const made: MadeForm[] = [];
  const left: string[] = [];
  for (const method of methods) {
    const { name, isForSizeAlone = false } = method;
    await untilSignalsAreHeard();
    if (signal.aborted) {
      left.push(name);
      continue;
    }
    const bytes = await inForm(method, fileBytes, path);
    if (bytes === undefined) continue;
    if (bytes.length < fileBytes.length || (areAskedFor && !isForSizeAlone))
      made.push({ ...(await measure.form(name, bytes)), bytes });
  }
  return { made, left };
}

/** What has computed without a pause has heard of no Ctrl-C. */
export async function untilSignalsAreHeard(): Promise<void> {
  await setImmediate();
}
