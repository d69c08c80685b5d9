import type { CounterCell, HistogramCell, Registry } from '@signalbox/instruments'
import type { RequestObservation } from './ports.ts'

/** Every instrument with one series an endpoint that requests and polls fill. */
function endpointInstruments(registry: Registry) {
  return {
    errors: registry.counter('gateway.endpoint_errors'),
    pollTime: registry.histogram('scheduler.poll_time'),
    predictedTokens: registry.counter('scheduler.cached_tokens_predicted'),
    deliveredTokens: registry.counter('scheduler.cached_tokens_delivered'),
    ttftError: registry.histogram('scheduler.ttft_error'),
  } as const
}

type EndpointInstruments = ReturnType<typeof endpointInstruments>

/** What is measured of each endpoint. Its series go with it, so that a pool whose endpoints come and go stays within the label's limit. */
export class EndpointSeriesSet {
  readonly #instruments: EndpointInstruments
  readonly #endpoints = new Map<string, EndpointSeries>()

  constructor(registry: Registry) {
    this.#instruments = endpointInstruments(registry)
  }

  failed(endpoint: string, errorCode: string): void {
    this.#of(endpoint).failed(errorCode)
  }

  polled(endpoint: string, seconds: number): void {
    this.#of(endpoint).polled(seconds)
  }

  /** A request ended: compares what was predicted of its endpoint with what came. */
  ended({ prediction, cachedTokens, dispatchedTtftS }: RequestObservation): void {
    if (prediction === undefined || (cachedTokens === undefined && dispatchedTtftS === undefined)) return
    const series = this.#of(prediction.endpoint.id)
    if (cachedTokens !== undefined) series.cached(prediction.predictedCachedTokens, cachedTokens)
    if (dispatchedTtftS !== undefined) series.ttftDiffered(Math.abs(dispatchedTtftS - prediction.predictedTtftMs / 1000))
  }

  /** Drops the series of endpoints that are not among `ids`. */
  retain(ids: ReadonlySet<string>): void {
    for (const [id, series] of this.#endpoints) {
      if (ids.has(id)) continue
      series.remove()
      this.#endpoints.delete(id)
    }
  }

  #of(id: string): EndpointSeries {
    let series = this.#endpoints.get(id)
    if (series === undefined) {
      series = new EndpointSeries(this.#instruments, id)
      this.#endpoints.set(id, series)
    }
    return series
  }
}

/** A series exists from its first observation on. */
class EndpointSeries {
  readonly #instruments: EndpointInstruments
  readonly #id: string
  readonly #errors = new Map<string, CounterCell>()
  #pollTime: HistogramCell | undefined
  #predictedTokens: CounterCell | undefined
  #deliveredTokens: CounterCell | undefined
  #ttftError: HistogramCell | undefined

  constructor(instruments: EndpointInstruments, id: string) {
    this.#instruments = instruments
    this.#id = id
  }

  failed(errorCode: string): void {
    this.#error(errorCode).inc()
  }

  polled(seconds: number): void {
    if (this.#pollTime === undefined) {
      this.#pollTime = this.#instruments.pollTime.with(this.#id)
      // At 0 before anything failed: a rate over a series that begins with its first error misses that one.
      this.#error('refused').inc(0)
    }
    this.#pollTime.observe(seconds)
  }

  cached(predictedTokens: number, deliveredTokens: number): void {
    this.#predictedTokens ??= this.#instruments.predictedTokens.with(this.#id)
    this.#deliveredTokens ??= this.#instruments.deliveredTokens.with(this.#id)
    this.#predictedTokens.inc(predictedTokens)
    this.#deliveredTokens.inc(deliveredTokens)
  }

  ttftDiffered(seconds: number): void {
    this.#ttftError ??= this.#instruments.ttftError.with(this.#id)
    this.#ttftError.observe(seconds)
  }

  #error(errorCode: string): CounterCell {
    let cell = this.#errors.get(errorCode)
    if (cell === undefined) {
      cell = this.#instruments.errors.with(this.#id, errorCode)
      this.#errors.set(errorCode, cell)
    }
    return cell
  }

  remove(): void {
    const { errors, pollTime, predictedTokens, deliveredTokens, ttftError } = this.#instruments
    for (const errorCode of this.#errors.keys()) errors.remove(this.#id, errorCode)
    for (const instrument of [pollTime, predictedTokens, deliveredTokens, ttftError]) instrument.remove(this.#id)
  }
}
