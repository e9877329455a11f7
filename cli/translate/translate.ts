import { createInterface } from 'node:readline';
import type { Translator } from '../../src/index.js';
import { linesOf } from '../../src/index.js';
import { writeFileAtomically } from '../../src/node.js';
import { showAnswer } from '../answer.js';
import { loadModelOf } from '../load-model-of.js';
import { computeOptions, defineCommand, type Given, jsonOption } from '../options.js';
import { print, say, writeText } from '../output.js';
import { requireNewFile } from '../output-paths.js';
import { readTextInput } from '../read-input.js';
import { styleOf } from '../style.js';
import { isTextArgument } from '../text-argument.js';
import { requirePositionals } from '../wrong-usage.js';
import { attentionHtml } from './attention-html.js';
import { attentionMap } from './attention-map.js';
import { translateNames } from './names.js';
import { answerOf, type TranslatedText, translatedTexts } from './predict-translations.js';
import { translationOptions } from './translate-options.js';

const { seed: _, ...compute } = computeOptions;

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
    attention: { type: 'flag', about: 'Show what each token of a translation attends to.' },
    html: { type: 'text', value: 'OUT.html', about: 'Write a page that shows it, without scripts.' },
    force: { type: 'flag', about: 'Overwrite an existing page.' },
    ...compute,
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1, 2);
    const where = `rondo ${this.name}`;
    const [path, data] = positionals;
    if (options.html !== undefined) await requireNewFile(where, '--html', options.html, options.force);
    const translator = await loadModelOf(where, path, translateNames);
    if (data === undefined && process.stdin.isTTY) return converse(translator, options);
    const isText = data !== undefined && (await isTextArgument(where, path, data));
    const texts = isText
      ? [data]
      : linesOf((await readTextInput(data ?? '-', options.encoding)).replace(/^\ufeff/, ''));
    const translated = await translatedTexts(translator, texts, options);
    showAnswer(answerOf(translated, options), options.json);
    if (options.attention && !options.json) for (const one of translated) showAttention(one);
    if (options.html === undefined) return;
    await writeFileAtomically(options.html, attentionHtml(translated));
    say(`wrote ${options.html}`);
  },
});

/** Translates what is typed, line by line, until the input ends. */
async function converse(
  translator: Translator,
  options: Given<typeof translationOptions> & { readonly attention: boolean },
): Promise<void> {
  say('Type a text and Enter; Ctrl-D ends.');
  for await (const line of createInterface({ input: process.stdin, output: process.stderr, prompt: '> ' })) {
    const [translated] = await translatedTexts(translator, [line], options);
    const { sections } = answerOf([translated], options);
    if ('text' in sections) writeText(sections.text);
    if (options.attention) showAttention(translated);
  }
}

function showAttention({ translations: [best] }: TranslatedText): void {
  print(`\n${attentionMap(best, styleOf()).join('\n')}`);
}
