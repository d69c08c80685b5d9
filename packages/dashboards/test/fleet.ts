import { Labels } from '@signalbox/base'
import { evaluateInstant, type Matcher, parse, type Queryable, type SeriesColumns } from '@signalbox/promql'
import { type DialectEntry, type DialectId, dialectEntries, inSpelling, type PrefixRule } from '@signalbox/signals'

const NOW_MS = 1_700_000_000_000

/** A series that goes from the first value to the second within the last minute, in five-second steps. */
export interface Ramp {
  readonly labels: Readonly<Record<string, string>>
  readonly from: number
  readonly to: number
}

/** A Queryable over ramps. */
export function storeOf(ramps: readonly Ramp[]): Queryable {
  const columns: SeriesColumns[] = ramps.map(({ labels, from, to }) => ({
    labels: Labels.from(labels),
    timestampsMs: Float64Array.from({ length: 13 }, (_, i) => NOW_MS - 60_000 + i * 5_000),
    values: Float64Array.from({ length: 13 }, (_, i) => from + ((to - from) * i) / 12),
  }))
  return {
    select: (matchers: readonly Matcher[], startMs) =>
      columns
        .filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name))))
        .map(({ labels, timestampsMs, values }) => {
          const first = timestampsMs.findIndex((timestampMs) => timestampMs >= startMs)
          return { labels, timestampsMs: timestampsMs.subarray(first), values: values.subarray(first) }
        }),
  }
}

/** The samples of an instant vector now, by the text of their labels ('' for none). Throws on warnings too. */
export function valuesOf(queryable: Queryable, expr: string): Record<string, number> {
  const expression = parse(expr)
  if (!expression.ok) throw new Error(`${expression.error.message}: ${expr}`)
  const output = evaluateInstant(expression.value, queryable, NOW_MS)
  if (!output.ok) throw new Error(`${output.error.message}: ${expr}`)
  if (output.value.warnings.length > 0) throw new Error(output.value.warnings.join())
  if (output.value.value.type !== 'vector') throw new Error(output.value.value.type)
  return Object.fromEntries(
    output.value.value.samples.map(({ labels, value }) => [
      Object.entries(labels.toRecord())
        .map(([name, label]) => `${name}=${label}`)
        .join(),
      value,
    ]),
  )
}

/** What one engine did in the last minute, the same for every engine of a fleet. */
export const traffic = {
  requests: 60,
  promptTokens: 6_000,
  cachedTokens: 2_400,
  running: 4,
  kvUsage: 0.5,
  /** Time to first token: so many requests took so long. */
  ttft: [
    [57, 0.05],
    [3, 1.9],
  ],
} as const

/** The series of one engine that speaks these dialects, under `instance`. */
export function engineSpeaking(instance: string, ...spoken: readonly DialectId[]): Ramp[] {
  return spoken.flatMap((dialect) => dialectEntries.filter((entry) => entry.dialect === dialect).flatMap((entry) => rampsOf(entry, instance)))
}

/** The series of one engine that speaks these dialects in another spelling, with the labels that come with it. */
export function engineSpelling(instance: string, spelling: PrefixRule, ...spoken: readonly DialectId[]): Ramp[] {
  const added = Object.fromEntries(spelling.labels.map((label) => [label, `${label} of ${instance}`]))
  return engineSpeaking(instance, ...spoken).map(({ labels, ...ramp }) => {
    const name = inSpelling(labels.__name__ ?? '', spelling)
    if (name === undefined) throw new Error(`${labels.__name__} is not spelled ${spelling.prefix}`)
    return { ...ramp, labels: { ...labels, ...added, __name__: name } }
  })
}

function rampsOf(entry: DialectEntry, instance: string): Ramp[] {
  const base = {
    instance,
    ...(entry.dialect === 'sglang' ? { tp_rank: '0' } : {}),
    ...Object.fromEntries(entry.labels.map(({ name, from }) => [name, from === 'model' ? 'm' : from === 'finished_reason' ? 'stop' : '0'])),
    ...Object.fromEntries(Object.entries(entry.where ?? {}).filter(([, value]) => value !== '')),
  }
  const copies = entry.dialect === 'sglang' ? [base, { ...base, tp_rank: '1' }] : [base]
  return copies.flatMap((labels) => {
    const named = (name: string, from: number, to: number, more: Readonly<Record<string, string>> = {}): Ramp => ({
      labels: { __name__: name, ...labels, ...more },
      from: from * entry.scale,
      to: to * entry.scale,
    })
    switch (entry.signal) {
      case 'engine.requests_running':
        return [named(entry.name, traffic.running, traffic.running)]
      case 'engine.kv_usage':
        return [named(entry.name, traffic.kvUsage, traffic.kvUsage)]
      case 'engine.requests_swapped':
        return [named(entry.name, 0, 0)]
      case 'engine.prefix_queries':
      case 'engine.prompt_tokens':
        return [named(entry.name, 0, traffic.promptTokens)]
      case 'engine.prefix_hits':
      case 'engine.prompt_tokens_cached':
        return [named(entry.name, 0, traffic.cachedTokens)]
      case 'engine.prefix_hit_ratio':
        return [named(entry.name, traffic.cachedTokens / traffic.promptTokens, traffic.cachedTokens / traffic.promptTokens)]
      case 'engine.requests_finished':
        return [named(entry.name, 0, traffic.requests)]
      case 'engine.ttft':
        return [
          ...[...(entry.bounds ?? []), Infinity].map((bound) =>
            named(`${entry.name}_bucket`, 0, countUpTo(bound) / entry.scale, { le: bound === Infinity ? '+Inf' : String(bound) }),
          ),
          named(
            `${entry.name}_sum`,
            0,
            traffic.ttft.reduce((sum, [count, seconds]) => sum + count * seconds, 0),
          ),
          named(`${entry.name}_count`, 0, traffic.requests / entry.scale),
        ]
      default:
        return []
    }
  })
}

function countUpTo(bound: number): number {
  return traffic.ttft.reduce((sum, [count, seconds]) => (seconds <= bound ? sum + count : sum), 0)
}
