import { goMax, goMin } from '../arithmetic.ts'
import type { CallContext } from '../context.ts'
import { type LazySeries, mapValues, mergeEqual, type Row } from '../series.ts'
import { type FunctionDefinition, scalarFunction, vectorFunction } from './signature.ts'

/** The floats of the vector argument with each row changed in place and the name dropped; native histograms have no such value. */
function mapped(call: CallContext, change: (row: Row) => void): LazySeries[] {
  const floats = (row: Row): void => {
    row.dropHistograms()
    change(row)
  }
  return mergeEqual(call.vector(0).map((series) => mapValues(series, floats, call.unnamed(series))))
}

function pointwise(name: string, apply: (value: number) => number): FunctionDefinition {
  return vectorFunction(name, ['instant vector'], (call) =>
    mapped(call, ({ values }) => {
      for (let i = 0; i < values.length; i++) values[i] = apply(values[i] as number)
    }),
  )
}

/** A function of the value and one scalar argument of the step. */
function withScalar(name: string, apply: (value: number, scalar: number) => number): FunctionDefinition {
  return vectorFunction(name, ['instant vector', 'scalar'], (call) => {
    const scalar = call.scalar(1)
    return mapped(call, ({ values }) => {
      for (let i = 0; i < values.length; i++) values[i] = apply(values[i] as number, scalar[i] as number)
    })
  })
}

function clamp(call: CallContext): LazySeries[] {
  const least = call.scalar(1)
  const most = call.scalar(2)
  return mapped(call, (row) => {
    for (let i = 0; i < row.values.length; i++) {
      // An interval the wrong way round has no members.
      if ((least[i] as number) > (most[i] as number)) row.remove(i)
      row.values[i] = goMax(least[i] as number, goMin(most[i] as number, row.at(i)))
    }
  })
}

/** Halves are rounded up. SOURCE: prometheus promql/functions.go (round): the nearest is divided by, not multiplied with. */
function round(call: CallContext): LazySeries[] {
  const nearest = call.call.args.length > 1 ? call.scalar(1) : undefined
  return mapped(call, ({ values }) => {
    for (let i = 0; i < values.length; i++) {
      const inverse = 1 / (nearest === undefined ? 1 : (nearest[i] as number))
      values[i] = Math.floor((values[i] as number) * inverse + 0.5) / inverse
    }
  })
}

function ofTwo(name: string, choose: (a: number, b: number) => number): FunctionDefinition {
  const compute = (call: CallContext): Float64Array => {
    const other = call.scalar(1)
    return call.scalar(0).map((value, i) => choose(value, other[i] as number))
  }
  return scalarFunction(name, ['scalar', 'scalar'], compute, { experimental: true })
}

export const mathFunctions: readonly FunctionDefinition[] = [
  pointwise('abs', Math.abs),
  pointwise('ceil', Math.ceil),
  pointwise('floor', Math.floor),
  pointwise('exp', Math.exp),
  pointwise('ln', Math.log),
  pointwise('log2', Math.log2),
  pointwise('log10', Math.log10),
  pointwise('sqrt', Math.sqrt),
  pointwise('sgn', Math.sign),
  pointwise('sin', Math.sin),
  pointwise('cos', Math.cos),
  pointwise('tan', Math.tan),
  pointwise('asin', Math.asin),
  pointwise('acos', Math.acos),
  pointwise('atan', Math.atan),
  pointwise('sinh', Math.sinh),
  pointwise('cosh', Math.cosh),
  pointwise('tanh', Math.tanh),
  pointwise('asinh', Math.asinh),
  pointwise('acosh', Math.acosh),
  pointwise('atanh', Math.atanh),
  pointwise('deg', (radians) => (radians * 180) / Math.PI),
  pointwise('rad', (degrees) => (degrees * Math.PI) / 180),
  withScalar('clamp_min', goMax),
  withScalar('clamp_max', goMin),
  vectorFunction('clamp', ['instant vector', 'scalar', 'scalar'], clamp),
  vectorFunction('round', ['instant vector', 'scalar'], round, { optional: 1 }),
  ofTwo('max_of', goMax),
  ofTwo('min_of', goMin),
  scalarFunction('pi', [], (call) => new Float64Array(call.grid.count).fill(Math.PI)),
]
