import { editDistance, failure, ok, type Random, type Result } from '@signalbox/base'
import type { Trace } from '../trace.ts'
import { TraceBuilder } from '../traces/trace-builder.ts'
import { bursts } from './bursts.ts'
import { chatSessions } from './chat-sessions.ts'
import { firstBlock } from './first-block.ts'
import { poisson } from './poisson.ts'
import { prefixCache } from './prefix-cache.ts'
import type { Shape, ShapeId, ShapeValues } from './shape.ts'
import { sharedPrefixes } from './shared-prefixes.ts'

/** Every shape, by its id. */
export const shapes: ReadonlyMap<ShapeId, Shape> = new Map(
  [poisson, chatSessions, sharedPrefixes, prefixCache, firstBlock, bursts].map((shape) => [shape.id, shape]),
)

/**
 * Traffic of this shape. Parameters that are not given have their defaults; an unknown one, or a value out of bounds, is the
 * error. A function of its arguments: the same randomness gives the same trace.
 */
export function shapeTrace(id: ShapeId, parameters: Readonly<Record<string, number>>, random: Random): Result<Trace, string> {
  const shape = shapes.get(id)
  if (shape === undefined) return failure(`unknown shape ${JSON.stringify(id)}; known are ${[...shapes.keys()].join(', ')}`)
  const values = valuesOf(shape, parameters)
  if (!values.ok) return values
  // Every shape has this parameter.
  const builder = new TraceBuilder(values.value['requests'] as number)
  shape.fill(values.value, builder, random)
  return ok(builder.finish({ name: shape.id, source: 'shape', hasPrefixes: shape.hasPrefixes }))
}

function valuesOf(shape: Shape, given: Readonly<Record<string, number>>): Result<ShapeValues, string> {
  const names = [...shape.parameters.keys()]
  const unknown = Object.keys(given).find((name) => !shape.parameters.has(name))
  if (unknown !== undefined) {
    const nearest = names.toSorted((a, b) => editDistance(a, unknown) - editDistance(b, unknown))[0]
    return failure(`${shape.id} has no parameter ${JSON.stringify(unknown)}; did you mean ${nearest}? It has ${names.join(', ')}`)
  }
  const values: Record<string, number> = {}
  for (const [name, { default: byDefault, least, most, isWhole }] of shape.parameters) {
    const value = given[name] ?? byDefault
    if (!(value >= least && value <= most) || (isWhole && !Number.isInteger(value))) {
      return failure(`${shape.id}: ${name}: expected a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}, found ${value}`)
    }
    values[name] = value
  }
  return ok(values)
}
