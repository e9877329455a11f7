import { rankTrials } from '../../src/index.js';
import { commandText } from '../command-words.js';
import { formatDuration } from '../terminal/progress.js';
import { counted, shortNumber, textTable } from '../text-table.js';
import { runOptions, type Search } from './search.js';
import type { RunRecord } from './search-folder.js';
import type { TrialScore } from './trial-scores.js';

/** Rows of the table at the end; all are in trials.csv. */
const shownTrials = 20;

/** What is to be searched, before it begins. */
export function aboutSearch({ command, space, method, rungs, seed }: Search, { about, better }: TrialScore): string[] {
  const shown = Object.entries(space).map(([name, dimension]) =>
    'choices' in dimension
      ? `${name} ${dimension.choices.join('|')}`
      : `${name} ${dimension.low} to ${dimension.high}${dimension.scale === 'log' ? ' (log)' : ''}`,
  );
  const plan = rungs
    .map(({ numTrials, epochs }) => `${numTrials}${epochs === undefined ? '' : ` of ${counted(epochs, 'epoch')}`}`)
    .join(', then ');
  return [
    `rondo ${command}: ` +
      `${method === 'halving' ? 'successive halving, trials' : 'random search, trials'} ${plan}; seed ` +
      seed,
    `searched: ${shown.join('; ')}`,
    `score: ${about}, ${better} is better`,
  ];
}

/** One line for a run that has ended. */
export function runLine(
  { rungs }: Search,
  { about }: TrialScore,
  { trial, rung, epochs, values, score, seconds, reason }: RunRecord,
  isBest: boolean,
): string {
  const width = String(rungs[0].numTrials).length;
  const place =
    rungs.length > 1 ? `  rung ${rung + 1}/${rungs.length}, ${epochs} ${epochs === 1 ? 'epoch ' : 'epochs'}` : '';
  const end = score === null ? `failed: ${reason}` : `${about} ${shortNumber(score)}${isBest ? ' (best so far)' : ''}`;
  return (
    `trial ${String(trial + 1).padStart(width)}${place}  ${valuesText(values)}  ${end}  ` +
    formatDuration(1000 * seconds)
  );
}

/** The trials from best to worst, and the command of the best. */
export function searchReport(
  search: Search,
  score: TrialScore,
  records: readonly RunRecord[],
  bestModel: string | undefined,
): string {
  const ranked = rankTrials(search.better, records);
  const names = Object.keys(search.space);
  const hasRungs = search.rungs.length > 1;
  const rows = ranked
    .slice(0, shownTrials)
    .map(({ trial, epochs, values, score: own, bestEpoch, seconds, status }) => [
      String(trial + 1),
      ...names.map((name) => String(values[name] ?? 'default')),
      ...(hasRungs ? [String(epochs)] : []),
      status === 'done' ? shortNumber(own) : 'failed',
      bestEpoch === null ? '-' : String(bestEpoch),
      formatDuration(1000 * seconds),
    ]);
  const failed = records.filter(({ status }) => status === 'failed');
  const lines = [
    textTable(['trial', ...names, ...(hasRungs ? ['epochs'] : []), score.about, 'best epoch', 'time'], rows),
  ];
  if (ranked.length > shownTrials) lines.push(`and ${ranked.length - shownTrials} more in trials.csv`);
  for (const [reason, trials] of Object.entries(byReason(failed)))
    lines.push(`failed: ${trials.length === 1 ? 'trial' : 'trials'} ${trials.join(', ')}: ${reason}`);
  const command = bestCommand(search, records);
  if (command === undefined) return [...lines, '', 'No trial succeeded.'].join('\n');
  lines.push(
    '',
    `Best: trial ${ranked[0].trial + 1}, ${score.about} ` +
      `${shortNumber(ranked[0].score)}${bestModel === undefined ? '' : `, kept as ${bestModel}`}. Train it with:`,
    `  ${command}`,
  );
  return lines.join('\n');
}

/** The command line of the best run; undefined where none succeeded. */
export function bestCommand(search: Search, records: readonly RunRecord[]): string | undefined {
  const [best] = rankTrials(search.better, records);
  return best === undefined || best.score === null
    ? undefined
    : commandText(search.command, search.files, runOptions(search, best.values, best.rung));
}

function valuesText(values: RunRecord['values']): string {
  return (
    Object.entries(values)
      .map(([name, value]) => `${name} ${value}`)
      .join('  ') || 'the command as it stands'
  );
}

function byReason(failed: readonly RunRecord[]): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const { trial, reason = '' } of failed) (found[reason] ??= []).push(trial + 1);
  return found;
}
