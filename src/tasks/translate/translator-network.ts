import { RondoError } from '../../errors.js';
import { Add } from '../../layers/add.js';
import { AdditiveAttention } from '../../layers/additive-attention.js';
import { Attention } from '../../layers/attention.js';
import { AttentionRNN } from '../../layers/attention-rnn.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { CategoryEncoding } from '../../layers/category-encoding.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import { Embedding } from '../../layers/embedding.js';
import { LayerNormalization } from '../../layers/layer-normalization.js';
import { MultiHeadAttention } from '../../layers/multi-head-attention.js';
import { PointerGenerator } from '../../layers/pointer-generator.js';
import { RNN } from '../../layers/rnn.js';
import { input, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { TiedDense } from '../../layers/tied-dense.js';
import type { Resolved } from '../../resolved.js';
import { Functional } from '../../training/graph/functional.js';
import type { TranslatorOptions } from './translator-options.js';

/** Numbers of ids, the special ones included. */
export interface VocabularySizes {
  readonly source: number;
  readonly target: number;
  /** Whether both sides have the same ids. */
  readonly isShared: boolean;
}

/**
 * An encoder-decoder with attention, from ids `source: [batch, time]` and `target: [batch, time]` (each target one step
 * late, after the id that begins it) to probabilities of the next id, `[batch, time, ids]`; id 0 is padding.
 *
 * The encoder reads in both directions; what it ends with is where the decoder begins, layer by layer. The decoder's
 * first layer asks: its states are compared with the encoder's, and what they attend to goes into the layers above it
 * and into the output (Luong et al. 2015, eq. 5, for the last step; Wu et al. 2016, section 3, asks from the lowest
 * layer too). So no step waits for the attention of the one before, and whole targets are computed at once. With
 * `inputFeeding` it asks at each step, and what it attended to goes into its next step too (Luong et al. 2015, section 3.3).
 *
 * With `pointerGenerator` an id comes from the vocabulary or is a copy of one of the source's, with the probability that
 * a gate gives to each way: `p = g p(vocabulary) + (1 - g) sum over its places of what they are attended to` (See et al.
 * 2017, "Get to the point", eq. 8 and 9).
 *
 * A `hybrid` encoder lets each place of the source attend to all others once it is read in both directions, with several
 * heads, a residual connection and layer normalization (Chen et al. 2018, "The best of both worlds").
 */
export function translatorNetwork(
  sizes: VocabularySizes,
  options: Resolved<TranslatorOptions>,
): Functional<SymbolicTensor> {
  const { cell, units, layers, dropout, embeddingUnits, attention, encoder, inputFeeding } = options;
  const drop = (x: SymbolicTensor): SymbolicTensor => (dropout > 0 ? new Dropout({ rate: dropout }).apply(x) : x);
  const [source, target] = ['source', 'target'].map((name) => input({ shape: [null], name }));
  const table = (inputDim: number, name: string): Embedding =>
    new Embedding({
      inputDim,
      outputDim: embeddingUnits,
      maskZero: true,
      name,
      embeddingsInitializer: { name: 'randomNormal', config: { stddev: 0.3 } },
    });
  const targetTable = table(sizes.target, 'targetEmbedding');
  const sourceTable = sizes.isShared ? targetTable : table(sizes.source, 'sourceEmbedding');

  let encoded = drop(sourceTable.apply(source));
  const begins: Readonly<Record<string, SymbolicTensor>>[] = [];
  for (let i = 0; i < layers; i++) {
    const layer = new RNN({ cell, units: units / 2, returnSequences: true, returnState: true });
    const { output, forward, backward } = new Bidirectional({ layer, name: `encoder${i + 1}` }).apply(encoded);
    encoded = drop(output);
    begins.push(
      Object.fromEntries(
        Object.entries(forward[0]).map(([state, value]) => [
          state,
          new Concatenate().apply([value, backward[0][state]]),
        ]),
      ),
    );
  }

  if (encoder === 'hybrid') {
    const around = new MultiHeadAttention({ ...headsOf(units), name: 'selfAttention' }).apply(encoded);
    encoded = new LayerNormalization({ name: 'selfNormalization' }).apply(new Add().apply([encoded, drop(around)]));
  }

  const decoder = (x: SymbolicTensor, i: number): SymbolicTensor =>
    new RNN({ cell, units, returnSequences: true, name: `decoder${i + 1}` }).apply(x, { initialState: begins[i] });
  const written = drop(targetTable.apply(target));
  let both: SymbolicTensor;
  let scores: SymbolicTensor;
  if (inputFeeding) {
    const fed = fedBack(written, encoded, { cell, attention, units }, begins[0]);
    const first = drop(fed.output);
    both = first;
    for (let i = 1; i < layers; i++) both = new Concatenate().apply([drop(decoder(both, i)), first]);
    ({ scores } = fed);
  } else {
    let decoded = drop(decoder(written, 0));
    const { output: context, ...own } = attended(decoded, encoded, { attention, units });
    for (let i = 1; i < layers; i++) decoded = drop(decoder(new Concatenate().apply([decoded, context]), i));
    both = new Concatenate().apply([decoded, context]);
    ({ scores } = own);
  }
  const out = drop(new Dense({ units: embeddingUnits, activation: 'tanh', name: 'readout' }).apply(both));
  const generated = new TiedDense({ embedding: targetTable, activation: 'softmax', name: 'output' }).apply(out);
  let next = generated;
  if (options.pointerGenerator) {
    const encoding = { numTokens: sizes.target, outputMode: 'oneHot', name: 'sourcePlaces' } as const;
    const places = new CategoryEncoding(encoding).apply(source);
    const seen = new Concatenate().apply([both, written]);
    const gate = new Dense({ units: 1, activation: 'sigmoid', name: 'generate' }).apply(seen);
    next = new PointerGenerator({ name: 'generatedOrCopied' }).apply([generated, scores, places, gate]);
  }
  return new Functional({ inputs: { source, target }, outputs: next });
}

/** What states are given of the source, and how much of it each token has. */
type Attended = Readonly<Record<'output' | 'scores', SymbolicTensor>>;

/** What each state of the decoder is given of the source. */
function attended(
  query: SymbolicTensor,
  encoded: SymbolicTensor,
  { attention, units }: Pick<Resolved<TranslatorOptions>, 'attention' | 'units'>,
): Attended {
  const options = { name: attentionName, returnAttentionScores: true } as const;
  const projected = (x: SymbolicTensor, name: string): SymbolicTensor =>
    new Dense({ units, useBias: false, name }).apply(x);
  switch (attention) {
    case 'dot':
      return new Attention(options).apply([query, encoded]);
    case 'general':
      return new Attention(options).apply([projected(query, 'query'), encoded]);
    case 'additive':
      return new AdditiveAttention(options).apply([projected(query, 'query'), encoded, projected(encoded, 'key')]);
    case 'multiHead':
      return new MultiHeadAttention({ ...options, ...headsOf(units) }).apply([query, encoded]);
  }
}

/** A first layer of the decoder that attends inside of its recurrence: its states, and what they attended to. */
function fedBack(
  written: SymbolicTensor,
  encoded: SymbolicTensor,
  { cell, attention, units }: Pick<Resolved<TranslatorOptions>, 'cell' | 'attention' | 'units'>,
  initialState: Readonly<Record<string, SymbolicTensor>>,
): Attended {
  const layer = new AttentionRNN({
    cell,
    units,
    score: attention === 'additive' ? 'additive' : 'dot',
    inputFeeding: true,
    returnAttentionScores: true,
    name: attentionName,
  });
  const keys = attention === 'dot' ? [] : [new Dense({ units, useBias: false, name: 'key' }).apply(encoded)];
  return layer.apply([written, encoded, ...keys], { initialState });
}

function headsOf(units: number): { readonly numHeads: number; readonly keyDim: number } {
  const numHeads = units % 8 === 0 ? 8 : 2;
  return { numHeads, keyDim: units / numHeads };
}

const attentionName = 'attention';

/** What {@link withShares} gives. */
export type NextAndShares = {
  /** `[batch, time, ids]`. */
  readonly next: SymbolicTensor;
  /** How much each id of the source has in each step: `[batch, time, source]`, or `[batch, heads, time, source]`. */
  readonly shares: SymbolicTensor;
};

/** The same layers, which give what they attend to beside the probabilities. @throws USAGE where nothing attends */
export function withShares(model: Functional): Functional<NextAndShares> {
  const { nodes, inputs, outputs } = model.graph;
  const attention = nodes.find(({ layer }) => layer.name === attentionName);
  const shares = attention?.outputs.get('scores');
  if (shares === undefined)
    throw new RondoError('USAGE', {
      where: 'Translator',
      what: 'the model has no attention whose shares could be read.',
      expected: `a layer named ${attentionName} with returnAttentionScores`,
      fix: 'use a model that TranslatorTraining made.',
    });
  return new Functional({
    inputs: Object.fromEntries(model.inputNames.map((name, i) => [name, inputs.tensors[i]])),
    outputs: { next: outputs.tensors[0], shares },
  });
}
