import type { ValueType } from '../ast.ts'
import type { CallContext } from '../context.ts'
import type { LazySeries } from '../series.ts'

/** What the type checker knows about a function. */
export interface FunctionSignature {
  readonly name: string
  /** Types of the arguments; the last one repeats when `repeats`. */
  readonly args: readonly ValueType[]
  /** How many arguments at the end may be left out. */
  readonly optional: number
  readonly repeats: boolean
  /** Parsed only when the caller asks for experimental functions. */
  readonly experimental: boolean
  /** Index of the argument that is a set of label matchers and not a value. */
  readonly labelSelector: number | undefined
  readonly returns: 'scalar' | 'instant vector'
}

/** One PromQL function: its signature and what it computes over the whole time grid. */
export type FunctionDefinition = FunctionSignature &
  (
    | { readonly returns: 'instant vector'; readonly vector: (call: CallContext) => LazySeries[] }
    | { readonly returns: 'scalar'; readonly scalar: (call: CallContext) => Float64Array }
  )

interface Arity {
  readonly optional?: number
  readonly repeats?: boolean
  readonly experimental?: boolean
  readonly labelSelector?: number
}

/** A function that answers a vector. */
export function vectorFunction(
  name: string,
  args: readonly ValueType[],
  vector: (call: CallContext) => LazySeries[],
  arity: Arity = {},
): FunctionDefinition {
  return { ...signature(name, args, arity), returns: 'instant vector', vector }
}

/** A function that answers a scalar for each step. */
export function scalarFunction(
  name: string,
  args: readonly ValueType[],
  scalar: (call: CallContext) => Float64Array,
  arity: Arity = {},
): FunctionDefinition {
  return { ...signature(name, args, arity), returns: 'scalar', scalar }
}

function signature(name: string, args: readonly ValueType[], arity: Arity): Omit<FunctionSignature, 'returns'> {
  const { optional = 0, repeats = false, experimental = false, labelSelector } = arity
  return { name, args, optional, repeats, experimental, labelSelector }
}
