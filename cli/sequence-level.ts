import type { Given, OptionSpec } from './options.js';
import { styleOf } from './style.js';
import { ProgressLine } from './terminal/progress.js';
import { WrongUsage } from './wrong-usage.js';

/** The option by which a student learns from what its teacher writes. */
export function sequenceLevelOption<const About extends string>(about: About) {
  return { 'sequence-level': { type: 'flag', ofData: true, about } } as const satisfies Record<string, OptionSpec>;
}

type SequenceLevel = Given<ReturnType<typeof sequenceLevelOption>>;

/** @throws WrongUsage for what a teacher is to write without one */
export function requireSequenceTeacher(
  where: string,
  { 'sequence-level': isAsked, teacher }: SequenceLevel & { readonly teacher?: string | undefined },
): void {
  if (!isAsked || teacher !== undefined) return;
  throw new WrongUsage({
    where,
    what: '--sequence-level has no teacher.',
    expected: '--teacher MODEL --sequence-level',
    fix: 'add --teacher, or leave --sequence-level out.',
  });
}

/** Lets a teacher write, and shows how far it is. */
export async function writtenByTeacher<Written>(
  { quiet, json }: { readonly quiet: boolean; readonly json: boolean },
  { label, unit }: { readonly label: string; readonly unit: string },
  write: (onProgress: (done: number, total: number) => void) => Promise<Written>,
): Promise<Written> {
  const progress = new ProgressLine(process.stderr, { ascii: styleOf(process.stderr).ascii });
  try {
    return await write((done, total) => {
      if (!quiet && !json) progress.update({ label, done, total, unit });
    });
  } finally {
    progress.finish();
  }
}
