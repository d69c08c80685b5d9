import { signals } from './catalog.ts'
import type { DialectEntry, Unit } from './types.ts'

/** A signal's value as the entry's dialect writes it. */
export function toDialect(entry: DialectEntry, value: number): number {
  return value * entry.scale
}

/** What the entry's dialect writes, in the unit of the signal. */
export function fromDialect(entry: DialectEntry, value: number): number {
  return value / entry.scale
}

/** True for a value by which the dialect says that it does not know; NaN and infinities are none. */
export function isBlank(entry: DialectEntry, value: number): boolean {
  return !Number.isFinite(value) || (entry.blanks?.some(([from, to]) => value >= from && value <= to) ?? false)
}

const scaledUnits: Partial<Record<Unit, ReadonlyMap<number, string>>> = {
  seconds: new Map([
    [1000, 'milliseconds'],
    [1e6, 'microseconds'],
  ]),
  ratio: new Map([[100, 'percent']]),
  bytes: new Map([[1 / 1_048_576, 'MiB']]),
  'bytes/s': new Map([[1e-9, 'GB/s']]),
  joules: new Map([[1000, 'mJ']]),
  hertz: new Map([[1e-6, 'MHz']]),
}

/** The name of the unit that the entry's dialect writes; undefined for a scale that makes no known unit. */
export function unitOf(entry: DialectEntry): string | undefined {
  const { unit } = signals[entry.signal]
  return entry.scale === 1 ? unit : scaledUnits[unit]?.get(entry.scale)
}
