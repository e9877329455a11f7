import { describe, expect, it } from 'vitest';
import { TextCodec } from './text-codec.js';

describe('TextCodec', () => {
  it('gives characters back exactly, of any script', () => {
    const text = 'Über 春眠不覺曉，\n處處聞啼鳥。🎉\n';
    const codec = TextCodec.fromText(text);
    expect(codec.decode(codec.encode(text))).toBe(text);
    expect(codec.size).toBe(new Set(text).size + 1);
  });
  it('reads every kind of line end as one', () => {
    const codec = TextCodec.fromText('a\r\nb\rc\n');
    expect(codec.decode(codec.encode('a\r\nb\rc\n'))).toBe('a\nb\nc\n');
  });
  it('keeps lines of words and sets signs tight', () => {
    const codec = TextCodec.fromText('The cat sat (here), on it.\nThe dog: no!', { level: 'words' });
    expect(codec.split('The cat.\nNo')).toEqual(['The', 'cat', '.', '\n', 'No']);
    expect(codec.decode(codec.encode('The cat sat (here), on it.\nThe dog: no!'))).toBe(
      'The cat sat (here), on it.\nThe dog: no!',
    );
  });
  it('cuts at white space alone when told to', () => {
    const codec = TextCodec.fromText(' the <unk> sat , N miles \n', { level: 'words', punctuation: 'attach' });
    expect(codec.split(' the <unk> , N \n')).toEqual(['the', '<unk>', ',', 'N', '\n']);
    expect(codec.encode('<unk>')[0]).toBe(codec.unknownId);
  });
  it('lower-cases and limits the vocabulary', () => {
    const codec = TextCodec.fromText('A a a b B c', { level: 'words', lower: true, maxTokens: 3 });
    expect([...codec.vocabulary.tokens]).toEqual(['<unk>', 'a', 'b']);
    expect([...codec.encode('C B A')]).toEqual([0, 2, 1]);
  });
  it('survives JSON', () => {
    const codec = TextCodec.fromText('to be or not to be', { level: 'words', lower: true });
    const back = TextCodec.fromJSON(JSON.parse(JSON.stringify(codec.toJSON())));
    expect([...back.encode('not to BE zzz')]).toEqual([...codec.encode('not to BE zzz')]);
    expect(() => TextCodec.fromJSON({ level: 'letters' })).toThrow('[FILE_FORMAT]');
  });
  it('refuses unknown options', () => {
    expect(() => TextCodec.fromText('a', { level: 'word' as 'words' })).toThrow('did you mean `words`');
    expect(() => TextCodec.fromText('a', { lowercase: true } as object)).toThrow('[UNKNOWN_NAME]');
  });
});
