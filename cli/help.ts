import type { Command, OptionSpec } from './options.js';
import { columnsOf } from './style.js';
import { widestOf } from './terminal/display-width.js';

const widestHelp = 100;

/** Columns below which words beside the names of options would be a thin strip. */
const leastText = 30;

/** The text of `rondo --help`. */
export function overview(commands: readonly Command[]): string {
  const width = widestOf(commands.map(({ name }) => name));
  return [
    'rondo: recurrent neural networks, trained and run here.',
    '',
    'Usage: rondo COMMAND [arguments] [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'rondo COMMAND --help tells more, rondo --version its version.',
    'Exit codes: 0 done, 1 data or own fault, 2 wrong usage, 130 stopped by Ctrl-C, 141 nobody reads the output.',
  ].join('\n');
}

/** The text of `rondo COMMAND --help`. */
export function helpFor(command: Command): string {
  const rows = Object.entries(command.options).map(([name, spec]) => [heading(name, spec), spec.about] as const);
  const width = widestOf(rows.map(([left]) => left));
  return [
    command.summary,
    '',
    `Usage: rondo ${command.name} ${command.usage}`.trimEnd(),
    '',
    ...rows.flatMap(([left, about]) => entry(left, about, width)),
    ...(command.examples.length === 0 ? [] : ['', 'Examples:', ...command.examples.map((example) => `  ${example}`)]),
  ].join('\n');
}

function heading(name: string, spec: OptionSpec): string {
  return spec.type === 'flag' ? `--${name}` : `--${name} ${spec.value ?? 'VALUE'}`;
}

/** The words of an option beside its name, or below it where the terminal is narrow. */
function entry(left: string, about: string, width: number): string[] {
  const columns = Math.min(columnsOf() ?? widestHelp, widestHelp);
  const isNarrow = columns < width + 4 + leastText;
  const indent = isNarrow ? 6 : width + 4;
  const lines = withIndent(about, indent, columns).map((line) => `${' '.repeat(indent)}${line}`);
  if (isNarrow) return [`  ${left}`, ...lines];
  return [`  ${left.padEnd(width)}  ${lines[0].slice(indent)}`, ...lines.slice(1)];
}

function withIndent(text: string, indent: number, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && indent + last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
