import { refuseUnknownOptions, requireCount } from '../errors.js';
import { currentRandom, Random } from '../random.js';
import { hostIsWaiting, yieldToHost } from '../training/yield-to-host.js';
import type { LanguageModel } from './language-model.js';
import { requireSampling, sampleToken, type SamplingOptions } from './sample-token.js';

export interface GenerateOptions extends SamplingOptions {
  /** What the text begins with; it is read, not written. Default a line end. */
  prompt?: string;
  /** Most tokens to write. Default 500. */
  length?: number;
  /** Makes the text repeatable; by default it goes on with the library's generator, see `setSeed`. */
  seed?: number;
  /** Ends before this text is written. */
  stop?: string;
}

/**
 * Writes text, token by token: each yielded piece continues the text before it. A token costs one step of the model, however
 * long the text is. Texts that are written by turns do not disturb each other.
 *
 * @example
 * for await (const piece of generate(model, { prompt: 'To be', temperature: 0.8 })) process.stdout.write(piece);
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME before anything is computed.
 */
export function generate(languageModel: LanguageModel, options: GenerateOptions = {}): AsyncGenerator<string> {
  const where = 'generate';
  refuseUnknownOptions(where, options, ['prompt', 'length', 'seed', 'stop', 'temperature', 'topK', 'topP']);
  requireSampling(where, options);
  requireCount(where, 'length', options.length ?? 500, 0);
  return written(languageModel, options);
}

async function* written({ model, codec }: LanguageModel, { prompt = '', length = 500, seed, stop = '', ...sampling }: GenerateOptions): AsyncGenerator<string> {
  const random = seed === undefined ? currentRandom() : new Random(seed, 'generate');
  const stream = model.stream();
  const start = codec.encode(prompt === '' ? '\n' : prompt);
  const never = new Set([codec.unknownId]);
  let before: number | undefined = prompt === '' ? undefined : start[start.length - 1];
  let logits: ArrayLike<number> = [];
  for (const token of start) {
    if (hostIsWaiting()) await yieldToHost();
    logits = stream.step(token);
  }
  let held = '';
  for (let count = 0; count < length; count++) {
    const token = sampleToken(logits, random, sampling, never);
    held += codec.written(token, before);
    before = token;
    if (stop !== '' && held.includes(stop)) {
      yield held.slice(0, held.indexOf(stop));
      return;
    }
    // The end of what is held may be the beginning of `stop`.
    const free = held.length - overlap(held, stop);
    if (free > 0) yield held.slice(0, free);
    held = held.slice(free);
    if (hostIsWaiting()) await yieldToHost();
    if (count + 1 < length) logits = stream.step(token);
  }
  if (held !== '') yield held;
}

/** How many characters at the end of `text` are also the beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let size = Math.min(text.length, stop.length - 1); size > 0; size--) if (stop.startsWith(text.slice(-size))) return size;
  return 0;
}
