import { describe, expect, it } from 'vitest';
import { fnv1a } from '../checksum.js';
import { isSavedSeenItems, SeenItems } from './seen-items.js';

describe('the items that training has seen', () => {
  const train = Array.from({ length: 301 }, (_, i) => `text ${i}`);
  const items = SeenItems.of([...train, 'both'], ['chosen', 'both']);

  it('are known again with the part that they were in, also after they were saved', () => {
    const copy = SeenItems.fromJSON(JSON.parse(JSON.stringify(items)) as ReturnType<SeenItems['toJSON']>);
    for (const one of [items, copy]) {
      expect(train.map((text) => one.partOf(text))).toEqual(train.map(() => 'train'));
      expect(['chosen', 'both', 'new', ''].map((text) => one.partOf(text))).toEqual([
        'validation',
        'train',
        undefined,
        undefined,
      ]);
    }
    expect(copy.toJSON()).toEqual(items.toJSON());
  });

  it('take four bytes each, in base64, and hold no text', () => {
    const { train: saved, validation } = SeenItems.of(['a', 'a', 'b'], []).toJSON();
    expect(Buffer.from(saved, 'base64')).toHaveLength(8);
    expect(validation).toBe('');
    // FNV-1a of `a` and of nothing, as its authors list them.
    expect([fnv1a('a'), fnv1a('')]).toEqual([0xe40c292c, 0x811c9dc5]);
  });

  it('are refused where they are no hashes', () => {
    expect(
      [
        items.toJSON(),
        {},
        null,
        { train: '*', validation: '' },
        { train: 'AAAA' },
        { train: 'AAAAA', validation: '' },
      ].map(isSavedSeenItems),
    ).toEqual([...[true, false, false, false, false, false]]);
  });
});
