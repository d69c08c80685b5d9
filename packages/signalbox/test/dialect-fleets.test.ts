import { dashboard, levelOf, type PanelView, rules, type Scope } from '@signalbox/dashboards'
import { type EngineDialectId, engineDialects } from '@signalbox/engine'
import { type Expr, format, parse } from '@signalbox/promql'
import { type DialectId, dialects as everyDialect, type SignalId } from '@signalbox/signals'
import { beforeAll, describe, expect, it } from 'vitest'
import { sumOf } from './fleet.ts'
import { bucketAround, bucketsOf, type Entry, HELD, type MeasuredEngine, type MeasuredFleet, measure, model, nameOf } from './measured-fleet.ts'
import type { StoreSample } from './store-client.ts'

const WINDOW_SECONDS = 300
const spoken = Object.keys(engineDialects) as readonly EngineDialectId[]
const scope: Scope = { dialects: Object.keys(everyDialect) as DialectId[], model, window: `${WINDOW_SECONDS}s` }

/** One text for every fleet: nothing below writes an expression for a dialect. */
const panels = dashboard(scope)
const objectives = { ttftSeconds: 1, tpotSeconds: 0.05, ttftRatio: 0.95, tpotRatio: 0.95, successRatio: 0.999 }
const written = rules({ dialects: scope.dialects, objectives }).groups.flatMap(({ rules: group }) => group)
const alerts = written.flatMap((rule) => (rule.kind === 'alert' ? [{ name: rule.alert, expr: rule.expr, watched: watchedBy(rule.expr) }] : []))
/** The panels in the console's narrowest window, in which its own text is written. */
const narrow = dashboard({ ...scope, window: '60s' })
const counters = ['engine.requests_finished', 'engine.prompt_tokens', 'engine.generation_tokens'] as const
const totals = new Map(
  counters.map((signal) => [signal, { fleet: levelOf('sum', signal, scope) ?? '', each: levelOf('sum', signal, scope, { by: ['instance'] }) ?? '' }]),
)
const after = [
  ...[...panels, ...narrow].flatMap(({ queries }) => queries.map(({ expr }) => expr)),
  ...written.map(({ expr }) => expr),
  ...alerts.flatMap(({ watched }) => watched),
  ...[...totals.values()].flatMap(({ fleet, each }) => [fleet, each]),
]

/** Titles that quantile lines carry, and whose engines they are drawn from. */
const layouts: Readonly<Record<string, readonly EngineDialectId[]>> = { 'vLLM V1': ['vllm', 'vllm-0.9'], 'vLLM V0': ['vllm-v0'], SGLang: ['sglang'] }

const fleets = new Map<string, MeasuredFleet>()
const measuredAs = (name: string): MeasuredFleet => {
  const fleet = fleets.get(name)
  if (fleet === undefined) throw new Error(`not measured: ${name}`)
  return fleet
}

beforeAll(async () => {
  const running = lineOf('queue', 'running')
  const underLoad = [lineOf('queue', 'waiting'), lineOf('kv-usage', 'fleet'), lineOf('kv-usage', '{{instance}}'), ...watched('GPUMemoryHigh')]
  const questions = { after, running, underLoad: [running, ...underLoad] }
  for (const dialect of spoken) fleets.set(dialect, await measure([dialect], questions))
  fleets.set('all four', await measure(spoken, questions))
})

/** The left sides of the comparisons with a number that decide whether an alert fires; the whole of what compares with none. */
function watchedBy(text: string): readonly string[] {
  const sides = (expr: Expr): readonly Expr[] => {
    if (expr.kind === 'paren') return sides(expr.expr)
    if (expr.kind !== 'binary') return [expr]
    if (expr.operator === 'and' || expr.operator === 'or') return [...sides(expr.left), ...sides(expr.right)]
    if (expr.operator === 'unless') return sides(expr.left)
    return ['<', '>', '<=', '>=', '==', '!='].includes(expr.operator) && expr.right.kind === 'number' ? [expr.left] : [expr]
  }
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(`${parsed.error.message}: ${text}`)
  return sides(parsed.value).map(format)
}

function linesOf(id: string, from: readonly PanelView[] = panels) {
  const queries = from.find((panel) => panel.id === id)?.queries
  if (queries === undefined) throw new Error(`no panel ${id}`)
  return queries
}

function lineOf(id: string, legend: string): string {
  return linesOf(id).find((line) => line.legend === legend)?.expr ?? ''
}

/** What an alert compares. */
function watched(name: string): readonly string[] {
  return alerts.find((alert) => alert.name === name)?.watched ?? []
}

/** The one number that a line shows. */
function numberOn(fleet: MeasuredFleet, id: string, legend: string): number {
  const samples = fleet.answer(lineOf(id, legend))
  expect(samples, `${id} ${legend}`).toHaveLength(1)
  return samples[0]?.value ?? Number.NaN
}

function total(ledger: readonly Entry[], of: (entry: Entry) => number): number {
  return ledger.reduce((sum, entry) => sum + of(entry), 0)
}

/** A counter of the engines' pages, added up as `rate` sees it: per second of the window. */
function rateOn({ engines }: MeasuredFleet, of: (engine: MeasuredEngine) => number): number {
  return engines.reduce((sum, engine) => sum + of(engine) * engine.stretch, 0) / WINDOW_SECONDS
}

const counted =
  (signal: SignalId, part = '') =>
  ({ dialect, page }: MeasuredEngine) =>
    sumOf(page, `${nameOf(dialect, signal)}${part}`)

/** Tokens found in the cache, as the dialect tells them. */
function found(engine: MeasuredEngine): number {
  const { entries } = engineDialects[engine.dialect]
  const has = (signal: SignalId) => entries.some((entry) => entry.signal === signal)
  if (has('engine.prefix_hits')) return counted('engine.prefix_hits')(engine)
  if (has('engine.prompt_tokens_cached')) return counted('engine.prompt_tokens_cached')(engine)
  return counted('engine.prefix_hit_ratio')(engine) * counted('engine.prompt_tokens')(engine)
}

const near = (value: number, expected: number, what?: string) => {
  expect(Math.abs(value - expected), `${what ?? ''} ${value}, expected ${expected}`).toBeLessThanOrEqual(Math.abs(expected) * 1e-9)
}

/** Comparable, whatever the order. */
const byLabels = (samples: readonly StoreSample[]) =>
  samples
    .map(({ labels, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}=${text}`)
      return `${pairs.sort().join()} ${value}`
    })
    .sort()

const instancesOf = (samples: readonly StoreSample[]) => samples.map(({ labels }) => labels['instance'] ?? '').sort()

describe.each([...spoken, 'all four'])('engines that speak %s', (name) => {
  let fleet: MeasuredFleet
  beforeAll(() => {
    fleet = measuredAs(name)
  })

  it('show the books of their clients, each instance once', () => {
    const expected = {
      'engine.requests_finished': fleet.ledger.length,
      'engine.prompt_tokens': total(fleet.ledger, ({ promptTokens }) => promptTokens),
      'engine.generation_tokens': total(fleet.ledger, ({ generatedTokens }) => generatedTokens),
    }
    for (const [signal, { fleet: whole, each }] of totals) {
      expect(
        fleet.answer(whole).map(({ value }) => value),
        signal,
      ).toEqual([expected[signal]])
      expect(byLabels(fleet.answer(each))).toEqual(
        byLabels(fleet.engines.map((engine) => ({ labels: { instance: engine.instance }, value: counted(signal)(engine) }))),
      )
    }
  })

  it('show their rates', () => {
    near(numberOn(fleet, 'throughput', 'succeeded'), rateOn(fleet, counted('engine.requests_finished')))
    near(numberOn(fleet, 'throughput', 'all'), rateOn(fleet, counted('engine.e2e', '_count')))
    near(numberOn(fleet, 'tokens', 'prompt'), rateOn(fleet, counted('engine.prompt_tokens')))
    near(numberOn(fleet, 'tokens', 'generated'), rateOn(fleet, counted('engine.generation_tokens')))
  })

  it('show the mean of the engines', () => {
    near(numberOn(fleet, 'e2e', 'mean'), rateOn(fleet, counted('engine.e2e', '_sum')) / rateOn(fleet, counted('engine.e2e', '_count')))
  })

  it('show the share of cached tokens, on the panel and to the alert', () => {
    const tokens = rateOn(fleet, counted('engine.prompt_tokens'))
    const share = rateOn(fleet, found) / tokens
    expect(share).toBeGreaterThan(0.1)
    near(numberOn(fleet, 'hit-rate', 'fleet'), share)
    const [ratio = '', lookups = ''] = watched('LowCacheHitRate')
    expect(fleet.answer(ratio)).toEqual([{ labels: { model_name: model }, value: expect.closeTo(share, 9) as number }])
    expect(fleet.answer(lookups)).toHaveLength(1)
    near(fleet.answer(lookups)[0]?.value ?? Number.NaN, tokens)
    const each = fleet.answer(lineOf('hit-rate', '{{instance}}'))
    expect(instancesOf(each)).toEqual(fleet.engines.map(({ instance }) => instance))
    for (const engine of fleet.engines) {
      const value = each.find(({ labels }) => labels['instance'] === engine.instance)?.value ?? Number.NaN
      near(value, found(engine) / counted('engine.prompt_tokens')(engine), engine.instance)
    }
  })

  it.each([
    ['ttft', 'engine.ttft'],
    ['itl', 'engine.itl'],
    ['e2e', 'engine.e2e'],
  ] as const)('show quantiles of %s inside the buckets that hold them, one set of lines a layout', (id, signal) => {
    const drawn = new Set<string>()
    for (const { legend, expr } of linesOf(id)) {
      const [, percent, title = ''] = /^p(\d+) \((.*)\)$/.exec(legend) ?? []
      if (percent === undefined) continue
      const engines = fleet.engines.filter(({ dialect }) => layouts[title]?.includes(dialect) === true)
      const samples = fleet.answer(expr)
      expect(samples, legend).toHaveLength(engines.length === 0 ? 0 : 1)
      if (engines.length === 0) continue
      drawn.add(title)
      const [from, to] = bucketAround(Number(percent) / 100, bucketsOf(engines, signal))
      const value = samples[0]?.value ?? Number.NaN
      expect(value, `${id} ${legend}`).toBeGreaterThanOrEqual(from * (1 - 1e-9))
      expect(value, `${id} ${legend}`).toBeLessThanOrEqual(to * (1 + 1e-9))
    }
    const expected = Object.keys(layouts).filter((title) => fleet.engines.some(({ dialect }) => layouts[title]?.includes(dialect)))
    expect([...drawn].sort()).toEqual(expected.sort())
  })

  it('are watched for latency by layout, inside the buckets as well', () => {
    const samples = watched('HighInferenceLatency').flatMap((expr) => fleet.answer(expr))
    const expected = Object.entries(layouts).filter(([, members]) => fleet.engines.some(({ dialect }) => members.includes(dialect)))
    expect(samples.map(({ labels }) => `${labels['model_name']} ${labels['dialect']}`).sort()).toEqual(
      expected.map(([title]) => `${model} ${title}`).sort(),
    )
    for (const { labels, value } of samples) {
      const members = layouts[labels['dialect'] ?? ''] ?? []
      const engines = fleet.engines.filter(({ dialect }) => members.includes(dialect))
      const [from, to] = bucketAround(0.95, bucketsOf(engines, 'engine.e2e'))
      expect(value).toBeGreaterThanOrEqual(from * (1 - 1e-9))
      expect(value).toBeLessThanOrEqual(to * (1 + 1e-9))
    }
  })

  it('are idle afterwards, on panels and to alerts', () => {
    const zeros = fleet.engines.map(({ instance }) => ({ labels: { instance }, value: 0 }))
    expect(numberOn(fleet, 'kv-usage', 'fleet')).toBe(0)
    expect(numberOn(fleet, 'queue', 'running')).toBe(0)
    expect(numberOn(fleet, 'queue', 'waiting')).toBe(0)
    for (const alert of ['GPUMemoryHigh', 'InferenceQueueLengthHigh']) {
      expect(byLabels(watched(alert).flatMap((expr) => fleet.answer(expr))), alert).toEqual(byLabels(zeros))
    }
  })

  it('show running streams and the cache that they hold, on panels and to alerts', () => {
    const values = (expr: string) => fleet.answerUnderLoad(expr).map(({ value }) => value)
    expect(values(lineOf('queue', 'running'))).toEqual([HELD])
    expect(values(lineOf('queue', 'waiting'))).toEqual([0])
    const each = fleet.answerUnderLoad(lineOf('kv-usage', '{{instance}}'))
    expect(instancesOf(each)).toEqual(fleet.engines.map(({ instance }) => instance))
    for (const { value } of each) {
      expect(value).toBeGreaterThan(0)
      expect(value).toBeLessThan(1)
    }
    const [mean = Number.NaN] = values(lineOf('kv-usage', 'fleet'))
    near(mean, each.reduce((sum, { value }) => sum + value, 0) / each.length)
    expect(byLabels(watched('GPUMemoryHigh').flatMap((expr) => fleet.answerUnderLoad(expr)))).toEqual(byLabels(each))
  })

  it('show on the console what the text for every dialect shows', () => {
    expect(fleet.panels.map(({ id }) => id)).toEqual(narrow.map(({ id }) => id))
    const shown = (from: readonly PanelView[], id: string) => linesOf(id, from).flatMap(({ expr }) => byLabels(fleet.answer(expr)))
    for (const { id } of narrow) {
      expect(shown(fleet.panels, id).length, id).toBeGreaterThan(0)
      expect(shown(fleet.panels, id), id).toEqual(shown(narrow, id))
    }
  })

  it('bring no alert about', () => {
    const firing = alerts.filter(({ expr }) => fleet.answer(expr).length > 0).map(({ name: alert }) => alert)
    expect(firing).toEqual([])
  })
})

describe('the same requests to four fleets, each of one dialect', () => {
  /** What every engine tells alike: all but times, and what the gateway expected of caches on the way. */
  const alike = ['HighInferenceErrorRate', 'HighInferencePoolAvgQueueSize', 'HighInferencePoolAvgKVCacheUtilization', 'GPUMemoryHigh']
  const more = ['InferenceQueueLengthHigh', 'SchedulerUnhealthy', 'InferencePoolNoReadyEndpoints', 'InferenceTargetDown', 'InferenceTargetVanished']

  it('are the same requests', () => {
    const [first, ...others] = spoken.map((dialect) => {
      const { ledger } = measuredAs(dialect)
      return [ledger.length, ...(['promptTokens', 'generatedTokens', 'cachedTokens'] as const).map((key) => total(ledger, (entry) => entry[key]))]
    })
    expect(first?.every((value) => value > 0)).toBe(true)
    for (const other of others) expect(other).toEqual(first)
  })

  it('give the same tokens a request, whoever counts them', () => {
    const per = (dialect: string, legend: string) =>
      numberOn(measuredAs(dialect), 'tokens', legend) / numberOn(measuredAs(dialect), 'throughput', 'succeeded')
    for (const dialect of spoken.slice(1)) {
      for (const legend of ['prompt', 'generated']) near(per(dialect, legend), per('vllm', legend), `${dialect} ${legend}`)
    }
  })

  it('give the same hit rate wherever tokens are counted, and one of whole blocks in V0', () => {
    const { ledger } = measuredAs('vllm')
    const truth = total(ledger, ({ cachedTokens }) => cachedTokens) / total(ledger, ({ promptTokens }) => promptTokens)
    for (const dialect of ['vllm', 'vllm-0.9', 'sglang']) near(numberOn(measuredAs(dialect), 'hit-rate', 'fleet'), truth, dialect)
    const blocks = numberOn(measuredAs('vllm-v0'), 'hit-rate', 'fleet')
    expect(blocks).toBeGreaterThan(truth)
    expect(blocks).toBeLessThan(truth + 0.1)
  })

  it.each([...alike, ...more])('give %s the same to compare', (alert) => {
    const values = spoken.map((dialect) => watched(alert).map((expr) => byLabels(measuredAs(dialect).answer(expr))))
    expect(values[0]?.length).toBeGreaterThan(0)
    for (const value of values.slice(1)) expect(value).toEqual(values[0])
  })
})
