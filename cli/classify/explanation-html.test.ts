import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/index.js';
import { explanationHtml } from './explanation-html.js';
import { explanationLines } from './explanation-lines.js';

const text = 'a <i>"fine"</i> & \x1b[31mlong\nfilm';
const token = (word: string, contribution: number) => ({
  token: word,
  start: text.indexOf(word),
  end: text.indexOf(word) + word.length,
  contribution,
  isKnown: contribution !== 0.1,
});
const explanation: Explanation = {
  text,
  method: 'integrated-gradients',
  label: '<b>good',
  probability: 0.9,
  probabilities: [0.9, 0.1],
  explained: '<b>good',
  explainedProbability: 0.9,
  baseline: 0.4,
  tokens: [token('fine', 0.6), token('&', 0.1), token('long', -0.2)],
  remainder: 0,
};

describe('an explanation', () => {
  it('is a page in which texts and labels are nothing but text', () => {
    const page = explanationHtml([explanation], ['<b>good', 'bad']);
    expect(page).toContain(
      'a &lt;i&gt;&quot;<span title="0.6000" style="background: rgba(30, 110, 255, ' +
        '0.700)">fine</span>&quot;&lt;/i&gt; <span title="0.1000, not in the vocabulary"',
    );
    expect(page).toContain('<h2>&lt;b&gt;good</h2>');
    expect(page).not.toMatch(/<b>|<i>|<script|href|src=/);
  });

  it('marks words in the terminal without letting the text steer it', () => {
    const plain = explanationLines(explanation, { width: 80, colour: false, ascii: false });
    expect(plain[1]).toBe('a <i>"[fine +0.600]"</i> [& +0.100] ␛[31m[long -0.200] film');
    const coloured = explanationLines(explanation, { width: 80, colour: true, ascii: false })[1];
    expect(coloured).toContain('\x1b[48;5;69m\x1b[38;5;16mfine\x1b[0m');
    expect(coloured).not.toContain('\x1b[31m');
  });
});
