import { seededRandom } from '@signalbox/base'
import type { CounterCell, GaugeCell, HistogramCell, Instrument } from '@signalbox/instruments'
import { type SignalId, signals } from '@signalbox/signals'
import { expect, it } from 'vitest'
import { Engine } from './engine.ts'
import type { Instruments } from './ports.ts'
import { linearSteps } from './step-models.ts'
import type { EngineOptions } from './types.ts'
import { VllmMetrics } from './vllm-metrics.ts'

/** Keeps every observation under `signal{values}`. */
class Notebook implements Instruments {
  readonly values = new Map<string, number[]>()
  readonly #refreshes: (() => void)[] = []

  counter(signal: SignalId): Instrument<CounterCell> {
    return this.#instrument(signal, (list) => {
      list.push(0)
      return { inc: (by = 1) => list.push((list.pop() ?? 0) + by) }
    })
  }

  gauge(signal: SignalId): Instrument<GaugeCell> {
    return this.#instrument(signal, (list) => ({
      set: (value) => list.splice(0, 1, value),
      add: (by) => list.push((list.pop() ?? 0) + by),
    }))
  }

  histogram(signal: SignalId): Instrument<HistogramCell> {
    return this.#instrument(signal, (list) => ({ observe: (value) => void list.push(Math.round(value * 1e6) / 1e6) }))
  }

  onCollect(refresh: () => void): void {
    this.#refreshes.push(refresh)
  }

  read(series: string): readonly number[] | undefined {
    for (const refresh of this.#refreshes) refresh()
    return this.values.get(series)
  }

  #instrument<Cell>(signal: SignalId, cell: (list: number[]) => Cell): Instrument<Cell> {
    return {
      signal,
      with: (...labelValues) => {
        expect(labelValues).toHaveLength(signals[signal].labels.length)
        const list: number[] = []
        this.values.set(`${signal}{${labelValues.slice(2).join()}}`, list)
        return cell(list)
      },
      remove: () => undefined,
    }
  }
}

const options: EngineOptions = {
  model: 'm',
  stepModel: linearSteps({ baseMs: 10, prefillMsPerToken: 0, decodeMsPerSequence: 0, contextMsPerToken: 0 }),
  blockTokens: 4,
  blocksTotal: 11,
  sequencesMax: 1,
  batchTokensMax: 64,
  contextTokensMax: 40,
  prefixCaching: true,
}

it('starts every reason at 0 and states the cache layout', () => {
  const notebook = new Notebook()
  const metrics = new VllmMetrics(notebook, options)
  metrics.watch(new Engine(options, seededRandom(1), metrics))
  for (const reason of ['stop', 'length', 'abort', 'error']) expect(notebook.read(`engine.requests_finished{${reason}}`)).toEqual([0])
  expect(notebook.read('engine.cache_config{11,True}')).toEqual([1])
})

it('measures phases, gaps and tokens from what the loop did', () => {
  const notebook = new Notebook()
  const metrics = new VllmMetrics(notebook, options)
  const engine = new Engine(options, seededRandom(1), metrics)
  metrics.watch(engine)
  const promptTokens = Uint32Array.from({ length: 9 }, (_, i) => i)
  const request = (id: string) => ({ id, promptTokens, answerTokens: Uint32Array.of(1, 2, 3), finishReason: 'stop' as const, cacheSeed: '' })
  engine.submit(request('a'), 0)
  engine.submit(request('b'), 0)
  engine.submit(request('never admitted'), 0)
  engine.beginStep(0)
  expect([notebook.read('engine.requests_running{}'), notebook.read('engine.requests_waiting{}')]).toEqual([[1], [2]])
  expect(notebook.read('engine.kv_usage{}')).toEqual([0.3])
  engine.endStep(10)
  engine.abort('never admitted', 15)
  for (const [begin, end] of [
    [10, 25],
    [25, 30],
    [30, 40],
    [40, 50],
    [50, 60],
  ] as const) {
    engine.beginStep(begin)
    engine.endStep(end)
  }
  const seen = (signal: SignalId) => notebook.read(`${signal}{}`)
  expect(seen('engine.ttft')).toEqual([0.01, 0.04])
  expect(seen('engine.itl')).toEqual([0.015, 0.005, 0.01, 0.01])
  expect(seen('engine.tpot')).toEqual([0.01, 0.01])
  expect(seen('engine.e2e')).toEqual([0.015, 0.03, 0.06])
  expect(seen('engine.queue_time')).toEqual([0, 0.03])
  expect(seen('engine.prefill_time')).toEqual([0.01, 0.01])
  expect(seen('engine.decode_time')).toEqual([0.02, 0.02])
  expect(seen('engine.inference_time')).toEqual([0.03, 0.03])
  expect(seen('engine.prompt_tokens')).toEqual([18])
  expect(seen('engine.generation_tokens')).toEqual([6])
  expect(seen('engine.prefix_queries')).toEqual([18])
  expect(seen('engine.prefix_hits')).toEqual([8])
  expect(seen('engine.iteration_tokens')).toEqual([10, 1, 1, 2, 1, 1])
  expect(seen('engine.request_generation_tokens')).toEqual([0, 3, 3])
  expect(notebook.read('engine.requests_finished{stop}')).toEqual([2])
  expect(notebook.read('engine.requests_finished{abort}')).toEqual([1])
  expect([seen('engine.requests_running'), seen('engine.requests_waiting'), seen('engine.kv_usage')]).toEqual([[0], [0], [0]])
})
