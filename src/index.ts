/** Everything a user of the library needs. Runs in Node and in browsers; files and folders are in `rondo/node`. */

export * from './cells/index.js';
// Smaller models
export {
  type CompressWeightsOptions,
  compressWeights,
  type WeightFormat,
  weightFormats,
} from './compression/compress-weights.js';
export { QuantizationAware, type QuantizationAwareOptions } from './compression/quantization-aware.js';
export { quantize } from './compression/quantize.js';
export {
  type DetectSeasonOptions,
  detectSeason,
  driftForecast,
  naiveForecast,
  seasonalNaiveForecast,
} from './data/baselines.js';
export { BytePairs, type BytePairsJson } from './data/byte-pairs/byte-pairs.js';
export type { CellColumn } from './data/cell-column.js';
export {
  ColumnFile,
  type ColumnLayout,
  columnLayoutOf,
  type ReadColumnFileOptions,
  readColumnFile,
} from './data/column-file.js';
export {
  type ConlluColumn,
  ConlluFile,
  conlluColumns,
  looksLikeConllu,
  type ReadConlluOptions,
  readConllu,
} from './data/conllu.js';
export {
  type NumericColumnOptions,
  numericColumn,
  type ReadTableOptions,
  readTable,
  Table,
  type TableSource,
} from './data/csv.js';
export { type BatchLimits, bucketsByLength, type ShuffledBuckets, shuffledBuckets } from './data/length-buckets.js';
export { type NumberFacts, type NumberNotation, numberFacts } from './data/number-notation.js';
export { type CellNumbers, cellNumbers, filledNumbers, numberInCell } from './data/numeric-column.js';
export { type PadSequencesOptions, padSequences, type Sequence } from './data/pad-sequences.js';
export { SavedFields } from './data/saved-fields.js';
export { MinMaxScaler, Scaler, type ScalerJson, StandardScaler, scalerFromJSON } from './data/scaler.js';
export { type AlignedPair, alignmentLines, alignTokens, type Edit } from './data/scores/alignment.js';
export { type BleuOptions, type BleuScore, type BleuSmoothing, bleu } from './data/scores/bleu.js';
export { type BleuTokenizer, bleuTokenizerNames } from './data/scores/bleu-tokenizers.js';
export { type ChrFOptions, type ChrFScore, chrF } from './data/scores/chrf.js';
export {
  characterErrorRate,
  type ErrorRate,
  type ErrorRateOptions,
  wordErrorRate,
} from './data/scores/error-rates.js';
export type { References } from './data/scores/scored-sentences.js';
export { type TerScore, ter } from './data/scores/ter.js';
export type { TerOptions } from './data/scores/ter-tokenizer.js';
export { type Share, type Split, type SplitShares, splitInOrder, splitShuffled } from './data/split.js';
export { type StratifiedShares, splitStratified } from './data/stratified-split.js';
export { type StreamWindow, TokenStreams, type TokenStreamsOptions } from './data/streams.js';
export { detectTagScheme, type Span, spansOf, type TagScheme, tagConstraints, tagSchemes } from './data/tag-schemes.js';
export type { SentenceLines } from './data/tagged-lines.js';
// Data
export { charactersOf, graphemesOf, linesOf, type WordOptions, wordsOf } from './data/text.js';
export {
  type LabelledTexts,
  type ReadTextRowsOptions,
  readTextRows,
  type TextFormat,
  type TextRows,
  textFormats,
} from './data/text-rows.js';
export { describeFrequency, type Frequency } from './data/time/frequency.js';
export {
  type TimeseriesFromArrayOptions,
  type TimeseriesWindows,
  timeseriesFromArray,
} from './data/timeseries-from-array.js';
export { type TokenKind, type TokenSpan, type TokenSpanOptions, tokenKinds, tokenSpansOf } from './data/token-spans.js';
export { Tokenizer, type TokenizerJson, type TokenizerOptions, type TokenizerText } from './data/tokenizer.js';
export { ByteCodec } from './data/tokens/byte-codec.js';
export { TextCodec, type TextCodecOptions, type TextLevel } from './data/tokens/text-codec.js';
export type { TokenCodec, TokenLevel, TokenWriter } from './data/tokens/token-codec.js';
export { type FileTokenizer, TokenizerCodec, type TokenizerLibrary } from './data/tokens/tokenizer-codec.js';
export { numUnknownOf, Vocabulary, type VocabularyJson, type VocabularyOptions } from './data/vocabulary.js';
export { type SlidingWindows, type SlidingWindowsOptions, slidingWindows, type WindowBatch } from './data/windows.js';
export { type TextSpan, wordSegmentsOf } from './data/word-segments.js';
export { type DecimalSign, decimalSigns, type WrittenNumber, writtenNumber } from './data/written-number.js';
export { type DType, dtypes } from './dtype.js';
export {
  type ErrorCode,
  type ErrorFacts,
  errorCodes,
  nearestNames,
  RondoError,
  refuseUnknownOptions,
  requireCount,
  requireNumber,
  unknownName,
} from './errors.js';
export { type ActivationName, activationNamed } from './expression/activations.js';
export type { Expression, Operand } from './expression/build.js';
export * as expressions from './expression/index.js';
export { type ArraysOfFile, arrayEndings, readArrays, writeArrays } from './io/array-files.js';
// Files as bytes
export * from './io/brain/index.js';
export {
  deserializeModel,
  type LoadedModel,
  loadWeights,
  type SerializeOptions,
  serializeModel,
  serializeModelAsync,
  type WeightFileFormat,
  weightFileFormats,
} from './io/checkpoint.js';
export { decodeText, type TextEncoding, textEncodings, utf8Pieces } from './io/encodings.js';
// Errors, randomness, backends
export type { LoadedKerasWeights } from './io/keras/load-weights.js';
export {
  loadKerasWeights,
  type ModelOfKeras,
  type ReadKerasOptions,
  readKeras,
} from './io/keras/read-keras.js';
export { writeKeras, writeKerasWeights } from './io/keras/write-keras.js';
export { libraryVersion } from './io/library-version.js';
export type { MatchedWeights, ModelRead, ModelWritten } from './io/model-format.js';
export {
  type ModelFormatName,
  modelEndings,
  modelFormatOf,
  type ReadModel,
  type ReadModelOptions,
  readModel,
  type WriteModelOptions,
  writeModel,
} from './io/model-formats.js';
export { type ReadNpzOptions, readNpz, type WriteNpzOptions, writeNpz } from './io/numpy/npz.js';
export { readNpy } from './io/numpy/read-npy.js';
export { type ArrayToWrite, plainNumbers } from './io/numpy/stored-array.js';
export { writeNpy } from './io/numpy/write-npy.js';
export { drawOnnx } from './io/onnx/draw-onnx.js';
export { type OnnxEdge, type OnnxGiven, type OnnxInputs, OnnxModel, readOnnx } from './io/onnx/onnx-model.js';
export { type WriteOnnxOptions, writeOnnx } from './io/onnx/write/write-onnx.js';
export { chainFromJson } from './io/pytorch/chain-from-json.js';
export {
  type ModelFromStateDictOptions,
  type ModelOfStateDict,
  type ModuleInChain,
  modelFromStateDict,
} from './io/pytorch/model-from-state-dict.js';
export type { TorchModuleOptions } from './io/pytorch/module-options.js';
export { type TorchModuleSourceOptions, torchModuleSource } from './io/pytorch/module-source.js';
export { type ReadStateDictOptions, readStateDict, type StateDict } from './io/pytorch/read-state-dict.js';
export { setStateDict } from './io/pytorch/set-state-dict.js';
export { stateDictOf } from './io/pytorch/state-dict-of.js';
export type { TorchKind } from './io/pytorch/torch-modules.js';
export {
  type DecodedTensor,
  type DecodeSafetensorsOptions,
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensor,
  type TensorData,
  type TensorDtype,
} from './io/safetensors.js';
export * from './io/tensorflow-js/index.js';
export { decodeUtf8 } from './io/utf8.js';
// Word vectors
export type { ByteSource } from './io/word-vectors/byte-reader.js';
export type { VectorCoverage } from './io/word-vectors/coverage.js';
export {
  type EmbeddingFromVectorsOptions,
  embeddingFromVectors,
  type VectorEmbedding,
} from './io/word-vectors/embedding-from-vectors.js';
export { defaultVectorWords } from './io/word-vectors/form-vectors.js';
export { type Neighbour, nearestWords, wordAnalogy } from './io/word-vectors/neighbours.js';
export type { PretrainedVectors } from './io/word-vectors/pretrained-vectors.js';
export {
  type ReadWordVectorsOptions,
  readWordVectors,
  type VectorFormat,
} from './io/word-vectors/read-word-vectors.js';
export { Subwords, type SubwordTable, subwordBuckets, subwordHash } from './io/word-vectors/subwords.js';
export { euclideanLength, WordVectors } from './io/word-vectors/word-vectors.js';
export type { Backend, MemoryReport, Support } from './kernels/contract.js';
export { describeHost, type HostDescription, type WasmDescription } from './kernels/describe-host.js';
export { type BackendName, backendNames, currentBackend, setThreads, useBackend } from './kernels/select.js';
export * from './layers/index.js';
export * from './long-memory/index.js';
export { currentRandom, Random, type RandomState, setSeed } from './random.js';
// Tensors and derivatives
export type { Resolved } from './resolved.js';
export type { Shape } from './shape.js';
export type { StandaloneWeights } from './standalone/packed-numbers.js';
export {
  type StandaloneCode,
  type StandaloneLanguage,
  type StandaloneOptions,
  standaloneCode,
  standaloneLanguages,
} from './standalone/standalone-code.js';
export { calibrationError, fitTemperature, probabilitiesOf, temperatureBounds } from './tasks/classify/calibration.js';
export {
  type ClassificationReport,
  type ClassScores,
  classificationReport,
} from './tasks/classify/classification-report.js';
export {
  type Calibration,
  Classifier,
  type ClassifierReport,
  type ClassPrediction,
  type MeasuredTexts,
  type SeenTexts,
  type TrainedBaseline,
  type TrainedTexts,
} from './tasks/classify/classifier.js';
export type { ClassifierBaseline } from './tasks/classify/classifier-baseline.js';
export {
  type ClassifierOptions,
  type ClassifierPooling,
  type ClassWeighting,
  classifierOptions,
} from './tasks/classify/classifier-options.js';
export {
  type ClassifierData,
  ClassifierTraining,
  type ClassifierTrainingOptions,
} from './tasks/classify/classifier-training.js';
export {
  type ExplainOptions,
  type Explanation,
  type ExplanationMethod,
  explain,
  explanationMethods,
  type TokenContribution,
} from './tasks/classify/explanation.js';
export type { EmptyTexts } from './tasks/classify/keep-texts.js';
export {
  type RobustnessOptions,
  type RobustnessReport,
  type RobustnessRow,
  robustness,
} from './tasks/classify/robustness.js';
export type { TextOverlap } from './tasks/classify/text-keys.js';
export { type TextNoise, textNoises, withNoise } from './tasks/classify/text-noise.js';
export { type TextSide, TokenEncoder } from './tasks/classify/token-encoder.js';
export { type CodecOptions, codecOfText, tokenLevels } from './tasks/codec-of-text.js';
export { coveragePenaltyOf, lengthPenaltyOf } from './tasks/decoding/beam-search.js';
export { type SamplingOptions, sampleToken } from './tasks/decoding/sample-token.js';
export type { TokenConstraint } from './tasks/decoding/token-constraint.js';
export { factorizeTask } from './tasks/factorize-task.js';
export { type BaseForecast, type BaseName, baseNames, describeBase } from './tasks/forecast/base-forecast.js';
export type { TriedUnits } from './tasks/forecast/choose-units.js';
export type { SmoothingParameters } from './tasks/forecast/exponential-smoothing.js';
export type { ForecastFindings } from './tasks/forecast/findings.js';
export { type ForecastErrors, forecastErrors, seasonalScale } from './tasks/forecast/forecast-errors.js';
export { type ForecastOptions, forecastOptions } from './tasks/forecast/forecast-options.js';
export type { RowsOfParts } from './tasks/forecast/forecast-parts.js';
export type {
  BaselineName,
  ComparedErrors,
  ForecastReport,
  SeriesReport,
  ShownForecast,
} from './tasks/forecast/forecast-report.js';
export { ForecastTraining, type ForecastTrainingOptions } from './tasks/forecast/forecast-training.js';
export { Forecaster } from './tasks/forecast/forecaster.js';
export type { Series } from './tasks/forecast/series.js';
export { type SeriesColumns, seriesColumns } from './tasks/forecast/series-columns.js';
export type { SeriesNote } from './tasks/forecast/series-note.js';
export type { SeriesColumnsOptions } from './tasks/forecast/series-options.js';
export type { LeftOutColumn, SeriesReading } from './tasks/forecast/series-reading.js';
export { type SeriesTime, stampOf } from './tasks/forecast/series-time.js';
export type { TrainedSeries } from './tasks/forecast/trained-series.js';
// Tasks: from data to answers
export { type GenerateOptions, generate } from './tasks/generate/generate.js';
export { PoemForm, type PoemFormOptions, type PoemPlace } from './tasks/generate/poem-form.js';
export type { RepetitionOptions } from './tasks/generate/repetition.js';
export type { Beginning, LearnedBefore, TakenWeights, UnknownTokens } from './tasks/initial-model.js';
export * from './tasks/language-model/index.js';
export type { ModuleCode, TakenByNet } from './tasks/module-code.js';
export type { OptionFacts, OptionsOf, OptionTable, ResolvedOf, TaskOption } from './tasks/option-table.js';
export { HmmTagger } from './tasks/tag/hmm-tagger.js';
export { TagCodec, type TagCodecOptions } from './tasks/tag/tag-codec.js';
export { type TaggedSentence, taggedSentences } from './tasks/tag/tagged-sentence.js';
export { type BaselineScore, Tagger, type TaggerReport, type TrainedSentences } from './tasks/tag/tagger.js';
export { type TaggerOptions, taggerOptions } from './tasks/tag/tagger-options.js';
export { type TaggerData, TaggerTraining } from './tasks/tag/tagger-training.js';
export {
  type Agreement,
  type TaggingReport,
  type TaggingReportOptions,
  type TaggingScore,
  taggingReport,
} from './tasks/tag/tagging-report.js';
export type { SavedTask, TaskFields, TaskModel, TaskRestorer } from './tasks/task.js';
export { deserializeTask, type LoadedTask, serializeTask, serializeTaskAsync } from './tasks/task-file.js';
export { registerTask, taskNames } from './tasks/task-registry.js';
export type { TaskTeacher } from './tasks/task-teacher.js';
export { nextRoundEnd, plannedEpochs, type TrainingRounds } from './tasks/training-rounds.js';
export type { TaskLearningRateOptions, TrainingControls, TrainingOutcome } from './tasks/training-run.js';
export type { TranslatorData } from './tasks/translate/pair-parts.js';
export {
  type PairFormat,
  pairFormatOf,
  pairFormats,
  parallelPairs,
  type ReadPairsOptions,
  readPairs,
  readSources,
} from './tasks/translate/read-pairs.js';
export { SentenceCodec, type SentenceTokens } from './tasks/translate/sentence-codec.js';
export type { SentencePair } from './tasks/translate/sentence-pair.js';
export {
  type SequenceLevelData,
  type SequenceLevelOptions,
  sequenceLevelData,
} from './tasks/translate/sequence-level-data.js';
export type { TranslationBaseline, TranslationReport } from './tasks/translate/translation-report.js';
export {
  type TrainedPairs,
  type TranslateOptions,
  type Translation,
  Translator,
  type TranslatorEvaluateOptions,
} from './tasks/translate/translator.js';
export { type TranslatorOptions, translatorOptions } from './tasks/translate/translator-options.js';
export { TranslatorTraining } from './tasks/translate/translator-training.js';
export { WordByWord } from './tasks/translate/word-by-word.js';
export type { ChainConstraints } from './tensor/chain-decoding.js';
export {
  type CheckGradientsOptions,
  checkGradients,
  type GradientPlace,
  type GradientReport,
} from './tensor/check-gradients.js';
export {
  type BackwardContext,
  defineOperation,
  type OperationDefinition,
  type OutputGradients,
} from './tensor/define-operation.js';
export { definePointwise, type PointwiseDefinition } from './tensor/define-pointwise.js';
export * as ops from './tensor/index.js';
export { RowGradient } from './tensor/row-gradient.js';
export { SoftTargets, type SoftTargetsOptions } from './tensor/soft-targets.js';
export { type ValueAndGradients, valueAndGradients } from './tensor/tape.js';
export { type FlatArray, type NestedNumbers, scope, Tensor, tensor } from './tensor/tensor.js';
export { Variable } from './tensor/variable.js';
export * from './training/callbacks/index.js';
export type { CompileOptions, TrainingConfig } from './training/compiled.js';
export type { Dataset, DatasetBatch } from './training/dataset.js';
export * from './training/diagnosis/index.js';
export { type DistillOptions, distill, type TeachingOptions } from './training/distillation/distill.js';
export type { EvaluateOptions } from './training/evaluation.js';
export {
  type FindLearningRateOptions,
  findLearningRate,
  type LearningRateSearch,
} from './training/find-learning-rate.js';
export { drawModel } from './training/graph/drawing/draw-model.js';
export { type FactorizeOptions, factorize } from './training/graph/factorize.js';
export { type Computed, Functional, type FunctionalOptions } from './training/graph/functional.js';
export { graphOf } from './training/graph/graph-of.js';
export type { FixedInputs, GraphStream, GraphStreamOptions } from './training/graph/graph-stream.js';
export type { ModelGraph } from './training/graph/model-graph.js';
export type { SeveralValues } from './training/graph/packed-steps.js';
export { type ReplaceLayer, replaceLayers } from './training/graph/replace-layers.js';
export type { SymbolicTensors } from './training/graph/symbolic-arrangement.js';
export type { History } from './training/history.js';
export type { ModelData, OneArray, ShapedNumbers, TypedNumbers } from './training/host-data.js';
export {
  type LayerConfig,
  type LayerMaker,
  layerFromConfig,
  modelFromConfig,
  registerLayer,
} from './training/layer-registry.js';
export {
  type LearningRateCurve,
  type LearningRateSuggestions,
  suggestLearningRates,
} from './training/learning-rate-curve.js';
export type { LossFunction, LossName, RegisteredLosses } from './training/losses/index.js';
export * as losses from './training/losses/index.js';
export type { MetricName, RegisteredMetrics } from './training/metrics/index.js';
export * as metrics from './training/metrics/index.js';
// Models and training
export { Model, type ModelOptions } from './training/model.js';
export type { ModelOutput } from './training/model-outputs.js';
export type { ModelStream, Stepped, StepValues, StreamOptions } from './training/model-stream.js';
export type {
  CheckpointOptions,
  DatasetFitOptions,
  FitOptions,
  Trainable,
  ValidationData,
} from './training/model-training.js';
export type { NamedWeights } from './training/model-weights.js';
export * as optimizers from './training/optimizers/index.js';
export type { PredictOptions } from './training/prediction.js';
export * from './training/pruning/index.js';
export type { ClassWeight, GivenClassWeight } from './training/sample-weights.js';
export * as schedules from './training/schedules.js';
export { Sequential, type SequentialOptions } from './training/sequential.js';
export type { RunIdentity, TrainingSnapshot } from './training/snapshot.js';
export type { TrainBatchOptions } from './training/train-batch.js';
// Searching for hyper-parameters
export { parseSearch } from './tuning/parse-search.js';
export { sampleTrials } from './tuning/sample-trials.js';
export type {
  Choices,
  NumberRange,
  SearchDimension,
  SearchSpace,
  SearchValue,
  TrialValues,
} from './tuning/search-space.js';
export { pendingRuns, type Run, type RunResult, rankTrials, type SearchRungs } from './tuning/search-state.js';
export { type HalvingOptions, halvingRungs, type Rung } from './tuning/successive-halving.js';
