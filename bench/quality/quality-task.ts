/** What both libraries read: settings and data of a task, as plain JSON. */
export interface TaskData {
  /** Passes over the training part. */
  readonly epochs: number;
}

/** A model with its data, built by Rondo or by its peer and trained once. */
export interface Trainee {
  readonly numParameters: number;
  /** The loss without dropout before the first step. */
  initialLoss(): Promise<number>;
  train(): Promise<TrainingRun>;
  /** Of the held-out part, after training. */
  scores(): Promise<Record<string, number>>;
}

export interface TrainingRun {
  /** All steps with the making of their batches; nothing before the first step, no evaluation. */
  readonly trainMs: number;
  /** Processor time of all the process's threads meanwhile, which other processes disturb less. */
  readonly cpuMs: number;
  /** After each of the first steps: the mean training loss so far. */
  readonly meanLosses: readonly number[];
}

/** One model that Rondo and PyTorch train on the same data. */
export interface QualityTask {
  readonly name: string;
  readonly defaultEpochs: number;
  /** The files it reads. */
  readonly files: readonly string[];
  /** What `scores` has, in words for the report. */
  readonly scoreTitles: Readonly<Record<string, string>>;
  /** Reads and encodes the data. @param share how much of them, for trials */
  prepare(share: number, epochs: number): Promise<TaskData>;
  /** Rondo's side; seeded by the caller. */
  build(data: TaskData): Trainee;
}

/** So many steps of the first epoch are reported. */
export const REPORTED_STEPS = 100;
