import type { Command, OptionSpec } from './options.js';
import { widestOf } from './terminal/display-width.js';

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
    ...rows.flatMap(([left, about]) => withIndent(about, width + 4).map((line, i) => (i === 0 ? `  ${left.padEnd(width)}  ${line}` : `${' '.repeat(width + 4)}${line}`))),
    ...(command.examples.length === 0 ? [] : ['', 'Examples:', ...command.examples.map((example) => `  ${example}`)]),
  ].join('\n');
}

function heading(name: string, spec: OptionSpec): string {
  return spec.type === 'flag' ? `--${name}` : `--${name} ${spec.value ?? 'VALUE'}`;
}

function withIndent(text: string, indent: number, width = 100): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && indent + last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
