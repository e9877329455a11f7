/** A source with what was written and what would be right. */
export interface JudgedTranslation {
  readonly source: string;
  readonly output: string;
  readonly references: readonly string[];
}

/** How right translations are. */
export interface TranslationReport {
  /** Different sources. */
  readonly numSources: number;
  /** Share of the outputs that are equal to a reference. */
  readonly exactMatch: number;
}

/** Measures translations against their references. */
export function translationReport(judged: readonly JudgedTranslation[]): TranslationReport {
  const numExact = judged.filter(({ output, references }) => references.includes(output)).length;
  return { numSources: judged.length, exactMatch: numExact / judged.length };
}
