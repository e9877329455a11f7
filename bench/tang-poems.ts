/**
 * Trains a language model of Tang poems and counts how many of the quatrains that it writes freely keep the form: four lines of
 * five characters, two to a couplet. Nothing but the model decides where a line or a poem ends.
 *
 *     npm run bench:poems -- [--epochs 10] [--samples 400] [--temperature 0.8] [--out FILE]
 *
 * Reads the poems of chinese-poetry (MIT) from poetry/tang/poet.tang.*.json below $RONDO_DATA. Poems whose lines all have one
 * length are learned from, in an order drawn by a seed; a line before each names its form, such as 五言四句, so that a quatrain can be asked for.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate, type LanguageModel, LanguageModelTraining, Random, setSeed } from '../src/index.js';
import { allowWideKernels, readText, saveTask } from '../src/node.js';
import { dataFolder } from './data-folder.js';
import { describeMachine } from './machine.js';

const QUATRAIN = '五言四句';
const COUPLET = /^(\p{Script=Han}+)，(\p{Script=Han}+)。$/u;
const QUATRAIN_FORM = /^\p{Script=Han}{5}，\p{Script=Han}{5}。\n\p{Script=Han}{5}，\p{Script=Han}{5}。$/u;

const { values: options } = parseArgs({
  options: { epochs: { type: 'string', default: '10' }, samples: { type: 'string', default: '400' }, temperature: { type: 'string', default: '0.8' }, out: { type: 'string' } },
});
const folder = join(dataFolder, 'poetry', 'tang');

if (existsSync(folder)) await run();
else console.log(`bench:poems was not run: ${folder} does not exist; set RONDO_DATA to the folder that holds poetry/tang.`);

async function run(): Promise<void> {
  const isWide = allowWideKernels().length > 0;
  const { processor, runtime, load } = describeMachine();
  console.log(`${processor}, ${runtime}${isWide ? ', wide kernels' : ''}, load ${load}`);
  const poems = await regularPoems();
  const text = poems.map(({ form, couplets }) => `${form}\n${couplets.join('\n')}\n`).join('\n');
  const numQuatrains = poems.filter(({ form }) => form === QUATRAIN).length;
  console.log(`${poems.length} poems, ${numQuatrains} of them quatrains of five characters, ${Array.from(text).length} characters`);
  setSeed(0);
  const training = new LanguageModelTraining(text, { units: 256, embeddingUnits: 128, dropout: 0.3, inputDropout: 0.2, timesteps: 64, batchSize: 16, learningRate: 0.005, epochs: Number(options.epochs), validation: 0.05 });
  const startedMs = performance.now();
  const { valLoss } = await training.train({
    callbacks: [{ onEpochEnd: (epoch, { loss, valLoss: held }) => console.log(`epoch ${epoch + 1}: loss ${loss.toFixed(3)}, held out ${held.toFixed(3)} nats a character, ${minutes(startedMs)}`) }],
  });
  console.log(`trained in ${minutes(startedMs)}, ${training.languageModel.model.countParams()} parameters, best held-out ${Math.min(...valLoss).toFixed(3)} nats a character`);
  if (options.out !== undefined) await saveTask(training.languageModel, options.out);
  await report(training.languageModel, new Set(text.split(/[，。\n]+/)));
}

/** Writes quatrains freely, and says how many keep the form and how many lines the training text holds. */
async function report(model: LanguageModel, known: ReadonlySet<string>): Promise<void> {
  const numSamples = Number(options.samples);
  const temperature = Number(options.temperature);
  let [numKept, numLines, numCopied] = [0, 0, 0];
  for (let seed = 0; seed < numSamples; seed++) {
    let poem = '';
    for await (const piece of generate(model, { prompt: `\n${QUATRAIN}\n`, stop: '\n\n', length: 200, temperature, seed })) poem += piece;
    if (seed < 4) console.log(`\n${poem}`);
    numKept += QUATRAIN_FORM.test(poem) ? 1 : 0;
    const lines = poem.split(/[，。\n]+/).filter((line) => line !== '');
    numLines += lines.length;
    numCopied += lines.filter((line) => known.has(line)).length;
  }
  console.log(`\n${numKept} of ${numSamples} quatrains (${((100 * numKept) / numSamples).toFixed(1)} %) keep the form, temperature ${temperature}; ${((100 * numCopied) / numLines).toFixed(1)} % of their lines stand in the training text`);
}

interface Poem {
  readonly form: string;
  readonly couplets: readonly string[];
}

/** Poems of whole couplets with lines of one length, in an order drawn by a seed. */
async function regularPoems(): Promise<Poem[]> {
  const names = readdirSync(folder).filter((name) => /^poet\.tang\.\d+\.json$/.test(name)).sort();
  const all: Poem[] = [];
  for (const name of names) {
    for (const { paragraphs } of JSON.parse(await readText(join(folder, name))) as { paragraphs: string[] }[]) {
      const lines = paragraphs.flatMap((couplet) => COUPLET.exec(couplet)?.slice(1) ?? ['']);
      const lengths = new Set(lines.map((line) => Array.from(line).length));
      if (lines.length === 0 || lengths.size > 1 || lengths.has(0)) continue;
      all.push({ form: formName([...lengths][0], lines.length), couplets: paragraphs });
    }
  }
  return new Random(0, 'poems').shuffle(all);
}

/** 五言四句: lines of five characters, four lines. */
function formName(charactersPerLine: number, numLines: number): string {
  return `${numeral(charactersPerLine)}言${numeral(numLines)}句`;
}

/** A whole number below 1000 in Chinese. */
function numeral(value: number): string {
  const digit = (place: number): string => '零一二三四五六七八九'[place];
  const [hundreds, tens, ones] = [Math.floor(value / 100), Math.floor(value / 10) % 10, value % 10];
  const below = tens === 0 ? (hundreds > 0 && ones > 0 ? '零' : '') : `${tens === 1 && hundreds === 0 ? '' : digit(tens)}十`;
  return `${hundreds > 0 ? `${digit(hundreds)}百` : ''}${below}${ones > 0 ? digit(ones) : ''}`;
}

function minutes(startedMs: number): string {
  return `${((performance.now() - startedMs) / 60_000).toFixed(1)} min`;
}
