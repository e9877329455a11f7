import type { TokenSpan } from '../../data/token-spans.js';
import { RondoError, refuseUnknownOptions, requireKind, unknownName } from '../../errors.js';
import { likeliest } from './calibration.js';
import type { Classifier, ClassPrediction } from './classifier.js';
import { integratedGradients } from './integrated-gradients.js';
import { occlusion } from './occlusion.js';

export const explanationMethods = ['integrated-gradients', 'occlusion'] as const;
export type ExplanationMethod = (typeof explanationMethods)[number];

export interface ExplainOptions {
  /** Default integrated-gradients. */
  method?: ExplanationMethod | undefined;
  /** The class to explain; by default the likeliest. */
  label?: string | undefined;
}

/** How much a token speaks for the class (above 0) or against it. */
export interface TokenContribution extends TokenSpan {
  /** In probability. */
  readonly contribution: number;
  /** Whether the vocabulary holds the token; the model sees all others as one. */
  readonly isKnown: boolean;
}

/** Which tokens of a text carried a decision. */
export interface Explanation extends ClassPrediction {
  readonly text: string;
  readonly method: ExplanationMethod;
  /** The class that is explained. */
  readonly explained: string;
  /** Its probability. */
  readonly explainedProbability: number;
  /** Its probability where all vectors are zeros (integrated gradients) or nothing is read (occlusion). */
  readonly baseline: number;
  /** One for each token that the model reads. */
  readonly tokens: readonly TokenContribution[];
  /**
   * `explainedProbability - baseline - sum(contributions)`. Near 0 for integrated gradients, whose contributions add
   * up; what tokens do only together for occlusion.
   */
  readonly remainder: number;
}

/**
 * Explains a classifier's decision on a text. See `integratedGradients` and `occlusion`.
 *
 * @throws UNKNOWN_NAME for a method or label that does not exist; DATA_FORMAT for a text without a token
 */
export async function explain(
  classifier: Classifier,
  text: string,
  options: ExplainOptions = {},
): Promise<Explanation> {
  const where = 'explain';
  refuseUnknownOptions(where, options, ['method', 'label']);
  requireKind(typeof text === 'string', text, {
    where,
    what: 'this is no text.',
    fix: "give one text, such as 'good film'.",
  });
  requireKind(classifier?.task === 'classify', classifier, {
    where,
    what: 'this is no classifier.',
    fix: 'give training.classifier.',
  });
  const { method = 'integrated-gradients', label } = options;
  if (!explanationMethods.includes(method)) throw unknownName(where, 'method', String(method), explanationMethods);
  if (label !== undefined && !classifier.labels.includes(label))
    throw unknownName(where, 'label', label, classifier.labels);
  const spans = classifier.encoder.spans(text);
  if (spans.length === 0)
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'the text is empty.',
      expected: 'at least one token',
      received: JSON.stringify(text.slice(0, 40)),
      fix: 'give a text with words.',
    });
  const ids = classifier.encoder.ids(spans);
  const probabilities = Array.from(await classifier.probabilities([ids]));
  const best = likeliest(probabilities, 0, probabilities.length);
  const explained = label === undefined ? best : classifier.labels.indexOf(label);
  const { contributions, baseline } = await (method === 'occlusion' ? occlusion : integratedGradients)(
    classifier,
    ids,
    explained,
  );
  return {
    text,
    method,
    label: classifier.labels[best],
    probability: probabilities[best],
    probabilities,
    explained: classifier.labels[explained],
    explainedProbability: probabilities[explained],
    baseline,
    tokens: spans.map((span, i) => ({
      ...span,
      contribution: contributions[i],
      isKnown: ids[i] !== classifier.encoder.unknownId,
    })),
    remainder: probabilities[explained] - baseline - contributions.reduce((sum, value) => sum + value, 0),
  };
}
