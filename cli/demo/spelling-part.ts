import { join } from 'node:path';
import { inWords, spelledNumbers } from '../../examples/spelled-numbers.js';
import { generate, type LanguageModel, LanguageModelTraining } from '../../src/index.js';
import { languageModelNames } from '../language-model/names.js';
import { loadModelOf } from '../load-model-of.js';
import { print } from '../output.js';
import { pathsOf } from '../output-paths.js';
import { withSeparators } from '../text-table.js';
import { runTrain, type TrainRun, trainReport } from '../train-run.js';
import type { DemoSettings } from './forecast-part.js';

/**
 * Learns to spell numbers from examples, and is asked for numbers it has never seen. @returns whether it was finished.
 */
export async function spellingPart({ folder, isQuiet }: DemoSettings): Promise<boolean> {
  const { text, heldOut } = spelledNumbers();
  print('2. Language model: numbers in words, one character at a time\n');
  print(`   ${text.split('\n').slice(0, 3).join('\n   ')}\n   ...\n`);
  const training = new LanguageModelTraining(text, {
    cell: 'lstm',
    units: 96,
    epochs: 10,
    batchSize: 8,
    timesteps: 40,
    embeddingUnits: 32,
    learningRate: 0.01,
  });
  const { languageModel } = training;
  print(
    `${withSeparators(training.numTrainingTokens)} characters to learn from; ${heldOut.length} numbers are left ` +
      'out of the text',
  );
  const run: TrainRun = {
    task: languageModel,
    training,
    paths: pathsOf(join(folder, 'numbers.safetensors')),
    unitsPerStep: training.tokensPerStep,
    unit: 'tokens',
    isQuiet,
    resumeFrom: undefined,
    resumeCommand: 'rondo demo',
  };
  const outcome = await runTrain(run);
  if (outcome === undefined) return false;
  print(`\n${await trainReport(run, outcome)}`);
  const loaded = await loadModelOf('rondo demo', run.paths.model, languageModelNames);
  const spelled: { number: number; words: string }[] = [];
  for (const number of heldOut) spelled.push({ number, words: await spell(loaded, number) });
  const right = spelled.filter(({ number, words }) => words === inWords(number));
  const wrong = spelled.filter(({ number, words }) => words !== inWords(number));
  print(`\nloaded again from ${run.paths.model}, and asked for the numbers it has never seen:`);
  for (const { number, words } of [...right.slice(0, 4), ...wrong.slice(0, 2)])
    print(`   ${number} ${words}${words === inWords(number) ? '' : `   (wrong: ${inWords(number)})`}`);
  print(
    `${right.length} of ${heldOut.length} unseen numbers are spelled right ` +
      `(${((100 * right.length) / heldOut.length).toFixed(1)} %)`,
  );
  print('\nand left to itself it writes:');
  let written = '';
  for await (const piece of generate(loaded, { length: 160, temperature: 0.7 })) written += piece;
  print(`   ${written.trim().split('\n').slice(0, -1).join('\n   ')}\n`);
  return true;
}

async function spell(languageModel: LanguageModel, number: number): Promise<string> {
  let words = '';
  for await (const piece of generate(languageModel, { prompt: `\n${number} `, temperature: 0, stop: '\n', length: 60 }))
    words += piece;
  return words;
}
