import { failure, Labels, ok, type Result } from '@signalbox/base'
import {
  type EvaluationError,
  type EvaluationOptions,
  evaluateInstant,
  evaluateRange,
  type Matcher,
  parse,
  parseSelector,
  type QueryOutput,
  type QueryValue,
  typeOf,
} from '@signalbox/promql'
import { Head } from '@signalbox/tsdb'
import type { StoreAnswer, StoreError, StoreQuery, StoreStats } from './ports.ts'
import { JsonPieces, writeLabelSets, writeQueryValue, writeStrings } from './query-json.ts'
import type { SampleBatch, WorkerData } from './worker-protocol.ts'

/** Beyond this an answer is refused: it is held as one string, one byte array and, in the browser, once more. */
const ANSWER_LENGTH_MAX = 64 * 1024 * 1024

const TRUNCATED = 'results truncated due to limit'

type ListQuery = Exclude<StoreQuery, { readonly kind: 'instant' | 'range' }>
type ExpressionQuery = Extract<StoreQuery, { readonly kind: 'instant' | 'range' }>

interface OpenSeries {
  readonly labels: Labels
  /** Undefined: the store is at its limit. */
  ref: number | undefined
}

/** The head and the query engine behind plain messages. Knows nothing of threads. */
export class StoreService {
  readonly #head: Head
  /** By handle. */
  readonly #open: (OpenSeries | undefined)[] = []
  #refused = 0

  constructor(options: WorkerData) {
    this.#head = new Head({ seriesMax: options.seriesMax, retentionMs: options.retentionMs })
  }

  append(batch: SampleBatch): void {
    for (const { handle, names, values } of batch.opened) {
      const labels = new Labels(names, values)
      const ref = this.#head.seriesRef(labels)
      if (ref === undefined) this.#refused += 1
      this.#open[handle] = { labels, ref }
    }
    for (let i = 0; i < batch.handles.length; i++) {
      const series = this.#open[batch.handles[i] as number]
      if (series !== undefined) this.#appendOne(series, batch.timestampsMs[i] as number, batch.values[i] as number)
    }
    for (const handle of batch.released) this.#open[handle] = undefined
  }

  /** Also gives series that were refused another try, now that there may be room. */
  truncate(beforeMs: number): void {
    this.#head.truncate(beforeMs)
    for (const series of this.#open) if (series !== undefined && series.ref === undefined) series.ref = this.#head.seriesRef(series.labels)
  }

  /** Costs a pass over all series. */
  stats(): StoreStats {
    const { appended, series, bytes } = this.#head.stats()
    return { samples: appended, series, bytes, seriesRefused: this.#refused }
  }

  #appendOne(series: OpenSeries, timestampMs: number, value: number): void {
    if (series.ref === undefined || this.#head.append(series.ref, timestampMs, value) !== 'unknown-series') return
    // Truncation dropped it: a page with its own, old timestamps can leave an open series without samples.
    series.ref = this.#head.seriesRef(series.labels)
    if (series.ref !== undefined) this.#head.append(series.ref, timestampMs, value)
  }

  /** Synchronous; `canceled` is asked between series. */
  answer(query: StoreQuery, canceled: () => boolean): Result<StoreAnswer, StoreError> {
    if (canceled()) return failure({ code: 'canceled', message: 'query was canceled' })
    return query.kind === 'instant' || query.kind === 'range' ? this.#evaluate(query, canceled) : this.#list(query)
  }

  #evaluate(query: ExpressionQuery, canceled: () => boolean): Result<StoreAnswer, StoreError> {
    const expression = parse(query.query)
    if (!expression.ok) return failure({ code: 'parse', message: expression.error.message })
    const type = typeOf(expression.value)
    if (query.kind === 'range' && type !== 'scalar' && type !== 'instant vector') {
      return failure({ code: 'parse', message: `invalid expression type "${type}" for range query, must be Scalar or instant Vector` })
    }
    const options: EvaluationOptions = { canceled, ...(query.lookbackMs === undefined ? {} : { lookbackMs: query.lookbackMs }) }
    const evaluated: Result<QueryOutput, EvaluationError> =
      query.kind === 'instant'
        ? evaluateInstant(expression.value, this.#head, query.timeMs, options)
        : evaluateRange(expression.value, this.#head, { startMs: query.startMs, endMs: query.endMs, stepMs: query.stepMs }, options)
    if (!evaluated.ok) {
      const { code, message } = evaluated.error
      return failure({ code: code === 'limit' ? 'execution' : code, message })
    }
    const { value, warnings, infos } = evaluated.value
    const limited = limitValue(value, query.limit)
    return written((pieces) => writeQueryValue(limited, pieces), limited === value ? warnings : [...warnings, TRUNCATED], infos)
  }

  #list(query: ListQuery): Result<StoreAnswer, StoreError> {
    const matcherSets: (readonly Matcher[])[] = []
    for (const text of query.match) {
      const matchers = parseSelector(text)
      if (!matchers.ok) return failure({ code: 'parse', message: matchers.error.message })
      matcherSets.push(matchers.value)
    }
    const { startMs, endMs, limit } = query
    switch (query.kind) {
      case 'series': {
        const sets = this.#head.series(matcherSets, startMs, endMs)
        return limitedList(sets, limit, writeLabelSets)
      }
      case 'label-names':
        return limitedList(this.#head.labelNames(matcherSets, startMs, endMs), limit, writeStrings)
      case 'label-values':
        return limitedList(this.#head.labelValues(query.name, matcherSets, startMs, endMs), limit, writeStrings)
    }
  }
}

function limitValue(value: QueryValue, limit: number | undefined): QueryValue {
  if (limit === undefined) return value
  if (value.type === 'vector' && value.samples.length > limit) return { type: 'vector', samples: value.samples.slice(0, limit) }
  if (value.type === 'matrix' && value.series.length > limit) return { type: 'matrix', series: value.series.slice(0, limit) }
  return value
}

function limitedList<T>(
  items: readonly T[],
  limit: number | undefined,
  write: (items: readonly T[], pieces: JsonPieces) => void,
): Result<StoreAnswer, StoreError> {
  const truncated = limit !== undefined && items.length > limit
  return written((pieces) => write(truncated ? items.slice(0, limit) : items, pieces), truncated ? [TRUNCATED] : [], [])
}

function written(write: (pieces: JsonPieces) => void, warnings: readonly string[], infos: readonly string[]): Result<StoreAnswer, StoreError> {
  const pieces = new JsonPieces(ANSWER_LENGTH_MAX)
  write(pieces)
  if (pieces.full) {
    return failure({ code: 'execution', message: `the result is larger than ${ANSWER_LENGTH_MAX} characters: aggregate it, or ask for fewer points` })
  }
  return ok({ data: pieces.bytes(), warnings, infos })
}
