import type { Signal, SignalKind, Unit } from './types.ts'

/** A signal from its shape, 'kind unit good', its labels, its definition and what it is for. */
export function signal(shape: `${SignalKind} ${Unit} ${Signal['good']}`, labels: readonly string[], definition: string, purpose: string): Signal {
  const [kind, unit, good] = shape.split(' ') as [SignalKind, Unit, Signal['good']]
  return { kind, unit, good, labels, definition, purpose }
}
