import { ByteCodec } from '../../data/tokens/byte-codec.js';
import { TextCodec } from '../../data/tokens/text-codec.js';
import type { TokenCodec } from '../../data/tokens/token-codec.js';
import { literal, type ModuleCode, withoutModuleCode, wordPattern } from '../module-code.js';
import type { TextStart } from './document-starts.js';

/** `createLanguageModel().generate(options)`: draws token after token. @throws USAGE for tokens that there is no code for */
export function languageModelCode({
  codec,
  text,
}: {
  readonly codec: TokenCodec;
  readonly text: { readonly start?: TextStart | undefined };
}): ModuleCode {
  if (!(codec instanceof TextCodec)) {
    const kind = codec instanceof ByteCodec ? 'bytes or byte pairs' : "another program's tokenizer";
    throw withoutModuleCode(`a language model of ${kind}`, 'a language model of characters or words', codec.level);
  }
  const { level, lower, punctuation } = codec;
  const beginning = Array.from(text.start?.tokens ?? codec.encode('\n'));
  const cased = lower ? '.toLowerCase()' : '';
  const pattern = punctuation === 'attach' ? 'const wordsAndSigns = /\\S+/gu;' : wordPattern;
  const split =
    level === 'characters'
      ? `function pieces(text) {
  return Array.from(text.replace(/\\r\\n?/g, '\\n')${cased});
}
function written(token) {
  return token;
}`
      : `${pattern}
function pieces(text) {
  const found = [];
  text.replace(/\\r\\n?/g, '\\n').split('\\n').forEach((line, i) => {
    if (i > 0) found.push('\\n');
    for (const piece of line${cased}.match(wordsAndSigns) || []) found.push(piece);
  });
  return found;
}
function isHan(text) {
  return /^\\p{Script=Han}$/u.test(text);
}
// Whether nothing stands between two words.
function isTight(token, left) {
  if (/^[.,;:!?)\\]}%’”。，、；：！？）」』》…]/u.test(token)) return true;
  return /[([{‘“（「『《]$/u.test(left) || (isHan(token) && isHan(left));
}
// A word as it stands behind the one to its left.
function written(token, left) {
  if (token === '\\n' || left === undefined || left === '\\n') return token;
  return ${punctuation === 'attach' ? 'false' : 'isTight(token, left)'} ? token : ' ' + token;
}`;
  return {
    about: [
      '  import { createLanguageModel } from "./NAME.mjs";',
      '  const text = createLanguageModel().generate({ prompt: "To be", length: 100, temperature: 0.8 });',
    ],
    source: `// The tokens by their ids, and those that are read before a text begins.
const tokens = ${literal(codec.vocabulary.tokens)};
const beginning = ${literal(beginning)};
const unknown = ${codec.unknownId};

${split}

// A language model that writes text.
export function createLanguageModel(WEIGHTS) {
  const model = createModel(WEIGHTS);
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  // The text behind the prompt. temperature 0 takes the likeliest token; random gives numbers from 0 to before 1.
  function generate(options = {}) {
    if (Object(options) !== options) throw new TypeError('generate takes an object of options, such as { prompt: "To be" }');
    const { prompt = '', length = 500, temperature = 1, topK = Infinity, random = Math.random } = options;
    if (typeof prompt !== 'string') throw new TypeError('prompt is no text');
    if (!(Number.isInteger(length) && length >= 0)) throw new RangeError('length is no whole number of at least 0');
    if (!(temperature >= 0 && temperature < Infinity)) throw new RangeError('temperature is no number of at least 0');
    if (!(topK >= 1)) throw new RangeError('topK is no number of at least 1');
    if (typeof random !== 'function') throw new TypeError('random is no function');
    const given = pieces(prompt).map((piece) => (idOf.has(piece) ? idOf.get(piece) : unknown));
    let overlap = Math.min(beginning.length, given.length);
    while (!given.slice(0, overlap).every((id, i) => beginning[beginning.length - overlap + i] === id)) overlap--;
    const start = beginning.concat(given.slice(overlap));
    model.reset();
    let logits;
    for (const id of start) logits = model.step(id);
    let left = given.length > 0 ? tokens[given[given.length - 1]] : undefined;
    let text = '';
    for (let count = 0; count < length; count++) {
      const id = drawn(logits, temperature, topK, random());
      text += written(tokens[id], left);
      left = tokens[id];
      if (count + 1 < length) logits = model.step(id);
    }
    return text;
  }
  return { generate };
}

function drawn(logits, temperature, topK, draw) {
  const all = [];
  for (let id = 0; id < logits.length; id++) if (id !== unknown) all.push(id);
  const best = all.reduce((a, b) => (logits[b] > logits[a] ? b : a));
  if (temperature === 0) return best;
  const kept = topK < all.length ? all.sort((a, b) => logits[b] - logits[a] || a - b).slice(0, topK) : all;
  const weights = kept.map((id) => Math.exp((logits[id] - logits[best]) / temperature));
  let rest = draw * weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < kept.length; i++) {
    rest -= weights[i];
    if (rest < 0) return kept[i];
  }
  return best;
}
`,
  };
}
