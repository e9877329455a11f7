import { textFileFormats } from '../src/node.js';
import type { OptionSpecs } from './options.js';
import { taggedFileOptions } from './tag/tagged-files.js';
import { WrongUsage } from './wrong-usage.js';

const tagFormats = taggedFileOptions.format.choices;

/** `--format` of commands that take the models of every task. */
export const dataFormatOption = {
  format: {
    type: 'text',
    value: 'FORMAT',
    choices: [...textFileFormats, ...tagFormats],
    about:
      'Of texts to classify: csv, tsv, jsonl (fields by name), lines (`label text...` a line), fasttext ' +
      '(`__label__NAME text...` a line), folders (one a class, one text a file), class-files (one a class, one ' +
      'text a line), texts (one a line, without labels). Of words to tag: conllu, columns (a word a line, other ' +
      'columns beside it) or, where there are none, texts. Default: what the name or the first line says.',
  },
} as const satisfies OptionSpecs;

/** The format of a classifier's data. @throws WrongUsage for one of another task */
export function textFormat(where: string, given: string | undefined): (typeof textFileFormats)[number] | undefined {
  return among(where, given, textFileFormats, 'texts to classify');
}

/** The format of a tagger's data. @throws WrongUsage for one of another task */
export function tagFormat(where: string, given: string | undefined): (typeof tagFormats)[number] | undefined {
  return among(where, given, tagFormats, 'words to tag');
}

function among<F extends string>(
  where: string,
  given: string | undefined,
  formats: readonly F[],
  what: string,
): F | undefined {
  if (given === undefined || (formats as readonly string[]).includes(given)) return given as F | undefined;
  throw new WrongUsage({
    where,
    what: `\`${given}\` is no format of ${what}.`,
    expected: formats.join(', '),
    received: given,
    fix: 'choose one of these, or leave --format out.',
  });
}
