import { failure, type Labels, ok, type Result } from '@signalbox/base'
import {
  type EvaluationError,
  type EvaluationOptions,
  evaluateInstant,
  evaluateRange,
  type Matcher,
  type ParseOptions,
  parse,
  parseSelector,
  type Queryable,
  type QueryOutput,
  type QueryValue,
  type SeriesColumns,
  typeOf,
} from '@signalbox/promql'
import type { StoreAnswer, StoreError, StoreQuery } from './ports.ts'
import { JsonPieces, writeLabelSets, writeQueryValue, writeStrings } from './query-json.ts'
import { statisticsOf } from './series-statistics.ts'

/** What queries need of a store: samples, and which series have some. `selectors` are alternatives; none means all series. Ranges are inclusive. */
export interface SeriesSource extends Queryable {
  series(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly Labels[]
  /** Sorted. */
  labelNames(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[]
  /** Sorted. */
  labelValues(name: string, selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[]
}

/** Beyond this an answer is refused: it is held as one string, one byte array and, in the browser, once more. */
const ANSWER_LENGTH_MAX = 64 * 1024 * 1024

/** The warning of an answer that a limit cut. */
export const TRUNCATED = 'results truncated due to limit'

type ListQuery = Exclude<StoreQuery, { readonly kind: 'instant' | 'range' | 'statistics' }>
type ExpressionQuery = Extract<StoreQuery, { readonly kind: 'instant' | 'range' }>

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

  release(): void {
    this.#source.release?.()
  }
}

/** The query engine over a source, behind plain messages. Knows nothing of threads and of how samples come in. */
export class QueryService {
  readonly #source: SeriesSource
  readonly #parsing: ParseOptions

  constructor(source: SeriesSource, parsing: ParseOptions = {}) {
    this.#source = source
    this.#parsing = parsing
  }

  /** Synchronous; `canceled` is asked between series. */
  answer(query: StoreQuery, canceled: () => boolean): Result<StoreAnswer, StoreError> {
    if (canceled()) return failure({ code: 'canceled', message: 'query was canceled' })
    switch (query.kind) {
      case 'instant':
      case 'range':
        return this.#evaluate(query, canceled)
      case 'statistics': {
        const statistics = statisticsOf(this.#source.series([], -Infinity, Infinity), query.limit, query.times)
        return written((pieces) => pieces.add(JSON.stringify(statistics)), [], [])
      }
      default:
        return this.#list(query)
    }
  }

  #evaluate(query: ExpressionQuery, canceled: () => boolean): Result<StoreAnswer, StoreError> {
    const beganMs = performance.now()
    const expression = parse(query.query, this.#parsing)
    if (!expression.ok) return failure({ code: 'parse', message: expression.error.message })
    const type = typeOf(expression.value)
    if (query.kind === 'range' && type !== 'scalar' && type !== 'instant vector') {
      return failure({ code: 'parse', message: `invalid expression type "${type}" for range query, must be Scalar or instant Vector` })
    }
    const preparedMs = performance.now()
    const source = new CountingSource(this.#source)
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
        const sets = this.#source.series(matcherSets, startMs, endMs)
        return limitedList(sets, limit, writeLabelSets)
      }
      case 'label-names':
        return limitedList(this.#source.labelNames(matcherSets, startMs, endMs), limit, writeStrings)
      case 'label-values':
        return limitedList(this.#source.labelValues(query.name, matcherSets, startMs, endMs), limit, writeStrings)
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
