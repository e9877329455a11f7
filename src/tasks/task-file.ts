import {
  isCount,
  isFiniteNumber,
  isFiniteNumbers,
  isObject,
  isText,
  isTextOrNull,
  optional,
  orNull,
  recordOf,
  SavedFields,
} from '../data/saved-fields.js';
import { type TagScheme, tagSchemes } from '../data/tag-schemes.js';
import { RondoError, requireKind } from '../errors.js';
import { deserializeModel, serializeModel, serializeModelAsync } from '../io/checkpoint.js';
import { savedCoverage } from '../io/word-vectors/coverage.js';
import { madeFromFile } from '../made-from-file.js';
import type { Resolved } from '../resolved.js';
import { Sequential } from '../training/sequential.js';
import type { TrainingSnapshot } from '../training/snapshot.js';
import type { Classifier } from './classify/classifier.js';
import { restoreClassifier } from './classify/restore-classifier.js';
import type { Forecaster } from './forecast/forecaster.js';
import { restoreForecaster } from './forecast/restore-forecaster.js';
import { codecFromJSON } from './language-model/codec-of-text.js';
import { savedStart } from './language-model/document-starts.js';
import { LanguageModel } from './language-model/language-model.js';
import type { LanguageModelOptions } from './language-model/language-model-options.js';
import { isTextBaseline } from './language-model/text-baseline.js';
import type { TokenizerLibrary } from './language-model/tokenizer-codec.js';
import { isSavedSeenItems } from './seen-items.js';
import { TagCodec } from './tag/tag-codec.js';
import { type BaselineScore, Tagger } from './tag/tagger.js';
import type { TaggerOptions } from './tag/tagger-options.js';
import type { TrainingOutcome } from './training-run.js';

/** What a task makes: a model with everything that turns data into answers. */
export type TaskModel = LanguageModel | Forecaster | Classifier | Tagger;

/** What a task's file holds. */
export interface LoadedTask {
  readonly task: TaskModel;
  /** For {@link TrainingControls.resumeFrom}; undefined where the file is no checkpoint. */
  readonly training: TrainingSnapshot | undefined;
}

/** @throws USAGE for a model without its task */
function requireTask(task: TaskModel): void {
  requireKind(Object.hasOwn(restorers, String(task?.task)), task, {
    where: 'serializeTask',
    what: 'this is no model of a task.',
    fix: 'give what a task made, such as training.classifier; a model alone is for saveModel.',
  });
}

/** {@link serializeTask} on every backend. */
export async function serializeTaskAsync(task: TaskModel, training?: TrainingSnapshot): Promise<Uint8Array> {
  requireTask(task);
  return serializeModelAsync(task.model, { preprocessing: task.toJSON(), training });
}

/** A task's model as one safetensors file; with a snapshot, as a checkpoint to resume from. See `serializeModel`. */
export function serializeTask(task: TaskModel, training?: TrainingSnapshot): Uint8Array {
  requireTask(task);
  return serializeModel(task.model, { preprocessing: task.toJSON(), training });
}

/**
 * The task of a file's bytes.
 *
 * @param where the file's name, for messages.
 * @param tokenizers makes the tokenizer of a language model that has another program's.
 * @throws FILE_FORMAT for a foreign or damaged file, and for a model that no task made; as `deserializeModel`;
 *   BACKEND_UNAVAILABLE where `tokenizers` is needed
 */
export function deserializeTask(
  bytes: Uint8Array,
  where = 'deserializeTask',
  tokenizers?: TokenizerLibrary,
): LoadedTask {
  const { model, preprocessing, training } = deserializeModel(bytes, where);
  const kind = isObject(preprocessing) ? preprocessing.task : undefined;
  const restore =
    typeof kind === 'string' && Object.hasOwn(restorers, kind) ? restorers[kind as TaskModel['task']] : undefined;
  if (restore === undefined || !(model instanceof Sequential)) {
    throw new RondoError('FILE_FORMAT', {
      where,
      what: 'the file holds a model, but not of a task that is known here.',
      expected: `a model made by one of the tasks ${Object.keys(restorers).join(', ')}`,
      received: typeof kind === 'string' ? kind : `${model.className} without a task`,
      fix: 'load it with loadModel, and use it from code.',
    });
  }
  return {
    task: madeFromFile(where, () => restore(model, new SavedFields(where, preprocessing), where, tokenizers)),
    training,
  };
}

const restorers: Readonly<
  Record<
    TaskModel['task'],
    (model: Sequential, saved: SavedFields, where: string, tokenizers: TokenizerLibrary | undefined) => TaskModel
  >
> = {
  languageModel: (model, saved, where, tokenizers) => {
    const codec = codecFromJSON(saved.read('codec', 'an object', isObject), where, tokenizers);
    const options = saved.read('options', 'an object', isObject) as unknown as Resolved<LanguageModelOptions>;
    if (model.computeOutputShape([1, 1]).at(-1) !== codec.size)
      throw saved.fault(
        'the vocabulary does not fit the model.',
        `${codec.size} outputs, one for each token`,
        model.computeOutputShape([1, 1]),
      );
    const text = new SavedFields(where, saved.read('text', 'an object', isObject));
    const count = (name: string): number => text.read(name, 'a whole number', isCount);
    const facts = {
      numTokens: count('numTokens'),
      numTrainingTokens: count('numTrainingTokens'),
      fingerprint: count('fingerprint'),
    };
    const start = savedStart(text, codec.size);
    const baseline = text.read('baseline', 'losses of what only counts', optional(isTextBaseline));
    return new LanguageModel(
      model,
      codec,
      { ...facts, ...(start && { start }), ...(baseline && { baseline }) },
      options,
      outcomeOf(saved),
    );
  },
  forecast: (model, saved, where) => restoreForecaster(model, saved, where, outcomeOf(saved)),
  classify: (model, saved) => restoreClassifier(model, saved, outcomeOf(saved)),
  tag: (model, saved, where) => {
    const codec = TagCodec.fromJSON(saved.read('codec', 'an object', isObject), where);
    const kept = saved.read('options', 'an object', isObject) as unknown as Resolved<TaggerOptions>;
    // Older files have trained for their epochs and no more, and have no affixes.
    const { longestAffix } = codec.options;
    const options = { ...kept, maxEpochs: kept.maxEpochs ?? kept.epochs, longestAffix };
    const numScores = model.computeOutputShape([1, 1, 2]).at(-1);
    if (numScores !== codec.tags.length)
      throw saved.fault('the tags do not fit the model.', `${codec.tags.length} scores, one for each tag`, numScores);
    const { affixesPerWord = 0 } = model.layers[0]?.getConfig() ?? {};
    if (affixesPerWord !== codec.affixesPerWord)
      throw saved.fault('the affixes do not fit the model.', `${affixesPerWord} of each word`, codec.affixesPerWord);
    const facts = new SavedFields(where, saved.read('sentences', 'an object', isObject));
    const count = (name: string): number => facts.read(name, 'a whole number', isCount);
    const sentences = {
      numSentences: count('numSentences'),
      numWords: count('numWords'),
      numValidationSentences: count('numValidationSentences'),
      fingerprint: count('fingerprint'),
      column: facts.read('column', 'a text or null', isTextOrNull),
      reading: facts.read('reading', 'an object of texts', optional(recordOf(isText))),
      scheme: facts.read(
        'scheme',
        'a scheme or null',
        (found): found is TagScheme | null => found === null || tagSchemes.includes(found as TagScheme),
      ),
      baseline: facts.read(
        'baseline',
        'a list of scores',
        (found): found is BaselineScore[] =>
          Array.isArray(found) &&
          found.every((score) => isObject(score) && isFiniteNumber(score.accuracy) && isCount(score.fingerprint)),
      ),
      commonestTag: facts.read('commonestTag', 'a text', optional(isText)),
      vectors: savedCoverage(facts),
      seen: facts.read('seen', 'hashes of sentences', optional(isSavedSeenItems)),
    };
    return new Tagger(model, codec, sentences, options, outcomeOf(saved));
  },
};

function outcomeOf(saved: SavedFields): TrainingOutcome | undefined {
  const found = saved.read('outcome', 'an object or null', orNull(isObject));
  if (found === null) return undefined;
  const fields = new SavedFields(saved.where, found);
  const valScore =
    found.valScore === undefined ? undefined : fields.read('valScore', 'a list of numbers', isFiniteNumbers);
  return {
    stopReason: fields.read('stopReason', 'a text', isText) as TrainingOutcome['stopReason'],
    loss: fields.read('loss', 'a list of numbers', isFiniteNumbers),
    valLoss: fields.read('valLoss', 'a list of numbers', isFiniteNumbers),
    bestEpoch: fields.read('bestEpoch', 'a number', isFiniteNumber),
    ...(valScore && { valScore }),
  };
}
