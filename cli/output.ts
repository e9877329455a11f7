import { RondoError } from '../src/index.js';
import { fileAccessError } from '../src/node.js';
import { columnsOf, styleOf } from './style.js';
import { fitLines } from './terminal/fit-lines.js';
import { oneLine, printable, printableJson, printableLines } from './terminal/printable.js';

/**
 * The one place through which commands print. Reports and documents are made safe for a terminal here, whatever names
 * and texts they hold; what a model wrote goes to files and pipes as it is.
 */

/** A shell says 128 + 13 of a program that SIGPIPE has ended; Node ignores that signal. */
const closedPipeExitCode = 141;

let lost: NodeJS.ErrnoException | undefined;

/** Prints lines of a report; a line end is added. */
export function print(text = ''): void {
  write(`${fitLines(printableLines(text, styleOf().colour), columnsOf())}\n`);
}

/** Prints lines of which each is one, whatever names it holds. */
export function printLines(lines: readonly string[]): void {
  print(lines.map(oneLine).join('\n'));
}

/** Prints an answer for programs. */
export function printJson(answer: unknown, indent?: number): void {
  write(`${printableJson(JSON.stringify(answer, null, indent))}\n`);
}

/**
 * Writes text that is itself the answer, such as what a model has written: as it is, but to a terminal without what
 * steers it.
 */
export function writeText(text: string): void {
  write(process.stdout.isTTY ? printableLines(text) : text);
}

/** Says lines beside the answer, on the standard error. */
export function say(text: string): void {
  process.stderr.write(
    `${fitLines(printableLines(text, styleOf(process.stderr).colour), columnsOf(process.stderr))}\n`,
  );
}

function write(text: string): void {
  if (lost === undefined) process.stdout.write(text);
}

/**
 * Decides what the end of the standard output means. A closed pipe (`rondo ... | head`) is no fault: the command ends
 * quietly, as other programs do, or goes on in silence where its work is not what it prints. A full disk is a fault in
 * either case, at once or at the end.
 */
export function watchOutput({ isNeeded }: { readonly isNeeded: () => boolean }): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    lost ??= error;
    if (!isNeeded()) return;
    if (error.code === 'EPIPE') process.exit(closedPipeExitCode);
    void lostOutput(error, true).then((fault) => {
      say(errorText(fault));
      process.exit(1);
    });
  });
  // Messages that nobody reads are no reason to stop.
  process.stderr.on('error', () => undefined);
}

/** Waits until all is written. @throws FILE_ACCESS where output was lost by more than a closed pipe */
export async function finishOutput(): Promise<void> {
  if (lost === undefined) await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  if (lost !== undefined && lost.code !== 'EPIPE') throw await lostOutput(lost, false);
}

async function lostOutput(cause: NodeJS.ErrnoException, isNeeded: boolean): Promise<RondoError> {
  const { what, received } = (await fileAccessError('write', 'standard output', cause)).facts;
  const rest = isNeeded ? 'the command ended there.' : 'the work went on, and its files are written.';
  return new RondoError('FILE_ACCESS', {
    where: 'standard output',
    what: `it cannot be written to: ${what}`,
    expected: 'room for what is printed',
    received,
    fix: `send it elsewhere; ${rest}`,
    cause,
  });
}

/** An error as it is printed: every foreign name in it on its own line and harmless. */
export function errorText(error: RondoError): string {
  const { where, what, ...rest } = error.facts;
  const fields = (['expected', 'received', 'fix'] as const).flatMap((field) =>
    rest[field] === undefined ? [] : [`  ${field}: ${printable(rest[field])}`],
  );
  return [`[${error.code}] ${printable(where)}: ${printable(what)}`, ...fields].join('\n');
}
