/**
 * Sentiment of short texts: a tokenizer with an out-of-vocabulary token, padded sequences, an Embedding that masks the
 * padding, and an LSTM (or a SimpleRNN) with dropout on its inputs and on its recurrent state.
 */
import { Dense, Embedding, type Layer, LSTM, padSequences, Sequential, SimpleRNN, Tokenizer } from 'rondo';

const good = [
  'a wonderful film',
  'great acting and a lovely story',
  'i loved every minute',
  'what a great and moving story',
  'lovely music and wonderful actors',
];
const bad = [
  'a terrible film',
  'boring acting and a dull story',
  'i hated every minute',
  'what a dull and boring story',
  'terrible music and awful actors',
];
const texts = [...good, ...bad];
const labels = texts.map((_, i) => [i < good.length ? 1 : 0]);

const tokenizer = new Tokenizer({ numWords: 100, oovToken: '<OOV>' });
tokenizer.fitOnTexts(texts);
const encode = (batch: string[]) =>
  padSequences(tokenizer.textsToSequences(batch), { maxlen: 8, padding: 'post', truncating: 'post' });

const recurrentLayers: Record<string, () => Layer> = {
  SimpleRNN: () => new SimpleRNN({ units: 16, dropout: 0.1, recurrentDropout: 0.1 }),
  LSTM: () => new LSTM({ units: 16, dropout: 0.1, recurrentDropout: 0.1 }),
};
for (const [name, layer] of Object.entries(recurrentLayers)) {
  const model = new Sequential([
    new Embedding({ inputDim: 100, outputDim: 16, maskZero: true, inputShape: [8] }),
    layer(),
    new Dense({ units: 1, activation: 'sigmoid' }),
  ]);
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  await model.fit(encode(texts), labels, { epochs: 60, batchSize: 5 });
  const scores = await model.predict(encode(['a lovely and moving film', 'a dull and awful film']));
  console.log(name, (scores.array() as number[][]).map(([score]) => score.toFixed(2)).join(' '));
}
