import { describe, expect, it } from 'vitest';
import type { TaggerReport } from '../../src/index.js';
import { taggingVerdict } from './about-tagging.js';

const agreement = (f1: number, numTrue: number) => ({
  numTrue,
  numPredicted: numTrue,
  numCorrect: 0,
  precision: f1,
  recall: f1,
  f1,
});

interface Measured {
  readonly own: number;
  readonly hmm?: number;
  readonly commonest?: number;
  readonly numWords?: number;
  readonly numDistinctWords?: number;
  readonly numSpans?: number;
}

function reportOf({ own, hmm, commonest = 0.1, numWords = 10_000, numDistinctWords = numWords, numSpans }: Measured) {
  const score = (share: number) => ({
    numSentences: 50,
    numWords,
    accuracy: numSpans === undefined ? share : 0.95,
    sentenceAccuracy: 0,
    numUnknown: 0,
    unknownAccuracy: null,
    spans: numSpans === undefined ? null : agreement(share, numSpans),
  });
  return {
    ...score(own),
    byTag: {},
    byKind: null,
    numUnseenTags: 0,
    part: 'all',
    numGiven: 50,
    baseline: hmm === undefined ? null : { ...score(hmm), part: 'test', fingerprint: 0 },
    commonest: { tag: 'O', accuracy: commonest },
    numDistinctWords,
    numTrained: 0,
    numChosen: 0,
    unseen: null,
  } satisfies TaggerReport;
}

describe('a tagger beside what needs no network', () => {
  const verdict = (measured: Measured): string | undefined => taggingVerdict(reportOf(measured));

  it('has no verdict where it is better by more than chance', () => {
    expect(verdict({ own: 0.95, hmm: 0.92 })).toBeUndefined();
    expect(verdict({ own: 0.95, commonest: 0.6 })).toBeUndefined();
    expect(verdict({ own: 0.7, hmm: 0.5, numSpans: 300 })).toBeUndefined();
  });

  it('is compared with the better of the two, with the commonest tag also where no Markov model is kept', () => {
    expect(verdict({ own: 0.6, hmm: 0.5, commonest: 0.6 })).toMatch(/^As good as the tagger, and cheaper, is always/);
    expect(verdict({ own: 0.6, hmm: 0.7, commonest: 0.5 })).toContain('does not beat the hidden Markov baseline');
    expect(verdict({ own: 0.5, commonest: 0.6 })).toContain(
      'does not beat always saying O: right words 50.00 % (always saying O: 60.00 %)',
    );
  });

  it('compares spans with none', () => {
    expect(verdict({ own: 0, commonest: 0.9, numSpans: 90 })).toContain(
      'is tagging no span: F1 of spans 0.00 % (tagging no span: 0.00 %)',
    );
    expect(verdict({ own: 0.01, commonest: 0.9, numSpans: 90 })).toContain('Of 90 spans of different sentences');
    expect(verdict({ own: 0.3, commonest: 0.99, numSpans: 90 })).toBeUndefined();
  });

  it('says where the difference is within chance, and counts sentences that come again once', () => {
    const chance = ' words of different sentences, that difference is within chance.';
    expect(verdict({ own: 0.62, hmm: 0.6, numWords: 150 })).toContain(`is hardly better than the hidden Markov`);
    expect(verdict({ own: 0.62, hmm: 0.6, numWords: 150 })).toContain(`Of 150${chance}`);
    expect(verdict({ own: 0.58, hmm: 0.6, numWords: 150 })).toContain(`Of 150${chance}`);
    expect(verdict({ own: 0.62, hmm: 0.6, numDistinctWords: 150 })).toContain(`Of 150${chance}`);
    expect(verdict({ own: 0.58, hmm: 0.6 })).not.toContain('chance');
  });
});
