import { createInterface } from 'node:readline';
import type { Translator } from '../../src/index.js';
import { writeFileAtomically } from '../../src/node.js';
import { showAnswer } from '../answer.js';
import { codedError } from '../coded-error.js';
import { exitCodes } from '../interruptions.js';
import { loadModelOf } from '../load-model-of.js';
import { defineCommand, type Given, inferenceOptions, jsonOption } from '../options.js';
import { errorText, print, say } from '../output.js';
import { requireNewFile } from '../output-paths.js';
import { styleOf } from '../style.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';
import { attentionHtml } from './attention-html.js';
import { attentionMap } from './attention-map.js';
import { translateNames } from './names.js';
import { answerOf, searchOf, type TranslatedText, textsOf, translatedTexts } from './predict-translations.js';
import { translationOptions } from './translate-options.js';

/** `rondo translate`: a text, a file line by line, or, without either, what is typed. */
export const translate = defineCommand({
  name: 'translate',
  summary: 'Translate a text, each line of a file, or what is typed.',
  usage: 'MODEL [TEXT|FILE|-] [options]',
  examples: [
    "rondo translate de-en.safetensors 'zwei Hunde spielen im Schnee'",
    'rondo translate de-en.safetensors news.de --beams 1',
    "rondo translate sounds.safetensors 'recurrent' --n-best 3 --attention",
    'rondo translate de-en.safetensors',
  ],
  options: {
    ...translationOptions,
    attention: { type: 'flag', about: 'Show what each token of a translation attends to; with --json as numbers.' },
    html: { type: 'text', value: 'OUT.html', about: 'Write a page that shows it, without scripts.' },
    force: { type: 'flag', about: 'Overwrite an existing page.' },
    ...inferenceOptions,
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1, 2);
    const where = `rondo ${this.name}`;
    const [path, data] = positionals;
    const isTyped = data === undefined && process.stdin.isTTY;
    const ofAll = options.json ? '--json' : options.html === undefined ? undefined : '--html';
    if (isTyped && ofAll !== undefined)
      throw new WrongUsage({
        where,
        what: `${ofAll} is of all texts together, and nothing is given but what is typed.`,
        expected: `${where} ${this.usage}`,
        received: `${path} ${ofAll}`,
        fix: 'give a text or a file, or send texts by a pipe.',
      });
    if (options.html !== undefined) await requireNewFile(where, '--html', options.html, options.force);
    const translator = await loadModelOf(where, path, translateNames);
    if (isTyped) return translateTyped(where, translator, options);
    const texts = await textsOf(translator, data ?? '-', { where, path, options });
    const translated = await translatedTexts(translator, texts, await searchOf(options, translator.pairs.reading));
    showAnswer(answerOf(translator, translated, options), options.json);
    if (options.attention && !options.json) for (const one of translated) showAttention(one);
    if (options.html === undefined) return;
    await writeFileAtomically(options.html, attentionHtml(translated));
    say(`wrote ${options.html}`);
  },
});

/** Translates what is typed, line by line; a fault of one line is told, and the next may come. */
async function translateTyped(
  where: string,
  translator: Translator,
  options: Given<typeof translationOptions> & { readonly attention: boolean },
): Promise<void> {
  const search = await searchOf(options, translator.pairs.reading);
  say('Type a text and Enter; Ctrl-D ends.');
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: '> ' });
  let isOpen = true;
  // What a shell expects of Ctrl-C.
  lines.once('SIGINT', () => {
    process.exitCode = exitCodes.SIGINT;
    lines.close();
  });
  lines.once('close', () => {
    isOpen = false;
  });
  lines.prompt();
  for await (const line of lines) {
    try {
      const [translated] = await translatedTexts(translator, [line], search);
      showAnswer(answerOf(translator, [translated], options), false);
      if (options.attention) showAttention(translated);
    } catch (thrown) {
      say(errorText(await codedError(thrown, where)));
    }
    // Of an input that has ended meanwhile there are lines still, but nobody to ask.
    if (isOpen) lines.prompt();
  }
}

function showAttention({ translations: [best] }: TranslatedText): void {
  print(`\n${attentionMap(best, styleOf()).join('\n')}`);
}
