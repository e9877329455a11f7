import { RondoError } from '../../src/index.js';
import type { Command, OptionSpec, OptionSpecs, OptionValue } from '../options.js';
import { defaultOutput } from '../output-paths.js';
import { together } from '../task-options.js';
import { loadWithTask, tasks } from '../tasks.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

const dataOption = {
  data: {
    type: 'texts',
    value: 'FILE',
    about: 'What the student learns from, as rondo train of the task takes it; may be given several times.',
  },
} as const satisfies OptionSpecs;

/** What a teacher takes the place of. */
const takenByTeacher = ['teacher', 'init', 'tokenizer'];

/**
 * `rondo distill`: a smaller model that learns from a larger one. It is the `rondo train` of the teacher's task with
 * --teacher, for the tasks whose training has that option.
 */
export async function distillCommand(): Promise<Command> {
  const trains = new Map(await Promise.all(tasks.map(async (task) => [task.name, await task.train()] as const)));
  const able = [...trains].filter(([, { options }]) => Object.hasOwn(options, 'teacher'));
  const specs: Record<string, OptionSpec> = { ...dataOption };
  for (const [, { options }] of able)
    for (const [name, spec] of Object.entries(options))
      if (!takenByTeacher.includes(name)) specs[name] = together(specs[name], spec);
  const command = {
    name: 'distill',
    summary: 'Train a smaller model on what a trained one says of the data.',
    usage: 'TEACHER --data FILE [options]',
    examples: [
      'rondo distill shakespeare.safetensors --data shakespeare.txt --out small.safetensors',
      'rondo distill words.safetensors --data ptb.train.txt --dev ptb.valid.txt --units 128 --alpha 0.9',
    ],
    options: specs,
  };
  const run: Command['run'] = async ({ positionals, options }) => {
    const where = `rondo ${command.name}`;
    requirePositionals(command, positionals, 1);
    const [path] = positionals;
    const files = options.data;
    if (!Array.isArray(files))
      throw new WrongUsage({
        where,
        what: '--data is missing.',
        expected: '--data FILE',
        fix: 'name what the student learns from.',
      });
    const { task } = await loadWithTask(where, path);
    const train = trains.get(task.name)!;
    if (!able.some(([name]) => name === task.name)) throw noTeacher(where, path, task.models, able);
    requireOptionsOf(where, train, options);
    const own = Object.fromEntries(
      Object.keys(train.options).map((name) => [name, options[name] ?? unsaid(train, name)]),
    );
    const out = options.out ?? defaultOutput(path, '-student.safetensors');
    await train.run({ positionals: files, options: { ...own, out, teacher: path } });
  };
  return { ...command, run };
}

/** What stands for an option that a command line does not give. */
function unsaid({ options }: Command, name: string): OptionValue {
  return options[name].type === 'flag' ? false : undefined;
}

/** @throws WrongUsage for options of other tasks */
function requireOptionsOf(where: string, train: Command, options: Readonly<Record<string, unknown>>): void {
  const foreign = Object.keys(options).filter(
    (name) =>
      name !== 'data' && options[name] !== undefined && options[name] !== false && !Object.hasOwn(train.options, name),
  );
  if (foreign.length === 0) return;
  throw new WrongUsage({
    where,
    what: `${foreign.map((name) => `--${name}`).join(', ')} ${foreign.length === 1 ? 'is' : 'are'} of other tasks.`,
    expected: `options of rondo ${train.name}`,
    received: foreign.map((name) => `--${name}`).join(' '),
    fix: `leave ${foreign.length === 1 ? 'it' : 'them'} out.`,
  });
}

function noTeacher(
  where: string,
  path: string,
  models: string,
  able: readonly (readonly [string, Command])[],
): RondoError {
  return new RondoError('USAGE', {
    where,
    what: `${path} cannot teach: nothing is distilled from ${models}.`,
    expected: `a model made by ${able.map(([, { name }]) => `rondo ${name}`).join(' or ')}`,
    received: `one of the ${models}`,
    fix: 'give such a model, or train the smaller one by itself.',
  });
}
