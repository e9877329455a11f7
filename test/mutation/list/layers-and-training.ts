import { inFile, type Mutation } from '../mutation.js';

const [layers, losses, metrics, optimizers, fit] = [
  'test/conformance/layers.test.ts',
  'src/training/losses/losses.test.ts',
  'src/training/metrics/metrics.test.ts',
  'src/training/optimizers/optimizers.test.ts',
  'src/training/fit.test.ts',
];

export const layerAndTrainingMutations: readonly Mutation[] = [
  ...inFile(
    'src/layers/merge.ts',
    ['src/layers/merge.test.ts', 'test/conformance/merging.test.ts'],
    [
      ['a step counts where it counts in every input', 'merged[at] |= masks', 'merged[at] &= masks'],
      [
        'vectors get their axes behind the features',
        'return [batch, ...new Array<1>(rank - 1 - axes.length).fill(1), ...axes];',
        'return [batch, ...axes, ...new Array<1>(rank - 1 - axes.length).fill(1)];',
      ],
    ],
  ),
  ...inFile(
    'src/layers/dot.ts',
    ['test/conformance/merging.test.ts'],
    [
      ['vectors keep their length', 'return this.normalize ?', 'return !this.normalize ?'],
      [
        'the axis of the first is taken for both',
        '[this.axes, this.axes] : this.axes;',
        '[this.axes, this.axes] : [this.axes[0], this.axes[0]];',
      ],
    ],
  ),
  ...inFile(
    'src/layers/softmax.ts',
    ['src/layers/merge.test.ts', layers],
    [
      [
        'masked steps share',
        'return ops.reshape(applyPointwise(hiddenScore,',
        'return input ?? ops.reshape(applyPointwise(hiddenScore,',
      ],
      ['masked steps alone have shares', 'return clearMasked(shares, mask);', 'return shares;'],
    ],
  ),
  ...inFile(
    'src/layers/resampled-steps.ts',
    [layers, 'src/training/masks-of-layers.test.ts'],
    [
      ['steps are read from the sequence beside', 'source >= 0 && source < time ?', 'source >= 0 ?'],
      ['a mask stays where it was', '(row < 0 ? 0 : mask[row])', '(row < 0 ? 1 : mask[row])'],
    ],
  ),
  ...inFile(
    'src/layers/average-pooling-1d.ts',
    [layers],
    [['steps beyond the end count in the mean', 'count === 0 ? 0 : 1 / count', 'count === 0 ? 0 : 1 / size']],
  ),
  ...inFile(
    'src/training/graph/functional.ts',
    ['src/training/graph/functional.test.ts'],
    [
      ['a layer that is applied twice joins twice', 'if (this.#nameOf.has(layer)) return;', ''],
      [
        'an output that another layer reads is computed twice',
        'filter((node) => node.layer.callHead && !read.has(node))',
        'filter((node) => node.layer.callHead)',
      ],
      [
        'shapes are not looked at again',
        'for (const [path, shape] of leavesByPath(outputShapesOf(node, given, nameOf), isShape))',
        'for (const [path, { shape }] of node.outputs)',
      ],
    ],
  ),
  ...inFile(
    'src/layers/symbolic-states.ts',
    ['src/training/graph/graph-states.test.ts'],
    [
      ['a layer begins with zeros', '{ inputs: inputs[0], initialState };', '{ inputs: inputs[0] };'],
      ['states of another width are taken', 'units === expected[i].units;', 'units !== expected[i].units + 99;'],
    ],
  ),
  ...inFile(
    'src/layers/symbolic-states.ts',
    ['src/training/graph/several-outputs.test.ts'],
    [
      [
        'both directions are of one width',
        '[forwardLayer, backwardLayer].map((each)',
        '[forwardLayer, forwardLayer].map((each)',
      ],
    ],
  ),
  ...inFile(
    'src/training/graph/begun-inside.ts',
    ['src/training/graph/begun-inside.test.ts'],
    [['a model begins at the inputs of the other', 'node.inputs.length === 0 ? tensor', 'true ? tensor']],
  ),
  ...inFile(
    'src/training/graph/drawing/layered-layout.ts',
    ['src/training/graph/drawing/layered-layout.test.ts'],
    [
      ['boxes meet', 'last.sum / last.items.length > block.sum', 'last.sum / last.items.length > 99 + block.sum'],
      ['edges cross', 'if (crossings < fewest)', 'if (crossings > fewest || sweep === 0)'],
      ['chains bend', 'if (from <= to)', 'if (from > to)'],
      ['a box may stand beside what it reads', 'layer[from] + 1);', 'layer[from]);'],
    ],
  ),
  ...inFile(
    'src/training/graph/drawing/svg.ts',
    ['src/training/graph/drawing/draw-model.test.ts'],
    [
      ['names may hold markup', "'&': '&amp;', '<': '&lt;'", "'&': '&amp;', '<': '<'"],
      ['control characters stay', '\\p{Cc}', ''],
    ],
  ),
  ...inFile(
    'src/training/graph/drawing/masked-tensors.ts',
    ['src/training/graph/drawing/draw-model.test.ts'],
    [['a drawing forgets carried states', 'restore();', '']],
  ),
  ...inFile(
    'src/training/graph/replace-layers.ts',
    ['src/training/graph/replace-layers.test.ts'],
    [
      ['a layer that is shared is replaced twice', 'if (before !== undefined) return before;', ''],
      ['replacements may have another shape', 'one.length === other?.length &&', ''],
      ['an axis may be another', 'axis === other[i] ||', 'axis !== other[i] ||'],
      ['wrappers are not gone into', 'if (wrap === undefined) return layer;', 'return layer;'],
      ['both directions get the forward layer', 'backwardLayer: backward }', 'backwardLayer: forward }'],
      ['a table is left behind', 'this.#done.get(layer) !== layer) continue;', 'true) continue;'],
    ],
  ),
  ...inFile(
    'src/training/graph/run-node.ts',
    ['src/training/graph/functional.test.ts'],
    [
      [
        'layers do not know that they are in training',
        'options: { training, ...states }',
        'options: { training: training && undefined, ...states }',
      ],
      [
        'masks of a layer reach others',
        'withOwnMasks(receivedBy(node.inputs, values), () =>',
        '((_: unknown, work: () => ReadonlyMap<string, Tensor>) => work())(receivedBy(node.inputs, values), () =>',
      ],
    ],
  ),
  ...inFile(
    'src/training/graph/graph-stepper.ts',
    ['src/training/graph/graph-stepper.test.ts', 'src/training/graph/graph-stream.test.ts'],
    [
      ['an embedding may read what a layer gives', 'else if (host.has(edge)) host', 'else if (true) host'],
      ['layers that merge get one input alone', 'stepper.step(input, ...others);', 'stepper.step(input);'],
      ['a model inside hides steps that change later', "readsMixed && pace === 'step' ? 'mixed' : pace", 'pace'],
      ['a stream begins with zeros', 'if (!this.#hasInitialStates) return;', 'return;'],
      [
        'states are those of the step before',
        '[result as Tensor, ...stepper',
        '[result as Tensor, result as Tensor, ...stepper',
      ],
      [
        'a recurrent layer takes steps that change later',
        'if (isMixed && this.stepper.states.size > 0)',
        'if (isMixed && this.stepper.states.size > 9)',
      ],
      ['a chain is not looked into', 'return states.size > 0 && isInside(layer);', 'return isInside(layer) && false;'],
      [
        'steps inside of steps count as last steps',
        'return states.size > 0 && isInside(layer);',
        'return isInside(layer);',
      ],
      ['steps meet what stays over all of them', 'if (shape[1] === 1) return;', 'return;'],
    ],
  ),
  ...inFile(
    'src/training/graph/fixed-part.ts',
    ['src/training/graph/graph-stream.test.ts'],
    [
      ['what stays loses its mask', 'replaceMask(variable, stillMaskOf(value));', ''],
      ['a recording keeps the mask of before', '&& isSameMask(stillMaskOf(before), stillMaskOf(value))', ''],
      ['what no step reads any more stays in memory', 'before === variable ? [] : [before]', 'true ? [] : [before]'],
    ],
  ),
  ...inFile(
    'src/layers/carried-states.ts',
    ['src/training/graph/graph-stream-states.test.ts'],
    [['a stream carries states of layers on', 'return depth === 0;', 'return true;']],
  ),
  ...inFile(
    'src/training/graph/host-inputs.ts',
    ['src/training/graph/graph-stepper.test.ts'],
    [['an input is read in two ways', 'if (!this.#isComputedWith[place]) return', 'return']],
  ),
  ...inFile(
    'src/training/graph/graph-stream.ts',
    ['src/training/graph/graph-stream.test.ts'],
    [
      ['a recording reads what is no longer there', 'if (unread.length > 0) this.forget();', ''],
      ['a reset keeps the states', 'super.reset();', ''],
      [
        'what stays is that of old weights',
        '() => this.#steps.hold(whole)',
        '() => (whole ? this.#steps.hold(whole) : [])',
      ],
    ],
  ),
  ...inFile(
    'src/training/graph/packed-steps.ts',
    ['src/training/graph/graph-stream.test.ts'],
    [
      [
        'inputs by name come in their order',
        'return names.map((name) => named[name]);',
        'return Object.values(named);',
      ],
      [
        'a stream is spread into one with other fixed inputs',
        'this.#inputs.every(({ isFixed }, i) => isFixed === other.#inputs[i].isFixed)',
        'other !== undefined',
      ],
    ],
  ),
  ...inFile(
    'src/layers/dot.ts',
    ['src/training/graph/graph-stream.test.ts'],
    [['a stream sums over time', '|| isSummed)', ')']],
  ),
  ...inFile(
    'src/training/graph/ordered-nodes.ts',
    ['src/training/graph/functional.test.ts'],
    [['an input may lead nowhere', 'if (unused === undefined) return', 'if (unused === undefined || true) return']],
  ),
  ...inFile(
    'src/training/graph/functional-from-config.ts',
    ['src/training/graph/functional-from-config.test.ts'],
    [
      ['a node may read what stands after it', '!before.has(name));', '!all.has(name));'],
      ['layers may run without an end', 'if (all > mostRuns)', 'if (all > mostRuns && all < 0)'],
    ],
  ),
  ...inFile(
    'src/layers/dropout-mask.ts',
    ['src/layers/dropout.test.ts'],
    [
      [
        'what dropout keeps is not scaled',
        'bernoulli(shape, 1 - rate, 1 / (1 - rate))',
        'bernoulli(shape, 1 - rate, 1)',
      ],
      ['dropout keeps what it should drop', 'bernoulli(shape, 1 - rate,', 'bernoulli(shape, rate,'],
    ],
  ),
  ...inFile(
    'src/layers/embedding.ts',
    ['src/layers/embedding.test.ts', layers],
    [
      ['index 0 is never masked', 'index === 0 ? 0 : 1', '1'],
      [
        'an index at the end of the table is accepted',
        'index >= 0 && index < this.inputDim &&',
        'index >= 0 && index <= this.inputDim &&',
      ],
    ],
  ),
  ...inFile(
    'src/layers/conv-windows.ts',
    [layers, 'src/layers/conv-1d.test.ts'],
    [
      [
        'causal windows see the future',
        "if (padding === 'causal') return reach;",
        "if (padding === 'causal') return reach - 1;",
      ],
      ['windows read into the next sequence', 't < time && mask', 'b * time + t < batch * time && mask'],
      ['dilation is left out', 'k * dilationRate;', 'k;'],
    ],
  ),
  ...inFile(
    'src/layers/global-average-pooling-1d.ts',
    [layers, 'src/layers/mask.test.ts'],
    [['masked steps count in the mean', 'row[t] = step / count', 'row[t] = step / time']],
  ),
  ...inFile(
    'src/layers/masking.ts',
    ['src/layers/mask.test.ts', layers],
    [
      [
        'a step is masked where any feature is the mask value',
        'mask[Math.floor(i / features)] = 1;',
        'mask[Math.floor(i / features)] = Number(i % features === 0);',
      ],
    ],
  ),
  ...inFile(
    'src/layers/constraints.ts',
    ['src/layers/weight-rules.test.ts', optimizers],
    [
      ['the largest norm is the smallest', '(norm) => min(norm, maxValue)', '(norm) => max(norm, maxValue)'],
      ['negative weights stay', "max(leaf('weight'), 0)", "leaf('weight')"],
    ],
  ),
  ...inFile(
    'src/layers/attention-pooling-1d.ts',
    ['src/layers/attention-pooling-1d.test.ts'],
    [
      [
        'masked steps get attention',
        'mul(exp(sub(kept, detach(rowMax(kept)))), counts)',
        'exp(sub(kept, detach(rowMax(kept))))',
      ],
      [
        'attention weighs the steps of another sequence',
        'ops.reshape(this.#weigh(input, mask), [batch, 1, time])',
        'ops.reshape(ops.reverse(this.#weigh(input, mask), 0), [batch, 1, time])',
      ],
    ],
  ),
  ...inFile(
    'src/layers/activation-penalty.ts',
    ['src/layers/activation-penalty.test.ts'],
    [['the change is taken over two steps', 'ops.slice(input, 1, 1, time)', 'ops.slice(input, 1, 0, time - 1)']],
  ),
  ...inFile(
    'src/layers/chrono.ts',
    ['src/layers/initializers.test.ts'],
    [
      ['input gates begin open', 'units + unit] = -bias;', 'units + unit] = bias;'],
      ['times are spread to one step more', 'maxTimesteps - 2', 'maxTimesteps + 20'],
    ],
  ),
  ...inFile(
    'src/layers/adaptive-softmax.ts',
    ['src/layers/adaptive-softmax.test.ts'],
    [
      ['the first class of a cluster is in the cluster before', 'label >= first', 'label > first'],
      ['clusters share one place in the head', 'shortlist + i, shortlist + i + 1', 'shortlist, shortlist + 1'],
      ['a cluster reads labels that are not its own', 'labels[row] - first', 'labels[row] - first + 1'],
    ],
  ),
  ...inFile(
    'src/layers/recurrent-layer.ts',
    ['test/conformance/laws.test.ts', layers],
    [
      ['states of a stateful layer are not carried', 'if (layer.stateful) layer.#carry(results[i].states);', ''],
      ['a lower cell gives its last step only', 'isTop ? layer.returnSequences : true', 'layer.returnSequences'],
    ],
  ),
  ...inFile(
    'src/training/losses/regression.ts',
    [losses],
    [
      ['huber is linear inside', 'select(greater(distance, delta),', 'select(greater(delta, distance),'],
      ['log cosh overflows on one side', 'softplus(mul(-2, sub(p, t)))', 'softplus(mul(2, sub(p, t)))'],
      [
        'Kullback and Leibler are turned around',
        'log(div(target, min(max(p, EPSILON), 1)))',
        'log(div(min(max(p, EPSILON), 1), target))',
      ],
      ['poisson lacks its prediction', 'sub(p, mul(t, log(add(p, EPSILON))))', 'neg(mul(t, log(add(p, EPSILON))))'],
    ],
  ),
  ...inFile(
    'src/training/losses/crossentropy.ts',
    [losses],
    [
      ['smoothing moves to one class', 'div(smoothing, columns))', 'smoothing)'],
      ['smoothing of two classes is twice too strong', 'mul(0.5, smoothing)', 'smoothing'],
      ['clipping keeps a probability of 1', 'min(max(p, EPSILON), 1 - EPSILON)', 'min(max(p, EPSILON), 1)'],
      [
        'probabilities that do not sum to 1 are taken as they are',
        'log(clipped(div(p, rowSum(p))))',
        'log(clipped(p))',
      ],
    ],
  ),
  ...inFile(
    'src/training/losses/quantile.ts',
    [losses],
    [
      [
        'quantiles are turned around',
        'max(mul(q, error), mul(sub(q, 1), error))',
        'max(mul(sub(1, q), error), mul(neg(q), error))',
      ],
    ],
  ),
  ...inFile(
    'src/training/losses/loss.ts',
    [losses],
    [
      [
        'a mean over features is a sum',
        'div(rowSum(element(t, p, numbers)), numbers.columns)',
        'rowSum(element(t, p, numbers))',
      ],
    ],
  ),
  ...inFile(
    'src/training/metrics/auc.ts',
    [metrics],
    [
      [
        'equal scores are points of their own',
        'const isLastOfEqual = i + 1 === order.length || this.#score[order[i + 1]] !== this.#score[at];',
        'const isLastOfEqual = true;',
      ],
      [
        'a threshold belongs to the bucket above',
        'Math.ceil(inside * (this.#numThresholds - 1)) - 1',
        'Math.floor(inside * (this.#numThresholds - 1))',
      ],
      ['the area of precision lacks its logarithm', 'intercept * Math.log(above / below)', 'intercept'],
    ],
  ),
  ...inFile(
    'src/training/metrics/class-counts.ts',
    [metrics],
    [
      [
        'macro is weighted',
        "average === 'weighted' ? truePositives + falseNegatives : 1",
        'truePositives + falseNegatives',
      ],
      [
        'f1 counts false positives twice',
        '(2 * truePositives) / (2 * truePositives + falsePosi',
        '(2 * truePositives) / (2 * truePositives + 2 * falsePosi',
      ],
      [
        'a score at the threshold is predicted',
        "> (threshold === 'largest' ? 0.5 : threshold)",
        ">= (threshold === 'largest' ? 0.5 : threshold)",
      ],
    ],
  ),
  ...inFile(
    'src/training/metrics/forecast.ts',
    [metrics],
    [
      [
        'the scale compares neighbours whatever the season',
        'series[i] - series[i - seasonality]',
        'series[i] - series[i - 1]',
      ],
      ['the scale divides by all values', 'return sum / count;', 'return sum / series.length;'],
      ['smape is half as large', '(200 * Math.abs(t - p))', '(100 * Math.abs(t - p))'],
    ],
  ),
  ...inFile(
    'src/training/metrics/r2-score.ts',
    [metrics],
    [['the spread uses the old mean twice', 'w * distance * (yTrue.data[i] - output.mean)', 'w * distance * distance']],
  ),
  ...inFile('src/training/metrics/metric.ts', [metrics], [['padding is added', 'if (weight === 0) return;\n', '']]),
  ...inFile(
    'src/training/optimizers/adam.ts',
    [optimizers],
    [
      [
        'the correction of the start is left out',
        '(learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step)',
        'learningRate',
      ],
      [
        'the two decays are exchanged',
        'sub(square(gradient), slots.velocity), 1 - beta2)',
        'sub(square(gradient), slots.velocity), 1 - beta1)',
      ],
      ['amsgrad forgets the largest', 'max(slots.velocityHat, velocity)', 'velocity'],
      [
        'epsilon stands under the root',
        'add(sqrt(velocityHat ?? velocity), epsilon)',
        'sqrt(add(velocityHat ?? velocity, epsilon))',
      ],
    ],
  ),
  ...inFile(
    'src/training/optimizers/nadam.ts',
    [optimizers],
    [
      [
        'the momentum looks one step less ahead',
        'const next = momentumAt(step + 1);',
        'const next = momentumAt(step);',
      ],
    ],
  ),
  ...inFile(
    'src/training/batch-loss.ts',
    ['src/training/fused-softmax.test.ts'],
    [['validation smooths labels too', 'training ? given : (given.inEvaluation ?? given)', 'given']],
  ),
  ...inFile(
    'src/training/callbacks/average-checkpoints.ts',
    ['src/training/callbacks/averaged-weights.test.ts', 'src/training/snapshot.test.ts'],
    [
      ['training goes on with the mean of checkpoints', 'return () => model.setWeights(own);', 'return () => {};'],
      ['the best weights give way to the last mean', 'if (isSame(await readWeights(model), last)) ', ''],
      ['a resumed training has forgotten its checkpoints', 'this.#isResumed = true;', ''],
    ],
  ),
  ...inFile(
    'src/training/callbacks/validated-averages.ts',
    ['src/training/callbacks/averaged-weights.test.ts'],
    [['training goes on with moving averages', 'takeBack?.();', '']],
  ),
  ...inFile(
    'src/training/callback-list.ts',
    ['src/training/callbacks/averaged-weights.test.ts'],
    [['a validation that fails leaves averages in the model', 'await this.validationStopped(epoch);', '']],
  ),
  ...inFile(
    'src/training/optimizers/averaged-sgd.ts',
    [optimizers],
    [
      [
        'averages begin one step early',
        'Math.max(1, before - counters.averagingStart)',
        'Math.max(1, step - counters.averagingStart)',
      ],
    ],
  ),
  ...inFile(
    'src/training/optimizers/optimizer.ts',
    [optimizers],
    [
      [
        'accumulated gradients are summed and not averaged',
        'isUpdate && this.#accumulatedCount > 0 ? 1 / this.#accumulatedCount : 1',
        '1',
      ],
      ['excluded weights decay', 'const decay = isDecayed ?', 'const decay = true ?'],
      ['gradients are clipped each by the norm of all', "common.clip?.kind === 'norm' ? i : undefined", 'undefined'],
      ['accumulated gradients stay after an update', 'for (const sum of effective) clear(sum, isFinite);', ''],
    ],
  ),
  ...inFile(
    'src/training/optimizers/row-update.ts',
    ['src/training/optimizers/row-update.test.ts'],
    [['rows are added to what they were', 'for (const target of [before, after])', 'for (const target of [after])']],
  ),
  ...inFile(
    'src/training/schedules.ts',
    ['src/training/schedules.test.ts', optimizers],
    [
      ['a boundary belongs to the next piece', 'step <= boundary', 'step < boundary'],
      [
        'a decay goes on after its end',
        'Math.min(step - warmupSteps, decaySteps) / decaySteps',
        '(step - warmupSteps) / decaySteps',
      ],
      ['a staircase is a slope', 'staircase ? Math.floor(decays) : decays', 'decays'],
      [
        'restarts are as high as the first',
        'for (; step >= start + length; height *= mMul)',
        'for (; step >= start + length; height *= 1)',
      ],
      ['the cycle ends at its first rate', 'initial / finalDivFactor', 'initial'],
    ],
  ),
  ...inFile(
    'src/training/array-source.ts',
    [fit],
    [
      ['a shuffle ignores the seed', "new Random(seed, 'shuffle')", "new Random(0, 'shuffle')"],
      [
        'the last partial batch is dropped',
        'if (start >= numRows) return undefined;',
        'if (start + batchSize > numRows) return undefined;',
      ],
    ],
  ),
  ...inFile(
    'src/training/rows.ts',
    [fit],
    [
      [
        'gathered rows begin at the row of their place',
        'const row = order[i] * width;',
        'const row = (width === 1 ? order[i] : i) * width;',
      ],
    ],
  ),
  ...inFile(
    'src/training/sample-weights.ts',
    [fit],
    [
      ['a class that is not named weighs nothing', 'classWeight[label] ?? 1', 'classWeight[label] ?? 0'],
      [
        'a sample weight is that of the next sample',
        'coarse.data[Math.floor(i / repeat)]',
        'coarse.data[Math.min(coarse.data.length - 1, Math.ceil(i / repeat))]',
      ],
    ],
  ),
  ...inFile(
    'src/training/fit-run.ts',
    [fit, 'src/training/snapshot.test.ts'],
    [
      [
        'validation takes rows that were trained on',
        'sliceBatch(all, numTraining, all.numRows)',
        'sliceBatch(all, numTraining - 1, all.numRows)',
      ],
      [
        "the first epoch's order is that of all epochs",
        'this.#seed = this.#model.random.uint32();',
        'this.#seed = 12345;',
      ],
      ['metrics of an epoch begin with those of the one before', 'this.#logs?.reset();', ''],
      [
        'carried states of training go on in validation',
        'withFreshStates(this.#model, () => evaluateSource',
        '((_: unknown, work: () => Promise<Logs>) => work())(this.#model, () => evaluateSource',
      ],
    ],
  ),
  ...inFile(
    'src/training/callbacks/early-stopping.ts',
    ['src/training/callbacks/callbacks.test.ts'],
    [
      ['waiting is never over', 'this.#numWaited = 0;\n      return;', 'return;'],
      [
        'patience is one epoch shorter',
        'this.#numWaited < this.#patience ||',
        'this.#numWaited < this.#patience - 1 ||',
      ],
    ],
  ),
  ...inFile(
    'src/training/callbacks/reduce-lr-on-plateau.ts',
    ['src/training/callbacks/callbacks.test.ts'],
    [['the cooldown is left out', 'this.#numCooling = this.#cooldown;', 'this.#numCooling = 0;']],
  ),
];
