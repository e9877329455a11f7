import type { Callback, CallbackState } from '../src/index.js';

/**
 * Two callbacks as one with the name of the first, which is what a checkpoint knows: a run may be resumed with or
 * without the second. The first keeps no state.
 */
export function watchingToo(first: Callback, second: Callback | undefined): Callback {
  if (second === undefined) return first;
  return {
    name: first.name,
    onTrainBegin: (context) => second.onTrainBegin?.(context),
    onEpochBegin: (epoch, context) => first.onEpochBegin?.(epoch, context),
    onBatchEnd: (progress, context) => {
      void first.onBatchEnd?.(progress, context);
      return second.onBatchEnd?.(progress, context);
    },
    onEpochEnd: (epoch, logs, context) => {
      void first.onEpochEnd?.(epoch, logs, context);
      return second.onEpochEnd?.(epoch, logs, context);
    },
    getState: () => second.getState?.() ?? { values: {} },
    setState: (state: CallbackState) => second.setState?.(state),
  };
}
