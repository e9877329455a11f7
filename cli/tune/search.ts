import {
  halvingRungs,
  nearestNames,
  parseSearch,
  RondoError,
  type SearchDimension,
  type SearchSpace,
  sampleTrials,
  type TrialValues,
} from '../../src/index.js';
import type { OptionValues } from '../command-words.js';
import type { CommandLine, OptionSpec, OptionSpecs } from '../options.js';
import { valueOf } from '../parse-arguments.js';
import { WrongUsage } from '../wrong-usage.js';
import type { TrialScores } from './trial-scores.js';
import { passedOn, type TuneOptions, unsearchable } from './tune-options.js';

/** Everything that decides the results of a search; plain JSON, kept beside them. */
export interface Search {
  /** The command that every run executes. */
  readonly command: string;
  readonly files: readonly string[];
  /** Options of that command that every run has. */
  readonly options: OptionValues;
  readonly space: SearchSpace;
  readonly method: 'random' | 'halving';
  /** `epochs` is left out where the train command's own number counts. */
  readonly rungs: readonly { readonly numTrials: number; readonly epochs?: number | undefined }[];
  readonly seed: number;
  readonly score: string;
  readonly better: 'lower' | 'higher';
}

/** The train command that is searched for. */
export interface Searched {
  readonly name: string;
  readonly options: OptionSpecs;
  readonly scores: TrialScores;
}

/** What a command line asks for. @throws WrongUsage, USAGE, OUT_OF_RANGE */
export function searchOf(
  where: string,
  { name, options: specs, scores }: Searched,
  { positionals, options: given }: CommandLine<OptionSpecs>,
): Search {
  const options = given as unknown as TuneOptions & OptionValues;
  if (positionals.includes('-'))
    throw new WrongUsage({
      where,
      what: 'the standard input can be read only once.',
      expected: 'files',
      received: '-',
      fix: 'write the data to a file.',
    });
  const score = options.score ?? Object.keys(scores)[0];
  const fixed = Object.fromEntries(
    Object.keys(passedOn(specs))
      .map((key) => [key, given[key]] as const)
      .filter(([, value]) => value !== undefined && value !== false),
  );
  const { method = 'random', seed = 0, trials = method === 'halving' ? 27 : 20 } = options;
  const space = spaceOf(where, { name, options: specs, scores }, options.search, { fixed, score, method });
  const search: Search = {
    command: name,
    files: positionals,
    options: { ...fixed, ...(options.seed !== undefined && { seed }) },
    space,
    method,
    rungs: rungsOf(where, method, trials, options),
    seed,
    score,
    better: scores[score].better,
  };
  asUsage(where, () => trialsOf(search));
  return search;
}

/** What the library refuses is, on a command line, wrong usage. */
function asUsage<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RondoError ? new WrongUsage({ ...error.facts, where }) : error;
  }
}

/**
 * The trials of a search, always the same ones. The first is the command as it stands: what it is not worth changing.
 */
export function trialsOf({ space, rungs, seed }: Search): TrialValues[] {
  const numDrawn = rungs[0].numTrials - 1;
  return [{}, ...(numDrawn === 0 ? [] : sampleTrials(space, numDrawn, seed))];
}

/** The options of one run, as a user would give them. */
export function runOptions({ options, rungs, space }: Search, values: TrialValues, rung: number): OptionValues {
  const { epochs } = rungs[rung];
  const own = Object.keys(space).map(
    (name) => [name, values[name] === 'true' ? true : values[name] === 'false' ? false : values[name]] as const,
  );
  return { ...options, ...Object.fromEntries(own), ...(epochs !== undefined && { epochs }) };
}

function rungsOf(
  where: string,
  method: Search['method'],
  trials: number,
  { eta, epochs }: TuneOptions & OptionValues,
): Search['rungs'] {
  if (method === 'random') {
    if (eta !== undefined)
      throw new WrongUsage({
        where,
        what: '--eta is for --method halving.',
        expected: 'no --eta',
        received: `--eta ${eta}`,
        fix: 'leave it out, or add --method halving.',
      });
    return [{ numTrials: trials }];
  }
  if (typeof epochs !== 'number')
    throw new WrongUsage({
      where,
      what: '--method halving needs to know the epochs of its last rung.',
      expected: '--epochs N',
      fix: 'give --epochs, such as 9: with --eta 3 the first rung then has 1 epoch.',
    });
  return asUsage(where, () => halvingRungs({ trials, epochs, eta }));
}

interface SpaceContext {
  readonly fixed: OptionValues;
  readonly score: string;
  readonly method: Search['method'];
}

function spaceOf(
  where: string,
  searched: Searched,
  given: readonly string[] | undefined,
  context: SpaceContext,
): SearchSpace {
  if (given === undefined) return usualSpace(searched.options, context.fixed);
  const space = asUsage(where, () => parseSearch(given, where));
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension]) => [name, dimensionOf(where, searched, name, dimension, context)]),
  );
}

/** What is searched unless the user says, by the task's own table; options that are given are left out. */
function usualSpace(specs: OptionSpecs, fixed: OptionValues): SearchSpace {
  const given = Object.fromEntries(Object.entries(fixed).map(([flag, value]) => [specs[flag].sets ?? flag, value]));
  const dimensions = Object.entries(specs).map(
    ([flag, { search }]) => [flag, typeof search === 'function' ? search(given) : search] as const,
  );
  return Object.fromEntries(
    dimensions.flatMap(([flag, dimension]) =>
      dimension === undefined || Object.hasOwn(fixed, flag) ? [] : [[flag, dimension]],
    ),
  );
}

/** Which scores an option changes the meaning of. */
function changedScores({ ofData, changesScore = [] }: OptionSpec): 'all' | readonly string[] {
  return ofData ? 'all' : changesScore;
}

/** A dimension whose values the train command takes. @throws WrongUsage */
function dimensionOf(
  where: string,
  { name: command, options: specs, scores }: Searched,
  name: string,
  dimension: SearchDimension,
  { fixed, score, method }: SpaceContext,
): SearchDimension {
  const refused = (what: string, fix: string): WrongUsage =>
    new WrongUsage({ where, what, received: `--search ${name}=...`, fix });
  const searchable = Object.keys(specs).filter(
    (known) => !unsearchable.includes(known) && changedScores(specs[known]) !== 'all',
  );
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) {
    const near = nearestNames(name, searchable, 1);
    throw new WrongUsage({
      where,
      what: `there is no option \`${name}\` to search${near.length > 0 ? `; did you mean \`${near[0]}\`?` : '.'}`,
      expected: searchable.join(', '),
      received: name,
      fix: `see rondo ${command} --help.`,
    });
  }
  if (unsearchable.includes(name)) throw refused(`\`${name}\` is nothing to search.`, 'leave it out.');
  const incomparable = changedScores(spec);
  if (incomparable === 'all')
    throw refused(
      `\`${name}\` changes what the score measures, so trials could not be compared.`,
      `give one --${name} to all trials.`,
    );
  if (incomparable.includes(score))
    throw refused(
      `\`${name}\` changes what the score \`${score}\` measures, so trials could not be compared.`,
      `choose --score ${Object.keys(scores).find((other) => !incomparable.includes(other))}, or give one ` +
        `--${name} to all trials.`,
    );
  if (name === 'epochs' && method === 'halving')
    throw refused('halving decides the `epochs` itself.', 'give the epochs of the last rung as --epochs.');
  if (Object.hasOwn(fixed, name)) throw refused(`\`${name}\` is both given and to be searched.`, 'leave one out.');
  if ('choices' in dimension) {
    if (spec.type === 'flag' && dimension.choices.every((choice) => choice === 'true' || choice === 'false'))
      return dimension;
    if (spec.type === 'flag') throw refused(`\`${name}\` is a flag.`, `write ${name}=true,false.`);
    for (const choice of dimension.choices) valueOf(command, name, spec, String(choice), true);
    return dimension;
  }
  if (spec.type !== 'number' && spec.type !== 'count' && spec.type !== 'whole')
    throw refused(`\`${name}\` takes no numbers.`, 'list its values, separated by commas.');
  for (const bound of [dimension.low, dimension.high]) valueOf(command, name, spec, String(bound), true);
  return spec.type === 'number' ? dimension : { ...dimension, whole: true };
}
