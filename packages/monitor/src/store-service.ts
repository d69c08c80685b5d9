import { failure, Labels, ok, type Result } from '@signalbox/base'
import {
  type EvaluationError,
  type EvaluationOptions,
  evaluateInstant,
  evaluateRange,
  type Matcher,
  parse,
  parseSelector,
  type Queryable,
  type QueryOutput,
  type QueryValue,
  type SeriesColumns,
  typeOf,
} from '@signalbox/promql'
import { type AppendOutcome, Head } from '@signalbox/tsdb'
import type { BatchOutcome, StoreAnswer, StoreError, StoreQuery, StoreStats } from './ports.ts'
import { JsonPieces, writeLabelSets, writeQueryValue, writeStrings } from './query-json.ts'
import { statisticsOf } from './series-statistics.ts'
import type { SampleBatch, WorkerData } from './worker-protocol.ts'

/** Beyond this an answer is refused: it is held as one string, one byte array and, in the browser, once more. */
const ANSWER_LENGTH_MAX = 64 * 1024 * 1024

const TRUNCATED = 'results truncated due to limit'

type ListQuery = Exclude<StoreQuery, { readonly kind: 'instant' | 'range' | 'statistics' }>
type ExpressionQuery = Extract<StoreQuery, { readonly kind: 'instant' | 'range' }>

interface OpenSeries {
  readonly labels: Labels
  /** Undefined: the store is at its limit. */
  ref: number | undefined
}

/** Passes selections on and counts what they load. */
class CountingSource implements Queryable {
  readonly #source: Queryable
  samples = 0

  constructor(source: Queryable) {
    this.#source = source
  }

  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[] {
    const selected = this.#source.select(matchers, startMs, endMs)
    for (const { values } of selected) this.samples += values.length
    return selected
  }
}

/** The head and the query engine behind plain messages. Knows nothing of threads. */
export class StoreService {
  readonly #head: Head
  /** By handle. */
  readonly #open: (OpenSeries | undefined)[] = []
  #refused = 0
  /** Of samples taken; the oldest not before the last truncation. */
  #times = { oldestMs: Infinity, newestMs: -Infinity }

  constructor(options: WorkerData) {
    this.#head = new Head({ seriesMax: options.seriesMax, retentionMs: options.retentionMs })
  }

  append(batch: SampleBatch): BatchOutcome {
    const count = { kept: 0, outOfOrder: 0, duplicates: 0, refused: 0 }
    for (const { handle, names, values } of batch.opened) {
      const labels = new Labels(names, values)
      const ref = this.#head.seriesRef(labels)
      if (ref === undefined) this.#refused += 1
      this.#open[handle] = { labels, ref }
    }
    for (let i = 0; i < batch.handles.length; i++) {
      const series = this.#open[batch.handles[i] as number]
      const became = series === undefined ? 'refused' : this.#appendOne(series, batch.timestampsMs[i] as number, batch.values[i] as number)
      count[became] += 1
      if (became === 'kept') this.#noteTime(batch.timestampsMs[i] as number)
    }
    for (const handle of batch.released) this.#open[handle] = undefined
    return count
  }

  /** Also gives series that were refused another try, now that there may be room. */
  truncate(beforeMs: number): void {
    this.#head.truncate(beforeMs)
    this.#times.oldestMs = Math.max(this.#times.oldestMs, beforeMs)
    for (const series of this.#open) if (series !== undefined && series.ref === undefined) series.ref = this.#head.seriesRef(series.labels)
  }

  #noteTime(timestampMs: number): void {
    if (timestampMs < this.#times.oldestMs) this.#times.oldestMs = timestampMs
    if (timestampMs > this.#times.newestMs) this.#times.newestMs = timestampMs
  }

  /** Costs a pass over all series. */
  stats(): StoreStats {
    const { appended, series, bytes } = this.#head.stats()
    return { samples: appended, series, bytes, seriesRefused: this.#refused }
  }

  #appendOne(series: OpenSeries, timestampMs: number, value: number): keyof BatchOutcome {
    if (series.ref === undefined) return 'refused'
    const outcome = this.#head.append(series.ref, timestampMs, value)
    if (outcome !== 'unknown-series') return countedAs(outcome)
    // Truncation dropped it: a page with its own, old timestamps can leave an open series without samples.
    series.ref = this.#head.seriesRef(series.labels)
    return series.ref === undefined ? 'refused' : countedAs(this.#head.append(series.ref, timestampMs, value))
  }

  /** Synchronous; `canceled` is asked between series. */
  answer(query: StoreQuery, canceled: () => boolean): Result<StoreAnswer, StoreError> {
    if (canceled()) return failure({ code: 'canceled', message: 'query was canceled' })
    switch (query.kind) {
      case 'instant':
      case 'range':
        return this.#evaluate(query, canceled)
      case 'statistics': {
        const statistics = statisticsOf(this.#head.series([], -Infinity, Infinity), query.limit, this.#times)
        return written((pieces) => pieces.add(JSON.stringify(statistics)), [], [])
      }
      default:
        return this.#list(query)
    }
  }

  #evaluate(query: ExpressionQuery, canceled: () => boolean): Result<StoreAnswer, StoreError> {
    const beganMs = performance.now()
    const expression = parse(query.query)
    if (!expression.ok) return failure({ code: 'parse', message: expression.error.message })
    const type = typeOf(expression.value)
    if (query.kind === 'range' && type !== 'scalar' && type !== 'instant vector') {
      return failure({ code: 'parse', message: `invalid expression type "${type}" for range query, must be Scalar or instant Vector` })
    }
    const preparedMs = performance.now()
    const source = new CountingSource(this.#head)
    const options: EvaluationOptions = { canceled, ...(query.lookbackMs === undefined ? {} : { lookbackMs: query.lookbackMs }) }
    const evaluated: Result<QueryOutput, EvaluationError> =
      query.kind === 'instant'
        ? evaluateInstant(expression.value, source, query.timeMs, options)
        : evaluateRange(expression.value, source, { startMs: query.startMs, endMs: query.endMs, stepMs: query.stepMs }, options)
    if (!evaluated.ok) {
      const { code, message } = evaluated.error
      return failure({ code: code === 'limit' ? 'execution' : code, message })
    }
    const { value, warnings, infos } = evaluated.value
    const limited = limitValue(value, query.limit)
    const answer = written((pieces) => writeQueryValue(limited, pieces), limited === value ? warnings : [...warnings, TRUNCATED], infos)
    if (!answer.ok || query.stats !== true) return answer
    const work = { preparationMs: preparedMs - beganMs, evaluationMs: performance.now() - preparedMs, samples: source.samples }
    return ok({ ...answer.value, work })
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

function countedAs(outcome: AppendOutcome): keyof BatchOutcome {
  switch (outcome) {
    case 'ok':
      return 'kept'
    case 'out-of-order':
      return 'outOfOrder'
    case 'duplicate':
      return 'duplicates'
    case 'unknown-series':
      return 'refused'
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
