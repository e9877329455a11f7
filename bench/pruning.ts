/**
 * What pruning while training costs: a language model of words of the Penn Treebank, dense, pruned in blocks of 16 outputs
 * by one input, and dense with fewer units.
 *
 *     npm run bench:pruning -- [--words 200000] [--epochs 8] [--units 200,130] [--sparsity 0.9] [--dropout 0.3]
 *
 * The first of `--units` is trained dense and pruned, the others dense. Reads lm/ptb/ptb.{train,valid}.txt below
 * $RONDO_DATA: the first words of the training part, and 40,000 of the validation part; words that are not among the 2,000
 * most frequent are one token. One LSTM layer, embeddings of 200, dropout before and after it, Adam at 0.004 with
 * a cosine to 0, 20 streams of 35 steps, one thread.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type LanguageModelOptions, LanguageModelTraining, setSeed, sparsityReport } from '../src/index.js';
import { allowWideKernels, readText } from '../src/node.js';
import { dataFolder } from './data-folder.js';
import { describeMachine } from './machine.js';
import { missingData } from './ptb-data.js';

const { values: options } = parseArgs({
  options: {
    words: { type: 'string', default: '200000' },
    epochs: { type: 'string', default: '8' },
    units: { type: 'string', default: '200,130' },
    sparsity: { type: 'string', default: '0.9' },
    dropout: { type: 'string', default: '0.3' },
  },
});

const missing = missingData();
if (missing !== undefined) console.log(`bench:pruning was not run: ${missing}.`);
else await compare();

async function compare(): Promise<void> {
  const isWide = allowWideKernels().length > 0;
  const { processor, runtime, load } = describeMachine();
  console.log(`${processor}, ${runtime}${isWide ? ', wide kernels' : ''}, load ${load}`);
  const [train, validation] = await Promise.all([wordsOf('train', Number(options.words)), wordsOf('valid', 40_000)]);
  const [units, ...others] = options.units.split(',').map(Number);
  const runs: LanguageModelOptions[] = [
    { units },
    { units, prune: Number(options.sparsity) },
    ...others.map((fewer) => ({ units: fewer })),
  ];
  for (const own of runs) await measure({ train, validation }, own);
}

async function wordsOf(part: string, most: number): Promise<string> {
  const text = await readText(join(dataFolder, 'lm', 'ptb', `ptb.${part}.txt`));
  return text.split(' ').slice(0, most).join(' ');
}

async function measure(data: { train: string; validation: string }, own: LanguageModelOptions): Promise<void> {
  setSeed(1);
  const training = new LanguageModelTraining(data, {
    level: 'words',
    maxTokens: 2000,
    embeddingUnits: 200,
    dropout: Number(options.dropout),
    inputDropout: Number(options.dropout),
    batchSize: 20,
    timesteps: 35,
    learningRate: 0.004,
    epochs: Number(options.epochs),
    ...own,
  });
  const startedMs = performance.now();
  const { valLoss, bestEpoch } = await training.train();
  const seconds = (performance.now() - startedMs) / 1000;
  const { layers, total } = await sparsityReport(training.languageModel.model);
  const { numKept } = layers[0];
  console.log(
    `${JSON.stringify(own)}: perplexity ${Math.exp(valLoss[bestEpoch]).toFixed(2)}, ` +
      `${numKept} weights in the kernels of its layer, ${total.numKept} with the output's, ${seconds.toFixed(0)} s`,
  );
}
