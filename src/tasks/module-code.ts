import { RondoError } from '../errors.js';
import type { Sequential } from '../training/sequential.js';

/** What a module of `standaloneCode` has besides the net: code that turns raw data into its inputs, and outputs into answers. */
export interface ModuleCode {
  /** Lines of the comment at the beginning; NAME stands for that of the module. */
  readonly about: readonly string[];
  /** WEIGHTS stands for what `createModel` is given. */
  readonly source: string;
}

/** The nets of a module, where code cannot be written of a task's model as it is: that of `createModel`, and others as `NAMENet()`. */
export interface ModuleNets {
  readonly main: Sequential;
  readonly others: ReadonlyMap<string, Sequential>;
}

/** What `run` of a module's net is given: step after step, or whole sequences. */
export type TakenByNet = 'steps' | 'sequences';

/** @param what has no code around its net. */
export function withoutModuleCode(what: string, expected: string, received: string): RondoError {
  return new RondoError('USAGE', {
    where: 'standaloneCode',
    what: `there is no code for what stands around the net of ${what}.`,
    expected,
    received,
    fix: 'write the net alone (its `model`; --network-only), and turn data into its inputs yourself.',
  });
}

/** Data as JavaScript; nothing in it ends a script of a page, or is taken for {@link ModuleCode.source}'s WEIGHTS. */
export function literal(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('WEIGHTS', 'WEIGHT\\u0053')
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

const letter = '[\\\\p{L}\\\\p{M}\\\\p{N}]';

/** Words as the library cuts them: letters and digits with inner apostrophes, each sign, each Chinese character. */
export const wordPattern = `const letter = '${letter}';
const han = '\\\\p{Script=Han}';
const word = '(?:(?!' + han + ')' + letter + ")+(?:['\\u2019](?:(?!" + han + ')' + letter + ')+)*';
const sign =
  '\\\\p{Regional_Indicator}{2}|[^\\\\s\\\\p{L}\\\\p{M}\\\\p{N}](?:[\\\\p{M}\\\\p{Emoji_Modifier}]|\\u200d\\\\p{Extended_Pictographic})*';
const wordsAndSigns = new RegExp(han + '|' + word + '|' + sign, 'gu');`;
