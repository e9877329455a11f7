import { describe, expect, it } from 'vitest';
import { printable, printableJson, printableLines } from './printable.js';

const hostile = 'a\x1b[2Jb\x9b31m\r\nrm\u202etxt\u2069\x00\x7f';

describe('foreign text', () => {
  it('is one line on which everything that steers is visible', () => {
    expect(printable(hostile)).toBe('a␛[2Jb\ufffd31m rm\ufffdtxt\ufffd␀␡');
    expect(printable('  two\u2028lines\t')).toBe(' two lines ');
  });

  it('keeps what other scripts need: marks of direction, joiners, combining signs', () => {
    const texts = 'שלום\u200f e\u0301 👩‍🚀 नमस्ते';
    expect(printable(texts)).toBe(texts);
  });

  it('keeps the lines of a report, and colours of this program only where there are any', () => {
    const report = '\x1b[36mplot\x1b[0m\n\x1b[48;5;27mcell\x1b[0m\tx\x1b]0;title\x07\x1b[8m';
    expect(printableLines(report, true)).toBe('\x1b[36mplot\x1b[0m\n\x1b[48;5;27mcell\x1b[0m\tx␛]0;title␇␛[8m');
    expect(printableLines('\x1b[31mred\rx\n')).toBe('␛[31mred␍x\n');
  });

  it('is the same in JSON, written with escapes', () => {
    const document = printableJson(JSON.stringify({ [hostile]: hostile }));
    expect(document).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    expect(JSON.parse(document)).toEqual({ [hostile]: hostile });
  });
});
