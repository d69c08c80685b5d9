import { assert } from '@signalbox/base'
import type { SignalId } from '@signalbox/signals'
import { layoutsOf } from '../layouts.ts'
import { entriesIn, labelOf, quoted } from '../selectors.ts'
import type { RuleTest, Scope } from '../types.ts'

/** One series of a test's input. */
export type InputSeries = RuleTest['input'][number]

type LabelValues = Readonly<Record<string, string>>

/** Writes the input of rule tests in the names that a scope's dialects have: values are in the signal's unit. */
export class RuleInput {
  readonly #scope: Scope
  readonly #steps: number

  /** `steps` samples follow the first one. */
  constructor(scope: Scope, steps: number) {
    this.#scope = scope
    this.#steps = steps
  }

  /** A series of its own name, such as `up`. */
  raw(name: string, labels: LabelValues, value: number): InputSeries {
    return { series: seriesText(name, labels), values: `${value}x${this.#steps}` }
  }

  /** A gauge that stays, or a counter that grows by `step` at each sample; empty where no dialect has it. */
  series(signal: SignalId, labels: LabelValues, { value = 0, step = 0 }: { readonly value?: number; readonly step?: number }): InputSeries[] {
    const [entry] = entriesIn(signal, this.#scope)
    if (entry === undefined) return []
    const values =
      step === 0
        ? `${numberText(value * entry.scale)}x${this.#steps}`
        : `${numberText(value * entry.scale)}+${numberText(step * entry.scale)}x${this.#steps}`
    return [{ series: seriesText(entry.name, { ...this.#spelled(signal, labels), ...entry.where }), values }]
  }

  /** A gauge that is there for `count` samples and gone afterwards. */
  vanishing(signal: SignalId, labels: LabelValues, { value, count }: { readonly value: number; readonly count: number }): InputSeries[] {
    return this.series(signal, labels, { value }).map(({ series }) => ({
      series,
      values: `${value}x${count - 1} stale _x${this.#steps - count - 1}`,
    }))
  }

  /** The buckets of a histogram all of whose observations, `step` at each sample, are `value`: those around it, and the last. */
  histogram(signal: SignalId, labels: LabelValues, { value, step }: { readonly value: number; readonly step: number }): InputSeries[] {
    const entry = layoutsOf(signal, this.#scope)[0]?.entries[0]?.entry
    if (entry === undefined) return []
    const bounds = entry.bounds ?? [1, 10, 60]
    const above = bounds.findIndex((bound) => bound >= value * entry.scale)
    const near = above === -1 ? bounds.slice(-1) : bounds.slice(Math.max(0, above - 1), above + 1)
    const shown = [...near.map((bound) => [String(bound), bound >= value * entry.scale] as const), ['+Inf', true] as const]
    return shown.map(([le, counted]) => ({
      series: seriesText(`${entry.name}_bucket`, { ...this.#spelled(signal, labels), ...entry.where, le }),
      values: counted ? `0+${step}x${this.#steps}` : `0x${this.#steps}`,
    }))
  }

  /** Labels as results carry them. */
  #spelled(signal: SignalId, labels: LabelValues): Record<string, string> {
    return Object.fromEntries(Object.entries(labels).map(([label, value]) => [labelOf(signal, label, this.#scope), value]))
  }
}

/** promtool's notation knows no exponent without digits and no shortest form: at most nine decimals do. */
function numberText(value: number): string {
  assert(Number.isFinite(value), 'a test value that is no number')
  return String(Number(value.toFixed(9)))
}

function seriesText(name: string, labels: LabelValues): string {
  const pairs = Object.entries(labels).flatMap(([label, value]) => (value === '' ? [] : [`${label}=${quoted(value)}`]))
  return `${name}{${pairs.join(', ')}}`
}
