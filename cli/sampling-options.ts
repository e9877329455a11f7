import type { SamplingOptions } from '../src/index.js';
import type { Given, OptionSpecs } from './options.js';

/** How tokens are drawn. */
export const samplingOptions = {
  temperature: {
    type: 'number',
    value: 'T',
    about: 'Below 1 plays safe, above 1 dares more, 0 always takes the likeliest. Default 1.',
  },
  'top-k': { type: 'count', value: 'K', about: 'Draw only from the K likeliest tokens.' },
  'top-p': { type: 'number', value: 'P', about: 'Draw only from the fewest tokens whose probabilities sum to P.' },
  'min-p': { type: 'number', value: 'P', about: 'Draw only tokens at least P times as likely as the likeliest.' },
} as const satisfies OptionSpecs;

/** The same for the library. */
export function samplingOf(options: Given<typeof samplingOptions>): SamplingOptions {
  const { temperature, 'top-k': topK, 'top-p': topP, 'min-p': minP } = options;
  return { temperature, topK, topP, minP };
}
