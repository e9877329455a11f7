import { stat } from 'node:fs/promises';
import { RondoError } from '../src/index.js';
import { fileAccessError } from '../src/node.js';
import { quoted } from './command-words.js';

const dataEnding = /\.(csv|tsv|jsonl|ndjson|json|txt|conllu|conll|gz|safetensors)$/i;

/**
 * Whether an argument is a text itself and not the name of a file: no such file exists, and it does not look like a
 * file's name.
 *
 * @param command such as `rondo predict`, for messages.
 * @throws FILE_ACCESS for what looks like the name of a file that does not exist
 */
export async function isTextArgument(command: string, model: string, given: string): Promise<boolean> {
  if (given === '-' || (await stat(given).catch(() => undefined)) !== undefined) return false;
  const isOneWord = !/\s/.test(given.trim());
  // One word with an ending, as news.de, is rather a misspelt name than a text.
  if (!dataEnding.test(given) && !(isOneWord && /[/\\]|\w\.[a-z]{2,4}$/i.test(given))) return true;
  const { fix: nearest = '' } = (await fileAccessError('read', given, { code: 'ENOENT' })).facts;
  throw new RondoError('FILE_ACCESS', {
    where: given,
    what: 'there is no such file.',
    expected: 'a file, - for the standard input, or a text that does not look like the name of a file',
    received: given,
    fix:
      `${nearest.startsWith('did you mean') ? nearest : 'correct the name;'} if it is a text, send it: echo ` +
      `${quoted(given)} | ${command} ${quoted(model)} -`,
  });
}
