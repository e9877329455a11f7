import { expect, it } from 'vitest';
import { SentenceCodec } from './sentence-codec.js';
import { constraintOf } from './target-constraint.js';

const text = 'over the mountain and the mouth of the river';
const codec = SentenceCodec.of(
  Array.from({ length: 9 }, () => text),
  'bpe',
  { maxTokens: 320, lower: false },
);

/** Whether a constraint lets a text be written, token by token, and what is asked behind it. */
function follow(prefix: string, ids: Iterable<number>): { isAllowed: boolean; isFree: boolean } {
  let constraint = constraintOf({ prefix }, codec)?.constraint;
  for (const id of ids) {
    if (constraint?.allows(id) === false) return { isAllowed: false, isFree: false };
    constraint = constraint?.after(id);
  }
  return { isAllowed: true, isFree: constraint === undefined };
}

it('a prefix that ends inside of a byte pair lets the whole pair be written', () => {
  const whole = codec.encode('over the mountain');
  expect(codec.shown(whole.at(-1)!)).toBe(' mountain');
  expect(follow('over the mou', whole)).toEqual({ isAllowed: true, isFree: true });
  expect(follow('over the mou', codec.encode('over the mouth'))).toEqual({ isAllowed: true, isFree: true });
  // And so may the pieces that the prefix alone has.
  const open = codec.encode('over the mou');
  expect(open.at(-1)).not.toBe(whole.at(-1));
  expect(follow('over the mou', open)).toEqual({ isAllowed: true, isFree: true });
});

it('a prefix is what a text begins with, whatever its tokens are', () => {
  for (const other of ['over the river', 'the mountain', 'over mountain'])
    expect(follow('over the mou', codec.encode(other)).isAllowed, other).toBe(false);
  expect(follow('over the mou', codec.encode('over the')).isFree).toBe(false);
  expect(follow('', codec.encode('the river'))).toEqual({ isAllowed: true, isFree: true });
});
