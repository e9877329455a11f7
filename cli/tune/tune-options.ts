import { computeOptions, type Given, jsonOption, type OptionSpecs } from '../options.js';
import type { TrialScores } from './trial-scores.js';

/** Options of every `rondo tune`, beside those of the `rondo train` that it runs. */
const tuneOptions = {
  search: {
    type: 'texts',
    value: 'SPEC',
    about:
      'What to search, may be repeated: NAME=VALUE,VALUE for choices, NAME=LOW..HIGH for numbers, with :log ' +
      'behind it for a logarithmic scale. NAME is an option of the train command; true and false switch a flag. ' +
      'Default: what matters for the task.',
  },
  trials: {
    type: 'count',
    value: 'N',
    most: 100000,
    about:
      'Settings to try; the first is the command as it stands, the others are drawn. Default 20, 27 with ' +
      '--method halving.',
  },
  method: {
    type: 'text',
    value: 'HOW',
    choices: ['random', 'halving'],
    about:
      'random (default): every trial is trained in full. halving: all get few epochs, the best --eta-th part of ' +
      'them more, up to --epochs; every rung trains anew, with the schedule of its own epochs.',
  },
  eta: {
    type: 'count',
    value: 'N',
    about: 'For halving: one in N trials goes on, with N times the epochs. Default 3.',
  },
  score: {
    type: 'text',
    value: 'NAME',
    about: 'Always of the validation data, never of what is held out.',
  },
  jobs: {
    type: 'count',
    value: 'N',
    most: 1024,
    about: 'Trainings at the same time. Default: cores over --threads. Results do not depend on it.',
  },
  threads: { type: 'count', value: 'N', about: 'Threads of each training. Default 1.' },
  seed: { type: 'whole', value: 'N', about: 'Decides the trials and is the seed of each training. Default 0.' },
  out: {
    type: 'text',
    value: 'DIR',
    about:
      'Folder of the results: search.json, trials.jsonl, trials.csv. Default: the name of the data with -tune, ' +
      'in this folder.',
  },
  'keep-best': { type: 'flag', about: "Keep the best trial's model as DIR/best.safetensors." },
  force: { type: 'flag', about: 'Begin anew where DIR holds a search.' },
  resume: { type: 'flag', about: 'Go on with the interrupted search of DIR; give the same command.' },
  quiet: { type: 'flag', about: 'Show no progress.' },
  ...jsonOption,
} as const satisfies OptionSpecs;

/** The same for a task, with the scores that it has. */
export function tuneOptionsOf(scores: TrialScores): OptionSpecs {
  const choices = Object.keys(scores);
  const about = `What decides: ${choices.join(' or ').replace(/^\w+/, '$& (default)')}. ${tuneOptions.score.about}`;
  return { ...tuneOptions, score: { ...tuneOptions.score, choices, about } };
}

export type TuneOptions = Given<typeof tuneOptions>;

/** Options of a train command that a search decides itself. */
const decided = ['find-learning-rate', 'diagnose', ...Object.keys(tuneOptions)];

/** The options of a train command that its search passes on. */
export function passedOn(train: OptionSpecs): OptionSpecs {
  return Object.fromEntries(Object.entries(train).filter(([name]) => !decided.includes(name)));
}

/** Options that change how and not what is computed. */
export const unsearchable = ['help', ...Object.keys(computeOptions), ...decided];
