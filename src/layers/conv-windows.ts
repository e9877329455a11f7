/** How a convolution moves along time. */
export interface ConvolutionSteps {
  readonly kernelSize: number;
  readonly strides: number;
  readonly dilationRate: number;
  readonly padding: ConvolutionPadding;
}

/**
 * `valid` reads only whole windows; `same` pads both ends with zeros (one more at the right where the number is odd) so
 * that stride 1 keeps the length; `causal` pads the left end, so that an output sees no later step.
 */
export type ConvolutionPadding = 'valid' | 'same' | 'causal';

/** Number of windows over `time` steps; 0 where none fits. */
export function countWindows(time: number, { kernelSize, strides, dilationRate, padding }: ConvolutionSteps): number {
  if (padding !== 'valid') return Math.ceil(time / strides);
  return Math.max(0, Math.ceil((time - dilationRate * (kernelSize - 1)) / strides));
}

/**
 * For each step of each window of `[batch, windows, kernelSize]`: its row in `[batch * time]`, -1 in the padding and
 * where masked.
 */
export function windowIndices(batch: number, time: number, steps: ConvolutionSteps, mask?: Uint8Array): Int32Array {
  const { kernelSize, strides, dilationRate } = steps;
  const windows = countWindows(time, steps);
  const start = -paddingBefore(time, windows, steps);
  const indices = new Int32Array(batch * windows * kernelSize);
  let i = 0;
  for (let b = 0; b < batch; b++) {
    for (let w = 0; w < windows; w++) {
      for (let k = 0; k < kernelSize; k++) {
        const t = start + w * strides + k * dilationRate;
        indices[i++] = t >= 0 && t < time && mask?.[b * time + t] !== 0 ? b * time + t : -1;
      }
    }
  }
  return indices;
}

/**
 * Which windows of `[batch, windows]` count, from the steps that do. Padding zeros at an end are part of `same` and
 * `causal`, so there a window stands for one step and counts where that does: its middle one, its last one. `valid`
 * reads only whole windows, so all steps of one must count. Masked steps at either end thus leave as many windows as
 * without them.
 */
export function windowMask(batch: number, time: number, steps: ConvolutionSteps, mask: Uint8Array): Uint8Array {
  const { kernelSize, strides, dilationRate, padding } = steps;
  const windows = countWindows(time, steps);
  const start = -paddingBefore(time, windows, steps);
  const reach = dilationRate * (kernelSize - 1);
  const own = padding === 'same' ? Math.floor(reach / 2) : reach;
  const deciding = padding === 'valid' ? Array.from({ length: kernelSize }, (_, k) => k * dilationRate) : [own];
  return Uint8Array.from({ length: batch * windows }, (_, i) => {
    const first = Math.floor(i / windows) * time + start + (i % windows) * strides;
    return deciding.every((offset) => mask[first + offset] === 1) ? 1 : 0;
  });
}

function paddingBefore(
  time: number,
  windows: number,
  { kernelSize, strides, dilationRate, padding }: ConvolutionSteps,
): number {
  const reach = dilationRate * (kernelSize - 1);
  if (padding === 'valid') return 0;
  if (padding === 'causal') return reach;
  return Math.floor(Math.max(0, (windows - 1) * strides + reach + 1 - time) / 2);
}
