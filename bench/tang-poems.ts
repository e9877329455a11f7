/**
 * Trains a language model of Tang quatrains and counts how many of the five-character ones that it writes freely keep
 * the form: four lines of five characters, two to a couplet. Nothing but the model decides where a line or a poem ends.
 *
 *     npm run bench:poems -- [--epochs 8] [--samples 400] [--temperature 0.8] [--out FILE | --model FILE]
 *
 * Reads the poems of chinese-poetry (MIT) from poetry/tang/poet.tang.*.json below $RONDO_DATA. Learned from are poems
 * whose lines all have five or all have seven characters; longer ones are cut into quatrains, as half a regulated verse
 * counts as one. They stand in an order drawn by a seed, with 五言 or 七言 on a line before each, so that either can be
 * asked for. `--model` samples from what `--out` saved.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate, LanguageModel, LanguageModelTraining, Random, setSeed } from '../src/index.js';
import { allowWideKernels, loadTask, readText, saveTask } from '../src/node.js';
import { dataFolder } from './data-folder.js';
import { describeMachine } from './machine.js';

const FIVE = '五言';
/**
 * What is read before each sample: the form alone, as at the beginning of a text; or a quatrain by Wang Zhihuan before
 * it.
 */
const PROMPTS = {
  'from the start': `${FIVE}\n`,
  'after a quatrain': `${FIVE}\n白日依山盡，黃河入海流。\n欲窮千里目，更上一層樓。\n\n${FIVE}\n`,
};
const COUPLET = /^(\p{Script=Han}+)，(\p{Script=Han}+)。$/u;
const QUATRAIN_FORM = /^\p{Script=Han}{5}，\p{Script=Han}{5}。\n\p{Script=Han}{5}，\p{Script=Han}{5}。$/u;

const { values: options } = parseArgs({
  options: {
    epochs: { type: 'string', default: '8' },
    samples: { type: 'string', default: '400' },
    temperature: { type: 'string', default: '0.8' },
    out: { type: 'string' },
    model: { type: 'string' },
  },
});
const folder = join(dataFolder, 'poetry', 'tang');

if (existsSync(folder)) await run();
else
  console.log(
    `bench:poems was not run: ${folder} does not exist; set RONDO_DATA to the folder that holds poetry/tang.`,
  );

async function run(): Promise<void> {
  const isWide = allowWideKernels().length > 0;
  const { processor, runtime, load } = describeMachine();
  console.log(`${processor}, ${runtime}${isWide ? ', wide kernels' : ''}, load ${load}`);
  const quatrains = await quatrainsOfPoems();
  const text = quatrains.map(({ form, couplets }) => `${form}\n${couplets.join('\n')}\n`).join('\n');
  const numFive = quatrains.filter(({ form }) => form === FIVE).length;
  console.log(
    `${quatrains.length} quatrains, ${numFive} of them of five characters, ${Array.from(text).length} characters`,
  );
  const model = options.model === undefined ? await train(text) : (await loadTask(options.model)).task;
  if (!(model instanceof LanguageModel)) throw new Error(`${options.model} holds no language model.`);
  const known = new Set(text.split(/[，。\n]+/));
  for (const [place, prompt] of Object.entries(PROMPTS)) await report(model, known, { place, prompt });
}

async function train(text: string): Promise<LanguageModel> {
  setSeed(0);
  const training = new LanguageModelTraining(text, {
    units: 256,
    embeddingUnits: 128,
    dropout: 0.3,
    inputDropout: 0.2,
    timesteps: 64,
    batchSize: 16,
    learningRate: 0.005,
    epochs: Number(options.epochs),
    validation: 0.05,
  });
  const startedMs = performance.now();
  const { valLoss } = await training.train({
    callbacks: [
      {
        onEpochEnd: (epoch, { loss, valLoss: held }) =>
          console.log(
            `epoch ${epoch + 1}: loss ${loss.toFixed(3)}, held out ${held.toFixed(3)} nats a character, ` +
              minutes(startedMs),
          ),
      },
    ],
  });
  console.log(
    `trained in ${minutes(startedMs)}, ${training.languageModel.model.countParams()} parameters, best held-out ` +
      `${Math.min(...valLoss).toFixed(3)} nats a character`,
  );
  if (options.out !== undefined) await saveTask(training.languageModel, options.out);
  return training.languageModel;
}

/** Writes quatrains freely, and says how many keep the form and how many lines the training text holds. */
async function report(
  model: LanguageModel,
  known: ReadonlySet<string>,
  { place, prompt }: { place: string; prompt: string },
): Promise<void> {
  const numSamples = Number(options.samples);
  const temperature = Number(options.temperature);
  let [numKept, numLines, numCopied] = [0, 0, 0];
  for (let seed = 0; seed < numSamples; seed++) {
    let poem = '';
    for await (const piece of generate(model, { prompt, stop: '\n\n', length: 200, temperature, seed })) poem += piece;
    if (seed < 4) console.log(`\n${poem}`);
    numKept += QUATRAIN_FORM.test(poem) ? 1 : 0;
    const lines = poem.split(/[，。\n]+/).filter((line) => line !== '');
    numLines += lines.length;
    numCopied += lines.filter((line) => known.has(line)).length;
  }
  console.log(
    `\n${place}: ${numKept} of ${numSamples} quatrains (${((100 * numKept) / numSamples).toFixed(1)} %) keep ` +
      `the form, temperature ${temperature}; ${((100 * numCopied) / numLines).toFixed(1)} % of their lines stand ` +
      'in the training text',
  );
}

interface Quatrain {
  readonly form: string;
  readonly couplets: readonly string[];
}

/** The quatrains of poems of whole couplets with lines of one length, in an order drawn by a seed. */
async function quatrainsOfPoems(): Promise<Quatrain[]> {
  const names = readdirSync(folder)
    .filter((name) => /^poet\.tang\.\d+\.json$/.test(name))
    .sort();
  const all: Quatrain[] = [];
  for (const name of names) {
    for (const { paragraphs } of JSON.parse(await readText(join(folder, name))) as { paragraphs: string[] }[]) {
      const form = formOf(paragraphs);
      if (form === undefined || paragraphs.length % 2 === 1) continue;
      for (let i = 0; i < paragraphs.length; i += 2) all.push({ form, couplets: paragraphs.slice(i, i + 2) });
    }
  }
  return new Random(0, 'poems').shuffle(all);
}

/** 五言 or 七言; undefined for other poems. */
function formOf(couplets: readonly string[]): string | undefined {
  const lengths = new Set(
    couplets.flatMap((couplet) => COUPLET.exec(couplet)?.slice(1) ?? ['']).map((line) => Array.from(line).length),
  );
  if (lengths.size !== 1) return undefined;
  return lengths.has(5) ? FIVE : lengths.has(7) ? '七言' : undefined;
}

function minutes(startedMs: number): string {
  return `${((performance.now() - startedMs) / 60_000).toFixed(1)} min`;
}
