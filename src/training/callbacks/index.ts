/** What can watch and steer training. */

export type { Callback, TrainingContext } from '../model-training.js';
export { AverageCheckpoints, type AverageCheckpointsOptions } from './average-checkpoints.js';
export { AveragingTrigger, type AveragingTriggerOptions } from './averaging-trigger.js';
export type { CallbackState, Computation, Logs, Progress, StopReason } from './callback.js';
export { CSVLogger } from './csv-logger.js';
export { EarlyStopping, type EarlyStoppingOptions } from './early-stopping.js';
export { LearningRateScheduler } from './learning-rate-scheduler.js';
export { ModelCheckpoint, type ModelCheckpointOptions } from './model-checkpoint.js';
export type { MonitorMode, MonitorOptions } from './monitor.js';
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './reduce-lr-on-plateau.js';
export { SwapEMAWeights } from './swap-ema-weights.js';
export { TensorBoard, type TensorBoardOptions } from './tensor-board.js';
