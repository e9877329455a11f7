import {
  brainLSTM,
  libraryVersion,
  nearestNames,
  registerCell,
  setSeed,
  setThreads,
  useBackend,
} from '../src/index.js';
import { allowWideKernels, useBlas, useMachineCode } from '../src/node.js';
import { codedError } from './coded-error.js';
import { commands } from './commands/index.js';
import { inFlags, type ReadCommandLine } from './flag-names.js';
import { helpFor, overview } from './help.js';
import { type Command, commonOptions } from './options.js';
import { errorText, finishOutput, print, say } from './output.js';
import { parseArguments } from './parse-arguments.js';
import { protectInputs } from './protect-inputs.js';
import { WrongUsage } from './wrong-usage.js';

const names = Object.keys(commands);

/** Of the command that runs; undefined until its options are understood. */
let read: ReadCommandLine | undefined;
const understood = (): ReadCommandLine | undefined => read;

/** The command that the first words name, and what follows it. */
async function commandOf(args: readonly string[]): Promise<{ command: Command; rest: readonly string[] }> {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(' ');
    if (Object.hasOwn(commands, name)) return { command: await commands[name](), rest: args.slice(words) };
  }
  const below = names.filter((name) => name.startsWith(`${args[0]} `));
  const isIncomplete = below.length > 0 && (args[1] === undefined || args[1].startsWith('-'));
  const typed = below.length > 0 && !isIncomplete ? `${args[0]} ${args[1]}` : args[0];
  const near = [
    ...nearestNames(args.slice(0, 2).join(' '), names, 1),
    ...nearestNames(args[0], [...names, ...names.map((name) => name.split(' ')[0])], 1),
  ];
  throw new WrongUsage({
    where: 'rondo',
    what: isIncomplete
      ? `\`${typed}\` needs to know what.`
      : `unknown command \`${typed}\`${near.length > 0 ? `; did you mean \`${near[0]}\`?` : '.'}`,
    expected: `one of ${(below.length > 0 ? below : names).join(', ')}`,
    received: args.slice(0, 2).join(' '),
    fix: 'see rondo --help.',
  });
}

async function overviewOf(shown: readonly string[]): Promise<string> {
  return overview(await Promise.all(shown.map((name) => commands[name]())));
}

async function runCommand(args: readonly string[]): Promise<void> {
  const isHelp = (word: string | undefined): boolean => word === undefined || ['--help', '-h', 'help'].includes(word);
  if (isHelp(args[0])) {
    print(await overviewOf(names));
    return;
  }
  if (args[0] === '--version' || args[0] === '-v') {
    print(`rondo ${libraryVersion}`);
    return;
  }
  if (args.length === 2 && isHelp(args[1]) && !names.includes(args[0])) {
    const below = names.filter((name) => name.startsWith(`${args[0]} `));
    if (below.length > 0) {
      print(await overviewOf(below));
      return;
    }
  }
  const { command, rest } = await commandOf(args);
  const specs = { ...command.options, ...commonOptions };
  const line = parseArguments(command.name, rest, specs);
  if (line.options.help === true) {
    print(helpFor({ ...command, options: specs }));
    return;
  }
  protectInputs(line, specs);
  read = { name: command.name, specs, options: line.options };
  allowWideKernels();
  if (line.options.native === 'off') useMachineCode({ when: 'never' });
  // Files that `rondo convert` makes of nets of brain.js name it.
  registerCell(brainLSTM);
  if (typeof line.options.threads === 'number') setThreads(line.options.threads);
  if (line.options.backend === 'wasm' || line.options.backend === 'reference') useBackend(line.options.backend);
  if (line.options.blas === true) await useBlas();
  setSeed(typeof line.options.seed === 'number' ? line.options.seed : 0);
  await command.run(line);
}

/** A command that writes a file at --out does its work whether or not anyone reads what it prints. */
export function isOutputNeeded(): boolean {
  return read === undefined || !Object.hasOwn(read.specs, 'out');
}

/**
 * Runs one command line; nothing is thrown. What `process.exitCode` becomes: 0 where all is done, 1 for a fault, 2 for
 * wrong usage.
 */
export async function run(args: readonly string[]): Promise<void> {
  read = undefined;
  try {
    await runCommand(args);
    await finishOutput();
  } catch (thrown) {
    const line = understood();
    const coded = await codedError(thrown, line === undefined ? 'rondo' : `rondo ${line.name}`);
    const { error, isUsage } =
      line === undefined ? { error: coded, isUsage: coded instanceof WrongUsage } : inFlags(coded, line);
    say(errorText(error));
    process.exitCode = isUsage ? 2 : 1;
  }
}
