import { requireCount } from '../errors.js';
import { type PretrainedVectors, requireVectorsToFreeze } from '../io/word-vectors/pretrained-vectors.js';
import { givenOptions, type Resolved } from '../resolved.js';
import { optionsOfInitial, refuseBesideInitial } from './initial-model.js';
import { checkOptions, type OptionTable, type TaskOption, withDefaults } from './option-table.js';
import { type TrainingBudget, trainingBudget, type UsualRounds } from './training-rounds.js';

/** What decides the options of a task that trains in rounds. */
interface RoundsTask<Options> {
  /** For messages. */
  readonly where: string;
  readonly table: Readonly<Record<keyof Options & string, TaskOption>>;
  readonly rounds: UsualRounds;
}

type WithBudget = { [Name in keyof TrainingBudget]?: number | undefined };

/** No default of such a table reads data. */
const filled = withDefaults as (table: OptionTable, given: object) => object;

/** All options, checked; how long training goes on as for data of many steps. @throws UNKNOWN_NAME, OUT_OF_RANGE */
export function resolvedOptions<Options extends WithBudget>(
  { where, table, rounds }: RoundsTask<Options>,
  options: Options,
): Resolved<Options> {
  checkOptions(where, table, options);
  const budget = trainingBudget(options, rounds.leastSteps, rounds);
  requireCount(where, 'maxEpochs', budget.maxEpochs, budget.epochs);
  return filled(table, { ...givenOptions(options), ...budget }) as Resolved<Options>;
}

/**
 * The same of a training that may begin with vectors, or with an earlier model that then decides some options.
 *
 * @throws USAGE for vectors beside a model, for none that are to stay as they are, and for options that the model has
 *   decided
 */
export function optionsToBegin<Options extends WithBudget & { freezeVectors?: boolean | undefined }>(
  task: RoundsTask<Options>,
  options: Options,
  data: {
    readonly vectors?: PretrainedVectors | undefined;
    readonly initial?: { readonly options: object } | undefined;
  },
): Resolved<Options> {
  const { where, table } = task;
  const { vectors, initial } = data;
  refuseBesideInitial(where, initial, { vectors });
  const decided = initial && optionsOfInitial<Options>(where, table, options, initial.options as Options);
  const all = resolvedOptions(task, { ...options, ...decided });
  requireVectorsToFreeze(where, all.freezeVectors, vectors);
  return all;
}
