import type { Expression } from '../../expression/build.js';

/** When an update happens. */
export interface Moment {
  /** The number of this update, from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Numbers of the rule that go from update to update; may be changed. */
  readonly counters: Record<string, number>;
}

/** What an update is written with. Every value is an expression of one element of one weight. */
export interface UpdateContext {
  /** After clipping. */
  readonly gradient: Expression;
  /** After weight decay. */
  readonly weight: Expression;
  /** By name: the weight's state before this update. */
  readonly slots: Readonly<Record<string, Expression>>;
  /** By name: what {@link UpdateRule.scalars} returned. */
  readonly scalars: Readonly<Record<string, Expression>>;
}

/** An optimizer as its equations: from gradient, weight and state to the next weight and state, element by element. */
export interface UpdateRule {
  readonly name: string;
  /** The rule's own options, as they are stored. */
  readonly config: Readonly<Record<string, unknown>>;
  /** State of every weight by name, and the value it starts with. */
  readonly slots: Readonly<Record<string, number>>;
  /** The slot that holds averaged weights, where there is one. */
  readonly averageSlot?: string | undefined;
  /**
   * Whether a gradient of zero leaves weight and slots as they are, so that rows without a gradient may be left out.
   */
  readonly restsWithoutGradient?: boolean | undefined;
  /** Numbers that go from update to update, and their first values. */
  readonly counters?: Readonly<Record<string, number>> | undefined;
  /** Numbers of this update, the same for all weights. Called once per update. */
  scalars(moment: Moment): Readonly<Record<string, number>>;
  /** Returns `weight` and every slot. */
  update(context: UpdateContext): Readonly<Record<string, Expression>>;
}
