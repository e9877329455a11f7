import type { OnnxFile } from './onnx-file.js';
import type { RecurrentNode } from './recurrent-node.js';

/**
 * What looks wrong in a file: GRU nodes whose reset gate acts before the product with the state (`linear_before_reset` 0)
 * though the net that they stand for most probably has it after, as those of PyTorch all have and those of Keras by default.
 * Some versions of exporters leave the attribute out (microsoft/onnxscript#2852, pytorch/pytorch#189225).
 */
export function suspicions({ producer, producerVersion }: OnnxFile, nodes: readonly RecurrentNode[]): string[] {
  const isPyTorch = /^(pytorch|torch)/i.test(producer);
  return nodes.flatMap(({ node, hasCandidateBias }) => {
    if (node.operator !== 'GRU' || node.integer('linear_before_reset', 0) !== 0) return [];
    const from = `${producer} ${producerVersion}`.trim().slice(0, 100);
    const reason = isPyTorch
      ? `the file is from ${from}, whose GRU has the reset gate after the product with the state`
      : 'the candidate has a recurrent bias, as one with the reset gate after the product has, and this one has no need of';
    if (!isPyTorch && !hasCandidateBias) return [];
    return [
      `${node.where}: linear_before_reset is 0, but ${reason}; its numbers are probably wrong. ` +
        'Set linear_before_reset to 1 in the file, or export it with another version of the exporter.',
    ];
  });
}
