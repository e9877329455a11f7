import { literal, type ModuleCode, type TakenByNet, wordPattern } from '../module-code.js';
import type { TokenEncoder } from './token-encoder.js';

/** `createClassifier().predict(text)`: texts to tokens, tokens to calibrated probabilities of classes. */
export function classifierCode(
  {
    encoder,
    labels,
    temperature,
  }: { readonly encoder: TokenEncoder; readonly labels: readonly string[]; readonly temperature: number },
  takes: TakenByNet,
): ModuleCode {
  const { tokens, lower, locale, timesteps, truncating } = encoder.settings;
  const split = {
    words: `${wordPattern}
function pieces(text) {
  return text.match(wordsAndSigns) || [];
}`,
    segments: `const segmenter = new Intl.Segmenter(${literal(locale)}, { granularity: 'word' });
function pieces(text) {
  const found = [];
  const parts = text.match(/[^\\s。！？，、；：]+|[。！？，、；：]/gu) || [];
  for (const part of parts) for (const { segment } of segmenter.segment(part)) found.push(segment);
  return found;
}`,
    characters: `const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
function pieces(text) {
  const found = [];
  const parts = text.trim().match(/\\s+|\\S+/gu) || [];
  for (const part of parts) {
    if (/^\\s/u.test(part)) found.push(' ');
    else for (const { segment } of segmenter.segment(part)) found.push(segment);
  }
  return found;
}`,
  }[tokens];
  const logits =
    takes === 'steps'
      ? 'const outputs = model.run(ids);\n    const output = outputs[outputs.length - 1];'
      : 'const output = model.run(ids);';
  return {
    about: [
      '  import { createClassifier } from "./NAME.mjs";',
      '  const { label, probability, probabilities } = createClassifier().predict("a text");',
    ],
    source: `// The classes, and the tokens by their ids.
export const labels = ${literal(labels)};
const tokens = ${literal(encoder.vocabulary.tokens)};

${split}

// A classifier of texts.
export function createClassifier(WEIGHTS) {
  const model = createModel(WEIGHTS);
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  // The class of a text, and the probability of each, in the order of labels.
  function predict(text) {
    if (typeof text !== 'string') throw new TypeError('predict takes one text');
    const all = pieces(text).map((piece) => {
      const token = piece.normalize('NFC')${lower ? '.toLowerCase()' : ''};
      const id = idOf.get(token);
      return id === undefined || id === 0 ? 1 : id;
    });
    if (all.length === 0) throw new RangeError('the text has no token');
    const ids = ${truncating === 'pre' ? `all.slice(-${timesteps})` : `all.slice(0, ${timesteps})`};
    ${logits}
    // Calibrated: what went into the softmax, divided by the temperature.
    const scores = Array.from(output, (value) => Math.log(Math.max(value, 1e-45)) / ${temperature});
    const most = scores.reduce((a, b) => Math.max(a, b));
    const powers = scores.map((score) => Math.exp(score - most));
    const sum = powers.reduce((total, value) => total + value, 0);
    const probabilities = powers.map((value) => value / sum);
    const best = scores.indexOf(most);
    return { label: labels[best], probability: probabilities[best], probabilities };
  }
  return { predict };
}
`,
  };
}
