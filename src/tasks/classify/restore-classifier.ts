import {
  isCount,
  isFiniteNumber,
  isFiniteNumbers,
  isObject,
  isText,
  isTexts,
  optional,
  orNull,
  recordOf,
  SavedFields,
} from '../../data/saved-fields.js';
import { savedCoverage } from '../../io/word-vectors/coverage.js';
import { isSavedSeenItems } from '../seen-items.js';
import { type SavedTask, sequentialOf } from '../task.js';
import { type Calibration, Classifier, type TrainedBaseline, type TrainedTexts } from './classifier.js';
import { type ClassifierOptions, resolveClassifierOptions } from './classifier-options.js';
import { TokenEncoder } from './token-encoder.js';

/** What {@link Classifier.toJSON} wrote. @throws FILE_FORMAT where it is damaged or does not fit the model */
export function restoreClassifier(file: SavedTask): Classifier {
  const { saved, outcome } = file;
  const { where } = saved;
  const model = sequentialOf(file);
  const encoder = TokenEncoder.fromJSON(saved.read('encoder', 'an object', isObject), where);
  const labels = saved.read('labels', 'a list of texts', isTexts);
  const outputs = model.computeOutputShape([1, 1]).at(-1);
  if (outputs !== labels.length) throw saved.fault('the labels do not fit the model.', `${outputs} labels`, labels);
  const rows = model.layers[0]?.weights[0]?.shape[0];
  if (rows !== encoder.size)
    throw saved.fault('the vocabulary does not fit the model.', `${rows} tokens`, encoder.size);
  const options = saved.read('options', 'an object', isObject) as ClassifierOptions;
  const all = resolveClassifierOptions(where, options);
  return new Classifier(
    model,
    encoder,
    labels,
    trainedTexts(new SavedFields(where, saved.read('data', 'an object', isObject))),
    all,
    outcome,
    calibrationOf(saved),
    saved.read('baseline', 'shares of right texts', optional(isTrainedBaseline)),
  );
}

function isTrainedBaseline(value: unknown): value is TrainedBaseline {
  return (
    isObject(value) &&
    [value.accuracy, value.majority, value.naiveBayes].every(isFiniteNumber) &&
    [value.numDistinct, value.fingerprint].every(isCount)
  );
}

/** In the order in which training writes them, so that a restored classifier is saved with the same bytes. */
function trainedTexts(saved: SavedFields): TrainedTexts {
  const count = (name: string): number => saved.read(name, 'a whole number', isCount);
  const shares = new SavedFields(saved.where, saved.read('shares', 'an object', isObject));
  return {
    numTraining: count('numTraining'),
    numValidation: count('numValidation'),
    numTest: count('numTest'),
    numSkipped: count('numSkipped'),
    classCounts: saved.read('classCounts', 'a list of numbers', isFiniteNumbers),
    shares: {
      validation: shares.read('validation', 'a number', isFiniteNumber),
      test: shares.read('test', 'a number', isFiniteNumber),
    },
    fingerprint: count('fingerprint'),
    fingerprintOfAll: count('fingerprintOfAll'),
    vectors: savedCoverage(saved),
    reading: saved.read('reading', 'an object of texts', recordOf(isText)),
    seen: saved.read('seen', 'hashes of texts', optional(isSavedSeenItems)),
  };
}

function calibrationOf(saved: SavedFields): Calibration | undefined {
  const found = saved.read('calibration', 'an object or null', orNull(isObject));
  if (found === null) return undefined;
  const fields = new SavedFields(saved.where, found);
  const number = (name: string): number => fields.read(name, 'a number', isFiniteNumber);
  const temperature = fields.read(
    'temperature',
    'a number above 0',
    (value): value is number => isFiniteNumber(value) && value > 0,
  );
  return {
    temperature,
    errorBefore: number('errorBefore'),
    errorAfter: number('errorAfter'),
    numTexts: number('numTexts'),
  };
}
