import type { Classifier } from '../../src/index.js';
import { counted, percent, shortNumber, withSeparators } from '../text-table.js';
import { trainingLines } from '../training-lines.js';
import { coverageLine } from '../vector-options.js';

/** What `rondo inspect` says of a classifier. */
export function aboutClassifier({ options, labels, encoder, data, calibration, outcome }: Classifier): string[] {
  const classes = labels.map((label, i) => `${label} (${withSeparators(data.classCounts[i])})`);
  const sample = encoder.vocabulary.tokens.slice(2, 14);
  const reading = Object.entries(data.reading).map(([name, value]) => `--${name} ${value}`);
  return [
    `task      ${labels.length} classes: ${classes.slice(0, 20).join(', ')}${classes.length > 20 ? ', ...' : ''}`,
    `tokens    ${withSeparators(encoder.size)} ${options.tokens}${options.lower ? ', lower-cased' : ''}, at ` +
      `most ${options.timesteps} of a text: ${sample.join(' ')} ...`,
    `trained   on ${counted(data.numTraining, 'text')}, chosen on ${withSeparators(data.numValidation)} ` +
      `more, ${withSeparators(data.numTest)} held out; pooling ` +
      `${options.pooling}${options.bidirectional ? ', in both directions' : ''}`,
    ...(data.vectors === null
      ? []
      : [`begun     with ${coverageLine(data.vectors)}${options.freezeVectors ? '; kept as they were' : ''}`]),
    ...(reading.length === 0 ? [] : [`reading   ${reading.join(' ')}`]),
    ...(calibration === undefined
      ? []
      : [
          `calibrated by temperature ${shortNumber(calibration.temperature)}: error ` +
            `${percent(calibration.errorBefore)} before, ${percent(calibration.errorAfter)} after`,
        ]),
    ...trainingLines(options, outcome),
  ];
}
