import type { Mutation } from './mutation.js';

/**
 * `seen`: a nearest test failed; `seen elsewhere`: another test of the suite did; `not seen`; `stale`: the code has
 * changed since; `broken`: the mutated file does not parse, so that it shows nothing.
 */
export type Verdict = 'seen' | 'seen elsewhere' | 'not seen' | 'stale' | 'broken';

export interface Outcome {
  readonly mutation: Mutation;
  readonly verdict: Verdict;
  /** The test that failed, or why there is no result. */
  readonly detail: string;
}

const verdicts: readonly Verdict[] = ['seen', 'seen elsewhere', 'not seen', 'stale', 'broken'];

/** `3 seen, 1 not seen`. */
export function counted(outcomes: readonly Outcome[]): string {
  const counts = verdicts.map(
    (verdict) => [outcomes.filter((outcome) => outcome.verdict === verdict).length, verdict] as const,
  );
  return counts
    .filter(([count]) => count > 0)
    .map(([count, verdict]) => `${count} ${verdict}`)
    .join(', ');
}

export function lineOf({ mutation, verdict, detail }: Outcome): string {
  return `${verdict.padEnd(14)} ${mutation.file}: ${mutation.bug}${detail === '' ? '' : ` [${detail}]`}`;
}

/** What was not seen first, since that is what there is to do. */
export function markdownReport(outcomes: readonly Outcome[], planned: number): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
  const order: readonly Verdict[] = ['not seen', 'broken', 'stale', 'seen elsewhere', 'seen'];
  const rows = order.flatMap((verdict) => outcomes.filter((outcome) => outcome.verdict === verdict));
  return [
    '# Seeded bugs',
    '',
    `${outcomes.length} of ${planned} were tried: ${counted(outcomes)}.`,
    '',
    '| verdict | file | bug | test |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ mutation, verdict, detail }) => `| ${verdict} | ${mutation.file} | ${cell(mutation.bug)} | ${cell(detail)} |`,
    ),
    '',
  ].join('\n');
}
