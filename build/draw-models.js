/**
 * The drawings of models in docs/guide. `npm run draw` writes them from the compiled library; a test checks that they are current.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** By file below docs/guide: SVG, drawn with the library that is given. */
export function drawings(rondo) {
  return { 'translator.svg': rondo.drawModel(translator(rondo)) };
}

/** An encoder that reads both ways and a decoder that begins with its states and attends to what it read. */
function translator({ Attention, Bidirectional, Concatenate, Dense, Embedding, Functional, input, LSTM }) {
  const [source, target] = [input({ shape: [null] }), input({ shape: [null] })];
  const words = new Embedding({ inputDim: 1000, outputDim: 32, maskZero: true, name: 'words' });
  const layer = new LSTM({ units: 32, returnSequences: true, returnState: true });
  const read = new Bidirectional({ layer, name: 'encoder' }).apply(words.apply(source));
  const side = (name) => new Concatenate({ name }).apply([read.forward[0][name], read.backward[0][name]]);
  const decoded = new LSTM({ units: 64, returnSequences: true, name: 'decoder' }).apply(words.apply(target), {
    initialState: { hidden: side('hidden'), cell: side('cell') },
  });
  const attention = new Attention({ returnAttentionScores: true, name: 'attention' });
  const { output: found, scores } = attention.apply([decoded, read.output]);
  const both = new Concatenate({ name: 'both' }).apply([decoded, found]);
  const next = new Dense({ units: 1000, activation: 'softmax', name: 'next' }).apply(both);
  return new Functional({ inputs: { source, target }, outputs: { next, scores }, name: 'translator' });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const library = await import(new URL('../dist/node/index.js', import.meta.url).href);
  for (const [file, svg] of Object.entries(drawings(library)))
    writeFileSync(new URL(`../docs/guide/${file}`, import.meta.url), svg);
}
