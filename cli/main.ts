#!/usr/bin/env node
import { nearestNames, RondoError, setSeed, setThreads, useBackend } from '../src/index.js';
import { allowWideKernels, useBlas } from '../src/node.js';
import { commands } from './commands/index.js';
import { helpFor, overview } from './help.js';
import { type Command, commonOptions } from './options.js';
import { parseArguments } from './parse-arguments.js';
import { WrongUsage } from './wrong-usage.js';

const names = Object.keys(commands);

/** The command that the first words name, and what follows it. */
async function commandOf(args: readonly string[]): Promise<{ command: Command; rest: readonly string[] }> {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(' ');
    if (Object.hasOwn(commands, name)) return { command: await commands[name](), rest: args.slice(words) };
  }
  const below = names.filter((name) => name.startsWith(`${args[0]} `));
  const isIncomplete = below.length > 0 && (args[1] === undefined || args[1].startsWith('-'));
  const typed = below.length > 0 && !isIncomplete ? `${args[0]} ${args[1]}` : args[0];
  const near = [...nearestNames(args.slice(0, 2).join(' '), names, 1), ...nearestNames(args[0], [...names, ...names.map((name) => name.split(' ')[0])], 1)];
  throw new WrongUsage({
    where: 'rondo',
    what: isIncomplete ? `\`${typed}\` needs to know what.` : `unknown command \`${typed}\`${near.length > 0 ? `; did you mean \`${near[0]}\`?` : '.'}`,
    expected: `one of ${(below.length > 0 ? below : names).join(', ')}`,
    received: args.slice(0, 2).join(' '),
    fix: 'see rondo --help.',
  });
}

async function overviewOf(shown: readonly string[]): Promise<string> {
  return overview(await Promise.all(shown.map((name) => commands[name]())));
}

async function main(args: readonly string[]): Promise<void> {
  const isHelp = (word: string | undefined): boolean => word === undefined || ['--help', '-h', 'help'].includes(word);
  if (isHelp(args[0])) {
    console.log(await overviewOf(names));
    return;
  }
  if (args.length === 2 && isHelp(args[1]) && !names.includes(args[0])) {
    const below = names.filter((name) => name.startsWith(`${args[0]} `));
    if (below.length > 0) {
      console.log(await overviewOf(below));
      return;
    }
  }
  const { command, rest } = await commandOf(args);
  const line = parseArguments(command.name, rest, { ...command.options, ...commonOptions });
  if (line.options.help === true) {
    console.log(helpFor({ ...command, options: { ...command.options, ...commonOptions } }));
    return;
  }
  allowWideKernels();
  if (typeof line.options.threads === 'number') setThreads(line.options.threads);
  if (line.options.backend === 'wasm' || line.options.backend === 'reference') useBackend(line.options.backend);
  if (line.options.blas === true) await useBlas();
  setSeed(typeof line.options.seed === 'number' ? line.options.seed : 0);
  await command.run(line);
}

/** A reader such as `head` may close the pipe; that is no fault. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const shown = error instanceof RondoError ? error.message : `[INTERNAL] rondo: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${shown}\n`);
  process.exitCode = error instanceof WrongUsage ? 2 : 1;
});
