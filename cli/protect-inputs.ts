import { existsSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import type { CommandLine, OptionSpecs } from './options.js';
import { WrongUsage } from './wrong-usage.js';

/** What stands for the value of options that name something to read. */
const namesOfFiles: readonly (string | undefined)[] = ['FILE', 'MODEL'];

/** The files that an option names: one, or several with commas between. */
export function filesOf(value: string): string[] {
  return existsSync(value) ? [value] : value.split(',');
}

let inputs: readonly string[] = [];

/**
 * Remembers what the command line names to be read: the words beside the options, and the values of options for files
 * apart from --out.
 */
export function protectInputs({ positionals, options }: CommandLine<OptionSpecs>, specs: OptionSpecs): void {
  const named = Object.entries(specs).flatMap(([name, { value }]) =>
    name !== 'out' && namesOfFiles.includes(value) ? [options[name]].flat() : [],
  );
  const paths = named.filter((value) => typeof value === 'string').flatMap(filesOf);
  inputs = [...positionals, ...paths].filter((path) => path !== '-' && path !== '');
}

/**
 * No output may take the place of what is read, whatever --force says; links are followed, and a folder that is read
 * protects what it holds, but for models.
 *
 * @param option the flag that names the output.
 * @throws WrongUsage
 */
export async function requireNoInput(where: string, option: string, output: string): Promise<void> {
  const target = await stat(output).catch(() => undefined);
  if (target === undefined) return;
  const path = await realpath(output);
  for (const input of inputs) {
    const read = await stat(input).catch(() => undefined);
    if (read === undefined) continue;
    const isSame = read.dev === target.dev && read.ino === target.ino;
    const isInside =
      read.isDirectory() &&
      target.isFile() &&
      !path.endsWith('.safetensors') &&
      !/^\.\.(?:[/\\]|$)/.test(relative(await realpath(input), path));
    if (!isSame && !isInside) continue;
    throw new WrongUsage({
      where,
      what: `${option} would overwrite what is read.`,
      expected: 'a file that the command does not read',
      received:
        `${output}, which ` +
        (isSame
          ? `is ${input === output ? 'named to be read' : `the same file as ${input}`}`
          : `lies in ${resolve(input)}`),
      fix: `choose another ${option}; --force does not help.`,
    });
  }
}
