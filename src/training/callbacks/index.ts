/** What can watch and steer training. */
export { AveragingTrigger, type AveragingTriggerOptions } from './averaging-trigger.js';
export type { Callback, CallbackState, Logs, Progress, StopReason, TrainingContext } from './callback.js';
export { CSVLogger } from './csv-logger.js';
export { EarlyStopping, type EarlyStoppingOptions } from './early-stopping.js';
export { LearningRateScheduler } from './learning-rate-scheduler.js';
export { ModelCheckpoint, type ModelCheckpointOptions } from './model-checkpoint.js';
export type { MonitorMode, MonitorOptions } from './monitor.js';
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './reduce-lr-on-plateau.js';
export { TensorBoard, type TensorBoardOptions } from './tensor-board.js';
