import { displayWidth } from './display-width.js';

/** Commands are to be copied, so they keep their line; so does what has colours, which is drawn for the width. */
const isKept = (line: string): boolean => /(^|\s)rondo [a-z]/.test(line) || line.includes('\x1b');

/** Lines no longer than so many columns: cut between words, the rest below it with two more spaces before it. */
export function fitLines(text: string, columns: number | undefined): string {
  if (columns === undefined) return text;
  return text
    .split('\n')
    .flatMap((line) => (displayWidth(line) <= columns || isKept(line) ? [line] : cut(line, columns)))
    .join('\n');
}

function cut(line: string, columns: number): string[] {
  const indent = /^ */.exec(line)![0];
  const rest = `${indent}  `;
  const lines: string[] = [];
  let current = indent;
  let hasWord = false;
  for (const word of line.slice(indent.length).split(' ')) {
    const longer = hasWord ? `${current} ${word}` : current + word;
    if (hasWord && displayWidth(longer) > columns) {
      lines.push(current.trimEnd());
      current = rest + word;
    } else current = longer;
    hasWord ||= word !== '';
  }
  return [...lines, current];
}
