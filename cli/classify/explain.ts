import { type Explanation, explain as explainText, explanationMethods } from '../../src/index.js';
import { writeFileAtomically } from '../../src/node.js';
import { loadModelOf } from '../load-model-of.js';
import { defineCommand, inferenceOptions, jsonOption } from '../options.js';
import { print, printJson, say } from '../output.js';
import { requireNewFile } from '../output-paths.js';
import { styleOf } from '../style.js';
import { isTextArgument } from '../text-argument.js';
import { counted } from '../text-table.js';
import { unknownNote } from '../unknown-tokens.js';
import { requirePositionals } from '../wrong-usage.js';
import { explanationHtml } from './explanation-html.js';
import { explanationLines } from './explanation-lines.js';
import { classifyNames } from './names.js';
import { readUnlabelled, withReading } from './read-texts.js';
import { emptyOption, readingOptions } from './reading-options.js';

/** `rondo explain`: which words carried a decision. */
export const explain = defineCommand({
  name: 'explain',
  summary: 'Show which words carried a decision of a classifier.',
  usage: 'MODEL TEXT|FILE|- [options]',
  examples: [
    "rondo explain reviews.safetensors 'a film that never finds its feet'",
    'rondo explain reviews.safetensors new.csv --text review --html why.html',
  ],
  options: {
    method: {
      type: 'text',
      value: 'METHOD',
      choices: explanationMethods,
      about:
        'integrated-gradients (default; contributions add up to the probability) or occlusion (what is lost ' +
        'when a word is left out).',
    },
    class: { type: 'text', sets: 'label', value: 'LABEL', about: 'The class to explain. Default: the likeliest.' },
    limit: { type: 'count', value: 'N', about: 'Most texts of a file. Default 20.' },
    html: {
      type: 'text',
      value: 'OUT.html',
      about: 'Write a page of its own, without scripts, that shows all of them.',
    },
    force: { type: 'flag', about: 'Overwrite an existing page.' },
    ...readingOptions,
    ...emptyOption,
    ...inferenceOptions,
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 2);
    const where = `rondo ${this.name}`;
    const [path, given] = positionals;
    if (options.html !== undefined) await requireNewFile(where, '--html', options.html, options.force);
    const classifier = await loadModelOf(where, path, classifyNames);
    const { format: _format, ...reading } = classifier.data.reading;
    const isText = await isTextArgument(where, path, given);
    const read = isText
      ? { texts: [given], labels: undefined }
      : await readUnlabelled(given, withReading(options, reading));
    const { rows } = classifier.encodeAll(read, options.empty ?? 'error');
    const explanations: Explanation[] = [];
    for (const text of rows.texts.slice(0, options.limit ?? 20))
      explanations.push(await explainText(classifier, text, { method: options.method, label: options.class }));
    if (options.html !== undefined)
      await writeFileAtomically(options.html, explanationHtml(explanations, classifier.labels));
    if (options.json) {
      printJson({ labels: classifier.labels, explanations });
      return;
    }
    print(explanations.map((explanation) => explanationLines(explanation, styleOf()).join('\n')).join('\n\n'));
    if (rows.texts.length > explanations.length)
      print(`\n${counted(rows.texts.length - explanations.length, 'more text')}; see --limit.`);
    const tokens = explanations.flatMap((explanation) => explanation.tokens);
    const note = unknownNote(tokens.filter(({ isKnown }) => !isKnown).length, tokens.length, classifier.options.tokens);
    if (note !== undefined) say(note);
    if (options.html !== undefined) print(`\nwrote ${options.html}`);
  },
});
