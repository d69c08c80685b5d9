import type { Labels } from '@signalbox/base'
import { quote } from './quote.ts'

/** Labels as Prometheus's messages show them: `{a="b", c="d"}`. */
export function formatLabels(labels: Labels): string {
  return `{${labels.names.map((name, i) => `${name}=${quote(labels.values[i] as string)}`).join(', ')}}`
}

/** The order of results: pair by pair, name before value, the shorter set first. */
export function compareLabels(a: Labels, b: Labels): number {
  const shared = Math.min(a.size, b.size)
  for (let i = 0; i < shared; i++) {
    const [nameA, nameB] = [a.names[i] as string, b.names[i] as string]
    if (nameA !== nameB) return nameA < nameB ? -1 : 1
    const [valueA, valueB] = [a.values[i] as string, b.values[i] as string]
    if (valueA !== valueB) return valueA < valueB ? -1 : 1
  }
  return a.size - b.size
}
