import { RondoError, requireKind, unknownName } from '../errors.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import {
  type Applicable,
  type CallOptions,
  type InGraph,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  type Symbolic,
  singleInput,
} from './layer.js';
import { clearMasked, setMask } from './mask.js';
import {
  type GivenStates,
  type LayerRun,
  type RecurrentCallOptions,
  RecurrentLayer,
  type StatesOf,
} from './recurrent-layer.js';

const mergeModes = ['concat', 'sum', 'mul', 'ave', 'none'] as const;
export type MergeMode = (typeof mergeModes)[number];

export interface BidirectionalOptions<
  Merge extends MergeMode = MergeMode,
  ReturnState extends boolean = boolean,
  State extends string = string,
> extends LayerOptions {
  /** Runs forwards; a copy of it, with weights of its own, runs backwards. */
  layer: RecurrentLayer<ReturnState, State>;
  /** The layer to run backwards, where it is not to be a copy. */
  backwardLayer?: RecurrentLayer<boolean> | undefined;
  /** How both outputs become one; `none` returns both. Default concat. */
  mergeMode?: Merge | undefined;
}

/** One of the two directions of time each. */
type Directions<Value> = Readonly<Record<'forward' | 'backward', Value>>;

type Merged<Merge extends MergeMode> = Merge extends 'none' ? readonly [forward: Tensor, backward: Tensor] : Tensor;

/** What a Bidirectional returns whose layers have `returnState`. */
export interface BidirectionalStates<Merge extends MergeMode = MergeMode, State extends string = string>
  extends Directions<StatesOf<Tensor, State>> {
  readonly output: Merged<Merge>;
}

/** States to start from, for each direction. */
export interface BidirectionalCallOptions<State extends string = string> extends CallOptions {
  initialState?: Partial<Directions<RecurrentCallOptions<State>['initialState']>> | undefined;
}

/** A layer whose `returnState` is known as a boolean alone counts as one without it. */
type Returned<Merge extends MergeMode, ReturnState extends boolean, State extends string> = [ReturnState] extends [true]
  ? BidirectionalStates<Merge, State>
  : Merged<Merge>;

/**
 * Runs a recurrent layer in both directions of time and merges the outputs, each at the step it belongs to. Schuster
 * and Paliwal 1997, "Bidirectional recurrent neural networks". With `returnSequences`, masked steps are zeros, as in
 * Keras.
 */
export class Bidirectional<
  Merge extends MergeMode = 'concat',
  ReturnState extends boolean = false,
  State extends string = string,
> extends Layer<Returned<Merge, ReturnState, State>> {
  readonly className = 'Bidirectional';
  readonly forwardLayer: RecurrentLayer<boolean>;
  readonly backwardLayer: RecurrentLayer<boolean>;
  readonly mergeMode: MergeMode;
  protected override readonly passesMask: boolean;
  protected override readonly callOptions = ['training', 'mask', 'initialState'];

  constructor(options: BidirectionalOptions<Merge, ReturnState, State>) {
    super('Bidirectional', { ...options, inputShape: options.inputShape ?? options.layer?.givenInputShape?.slice(1) }, [
      'layer',
      'backwardLayer',
      'mergeMode',
    ]);
    this.mergeMode = options.mergeMode ?? 'concat';
    if (!mergeModes.includes(this.mergeMode))
      throw unknownName('Bidirectional', 'mergeMode', this.mergeMode, mergeModes);
    const { layer } = options;
    requireKind(layer instanceof RecurrentLayer && layer.getConfig().goBackwards !== true, layer, {
      where: 'Bidirectional',
      what: '`layer` is no recurrent layer that runs forwards.',
      fix: 'give an LSTM, GRU, SimpleRNN or RNN without goBackwards; its copy runs backwards.',
    });
    this.forwardLayer = layer;
    this.backwardLayer = options.backwardLayer ?? this.forwardLayer.copy();
    const { forwardLayer, backwardLayer } = this;
    if (
      forwardLayer.returnSequences !== backwardLayer.returnSequences ||
      forwardLayer.returnState !== backwardLayer.returnState
    ) {
      throw new RondoError('USAGE', {
        where: 'Bidirectional',
        what: 'the two layers return different things.',
        expected: 'equal returnSequences and returnState',
        fix: 'give both layers the same options.',
      });
    }
    this.passesMask = forwardLayer.returnSequences;
  }

  override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
    return new Map<string, Layer<unknown>>([
      ['forward', this.forwardLayer],
      ['backward', this.backwardLayer],
    ]);
  }

  override withSublayers(inside: ReadonlyMap<string, Layer<unknown>>): Layer<unknown> {
    const [layer, backwardLayer] = ['forward', 'backward'].map((name) => inside.get(name) as RecurrentLayer<boolean>);
    return new Bidirectional({ ...(this.getConfig() as object), layer, backwardLayer });
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    const forward = this.forwardLayer.computeOutputShape(inputShape);
    const backward = this.backwardLayer.computeOutputShape(inputShape);
    if (this.mergeMode === 'concat') return [...forward.slice(0, -1), forward.at(-1)! + backward.at(-1)!];
    if (forward.at(-1) !== backward.at(-1) && this.mergeMode !== 'none') {
      throw new RondoError('SHAPE_MISMATCH', {
        where: 'Bidirectional',
        what: `mergeMode \`${this.mergeMode}\` needs equally wide outputs.`,
        expected: `${forward.at(-1)} units in both directions`,
        received: `${backward.at(-1)}`,
        fix: "use mergeMode: 'concat', or equal units.",
      });
    }
    return forward;
  }

  override build(inputShape: OpenShape): void {
    this.forwardLayer.ensureBuilt(inputShape);
    this.backwardLayer.ensureBuilt(inputShape);
  }

  override apply(
    inputs: Tensor | readonly Tensor[],
    options?: BidirectionalCallOptions<State>,
  ): Returned<Merge, ReturnState, State>;
  override apply<Edge extends Symbolic, Given>(
    this: Layer<Given>,
    inputs: Edge | readonly Edge[],
    options?: { initialState?: Directions<GivenStates<Edge, State>> | undefined },
  ): InGraph<Given, Edge>;
  override apply(inputs: Applicable | readonly Applicable[], options?: BidirectionalCallOptions): unknown {
    return super.apply(inputs as Tensor, options);
  }

  override call(
    inputs: Tensor | readonly Tensor[],
    options: BidirectionalCallOptions,
  ): Returned<Merge, ReturnState, State> {
    const input = singleInput(this.name, inputs);
    const run = (
      layer: RecurrentLayer<boolean>,
      initialState: RecurrentCallOptions['initialState'],
      reverse: boolean,
    ): LayerRun => ({
      layer,
      input,
      options: { training: options.training, mask: options.mask, initialState },
      reverse,
      outputOrder: 'time',
    });
    const { forwardLayer, backwardLayer } = this;
    const [forward, backward] = RecurrentLayer.runTogether([
      run(forwardLayer, options.initialState?.forward, false),
      run(backwardLayer, options.initialState?.backward, true),
    ]);
    const outputs = [forward, backward].map(({ output }) =>
      this.passesMask ? clearMasked(output, options.mask) : output,
    );
    const output = this.#merge(outputs[0], outputs[1]);
    if (!this.forwardLayer.returnState) return output as Returned<Merge, ReturnState, State>;
    if (this.passesMask && !Array.isArray(output)) setMask(output as Tensor, options.mask);
    return { output, forward: forward.states, backward: backward.states } as unknown as Returned<
      Merge,
      ReturnState,
      State
    >;
  }

  override getConfig(): Record<string, Json | undefined> {
    const nested = (layer: RecurrentLayer<boolean>): Json => ({
      className: layer.className,
      config: layer.getConfig() as { [key: string]: Json },
    });
    return {
      ...this.baseConfig(),
      layer: nested(this.forwardLayer),
      backwardLayer: nested(this.backwardLayer),
      mergeMode: this.mergeMode,
    };
  }

  #merge(forward: Tensor, backward: Tensor): Tensor | readonly [Tensor, Tensor] {
    switch (this.mergeMode) {
      case 'concat':
        return ops.concatenate([forward, backward], -1);
      case 'sum':
        return ops.add(forward, backward);
      case 'mul':
        return ops.mul(forward, backward);
      case 'ave':
        return ops.mul(ops.add(forward, backward), 0.5);
      case 'none':
        return [forward, backward];
    }
  }
}
