import { describe, expect, it } from 'vitest';
import { fitLines } from './fit-lines.js';

describe('fitLines', () => {
  it('cuts long lines between words and indents the rest', () => {
    expect(fitLines('short\n  one two three four five\n训练训练 训练训练', 14)).toBe(
      'short\n  one two\n    three four\n    five\n训练训练\n  训练训练',
    );
  });
  it('leaves a word that is too long, commands, and everything where there is no width', () => {
    expect(fitLines('abcdefghijkl x', 7)).toBe('abcdefghijkl\n  x');
    expect(fitLines('  rondo predict m.safetensors', 9)).toBe('  rondo predict m.safetensors');
    expect(fitLines('a b c', undefined)).toBe('a b c');
  });
});
