import type { Random } from '@signalbox/base'
import type { TraceBuilder } from '../traces/trace-builder.ts'

/** The traffic shapes there are. */
export type ShapeId = 'poisson' | 'chat-sessions' | 'shared-prefixes' | 'prefix-cache' | 'first-block' | 'bursts'

/** One number that a shape is made by. */
export interface ShapeParameter {
  /** What it is, with its unit, for help. */
  readonly about: string
  readonly default: number
  /** Bounds, inclusive. */
  readonly least: number
  readonly most: number
  /** Whether only whole numbers make sense. */
  readonly isWhole: boolean
}

/** Values of all of a shape's parameters, by name. */
export type ShapeValues<Name extends string = string> = Readonly<Record<Name, number>>

/** A kind of traffic: a function from parameters and randomness to requests. */
export interface Shape {
  readonly id: ShapeId
  /** One line for help and reports. */
  readonly title: string
  readonly parameters: ReadonlyMap<string, ShapeParameter>
  /** Whether its prompts share anything. */
  readonly hasPrefixes: boolean
  /** Fills the builder until the shape is over or the builder is full. `values` has every parameter, within bounds. */
  fill(values: ShapeValues, builder: TraceBuilder, random: Random): void
}

/** A shape whose own code sees its parameters by name. */
export function defineShape<Name extends string>(shape: {
  readonly id: ShapeId
  readonly title: string
  readonly hasPrefixes: boolean
  readonly parameters: Readonly<Record<Name, ShapeParameter>>
  fill(values: ShapeValues<Name>, builder: TraceBuilder, random: Random): void
}): Shape {
  return {
    ...shape,
    parameters: new Map(Object.entries<ShapeParameter>(shape.parameters)),
    fill: (values, builder, random) => shape.fill(values as ShapeValues<Name>, builder, random),
  }
}
