import { describe, expect, it } from 'vitest';
import { setSeed } from '../random.js';
import { codecFromJSON, codecOfText } from './codec-of-text.js';
import { generate } from './generate/generate.js';
import { LanguageModel } from './language-model/language-model.js';
import { LanguageModelTraining } from './language-model/language-model-training.js';
import { deserializeTask, serializeTask } from './task-file.js';

const text = '春眠不覺曉，處處聞啼鳥。 naïve e\u0301 👩‍👩‍👧‍👦🎉\r\nthe cat sat on the mat\r\n'.repeat(6);

describe('tokens of bytes and of byte pairs', () => {
  it.each(['bytes', 'bpe'] as const)('%s read and write every text exactly, also one they have not seen', (level) => {
    const codec = codecOfText(text, { level });
    const back = codecFromJSON(JSON.parse(JSON.stringify(codec.toJSON())), 'codec');
    for (const given of [text, 'Ω पढ़ना 🇩🇪', '', '\r\n\u0000']) {
      const tokens = codec.encode(given);
      expect(codec.decode(tokens)).toBe(given);
      expect([...back.encode(given)]).toEqual([...tokens]);
      const writer = codec.writer();
      const pieces = Array.from(tokens, (token) => writer.write(token));
      expect(pieces.join('') + writer.end()).toBe(given);
      // No piece shows half of a character.
      for (const piece of pieces) expect(piece).not.toContain('\ufffd');
    }
    expect(codec.unknownId).toBeUndefined();
    expect(codec.written(0xe6, undefined)).toBeUndefined();
    expect(codec.shown(0xe6)).toBe('<e6>');
    expect(codec.written(0x41, undefined)).toBe('A');
  });
  it('end a broken character with a replacement', () => {
    const writer = codecOfText('a', { level: 'bytes' }).writer();
    expect(writer.write(0xe6) + writer.write(0x98) + writer.end()).toBe('\ufffd');
  });
  it('have the size that is asked for, and are deterministic', () => {
    expect(codecOfText(text, { level: 'bpe', maxTokens: 270 }).size).toBe(270);
    expect(codecOfText(text, { level: 'bpe' }).toJSON()).toEqual(codecOfText(text, { level: 'bpe' }).toJSON());
    expect(
      codecOfText('ABAB', { level: 'bpe', lower: true }).decode(
        codecOfText('ABAB', { level: 'bpe', lower: true }).encode('AB'),
      ),
    ).toBe('ab');
  });
  it('are refused with options they cannot use', () => {
    expect(() => codecOfText(text, { level: 'bytes', maxTokens: 300 })).toThrow(
      '[USAGE] codecOfText: there are 256 bytes.',
    );
    expect(() => codecOfText(text, { level: 'bpe', punctuation: 'attach' })).toThrow('[USAGE]');
    expect(() => codecOfText(text, { level: 'bpe', maxTokens: 256 })).toThrow('[OUT_OF_RANGE]');
    expect(() => codecOfText('', { level: 'bpe' })).toThrow('[OUT_OF_RANGE] codecOfText: no two bytes');
    expect(() => codecOfText(text, { level: 'byte' as 'bytes' })).toThrow('did you mean `bytes`');
  });
  it('make language models that are scored in bits a character and survive a file', async () => {
    for (const level of ['bytes', 'bpe'] as const) {
      setSeed(2);
      const training = new LanguageModelTraining(text, { level, units: 8, timesteps: 9, epochs: 1, batchSize: 2 });
      await training.train();
      const { languageModel } = training;
      const score = await languageModel.evaluate('Ω naïve 🎉 cat');
      const bytes = languageModel.codec.encode('Ω naïve 🎉 cat').length;
      expect(score.numUnknown).toBe(0);
      expect(score.bitsPerCharacter).toBeCloseTo(
        (score.loss / Math.LN2) * (bytes / Array.from('Ω naïve 🎉 cat').length),
        12,
      );
      const { task } = deserializeTask(serializeTask(languageModel));
      if (!(task instanceof LanguageModel)) throw new Error('another task');
      expect((await task.evaluate('Ω naïve 🎉 cat')).loss).toBe(score.loss);
      let written = '';
      for await (const piece of generate(task, { length: 50, seed: 1, temperature: 3 })) written += piece;
      expect(written.length).toBeGreaterThan(0);
    }
  });
});
