import type { OptionsOf, OptionTable } from '../src/index.js';
import {
  type Command,
  type CommandLine,
  computeOptions,
  defineCommand,
  jsonOption,
  type OptionSpecs,
} from './options.js';
import { type Readers, taskFlags, taskOptions } from './task-flags.js';

/** Options of every `rondo train` beside those of its task. */
const trainOptions = {
  out: {
    type: 'text',
    value: 'FILE',
    about: 'Where the model goes. Default: the name of the data with .safetensors, in this folder.',
  },
  force: { type: 'flag', about: 'Overwrite an existing model.' },
  'find-learning-rate': {
    type: 'flag',
    about: 'Do not train: raise the rate step by step, draw what the loss does, and suggest a rate (Smith 2017).',
  },
  resume: { type: 'flag', about: 'Go on where an interrupted training with this --out stopped, with its options.' },
  diagnose: {
    type: 'flag',
    about: 'Measure gradients, gates and updates while training, and say what to change. The model stays the same.',
  },
  ...computeOptions,
  quiet: { type: 'flag', about: 'Show no progress and no plots.' },
  ...jsonOption,
} as const satisfies OptionSpecs;

interface TrainCommand<Table extends OptionTable, Specs extends OptionSpecs> extends Omit<Command, 'options' | 'run'> {
  /** Of the task: each option has a flag. */
  readonly table: Table;
  readonly readers?: Readers<Table>;
  /** Where the data are, and what else only a command line has. */
  readonly options: Specs;
  /** @param given the task's options, by their names in the library. */
  run(line: CommandLine<Specs & typeof trainOptions>, given: Partial<OptionsOf<Table>>): Promise<void>;
}

/** Makes a `rondo train`, whose flags are its own, those of its task's options, and those of every training. */
export function defineTrain<Table extends OptionTable, const Specs extends OptionSpecs>(
  command: TrainCommand<Table, Specs>,
): Command {
  return defineCommand({
    ...command,
    options: { ...command.options, ...taskFlags(command.table), ...trainOptions },
    run: (line) =>
      command.run(
        line as CommandLine<Specs & typeof trainOptions>,
        taskOptions(`rondo ${command.name}`, command.table, line.options, command.readers),
      ),
  });
}
