import { encodingOption } from '../data-options.js';
import type { OptionSpecs } from '../options.js';

/** Options of commands that take a language model and text. */
export const textOptions = {
  evaluate: {
    ...encodingOption,
    dynamic: { type: 'flag', about: 'Let a language model learn from what it has read; the file stays as it is.' },
    'dynamic-rate': {
      type: 'number',
      sets: 'learningRate',
      value: 'RATE',
      about: 'Step size of --dynamic. Default 0.05.',
    },
    'dynamic-decay': {
      type: 'number',
      sets: 'decay',
      value: 'SHARE',
      about: 'Share of the way back to the trained weights after each step of --dynamic. Default 0.002.',
    },
  },
  predict: {
    ...encodingOption,
    top: { type: 'count', value: 'N', about: 'Of a language model: how many next tokens to show. Default 10.' },
  },
} as const satisfies Record<string, OptionSpecs>;
