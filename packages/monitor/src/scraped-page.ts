import { failure, ok, type Result } from '@signalbox/base'
import { decodeNumberedPage, type Exemplar, type MetricType, type SeriesTable } from '@signalbox/exposition'

/** What one page says, before any of it is believed. Sample i is `series[i]`, `values[i]`, `timestampsMs[i]`. */
export interface ScrapedPage {
  /** Numbers of the target's table. */
  readonly series: readonly number[]
  readonly values: readonly number[]
  /** Undefined: the time of the scrape. */
  readonly timestampsMs: readonly (number | undefined)[]
  readonly metadata: ReadonlyMap<string, FamilyMetadata>
  /** In page order. */
  readonly exemplars: readonly SampleExemplar[]
}

interface SampleExemplar {
  /** Which sample of the page it belongs to. */
  readonly sample: number
  readonly exemplar: Exemplar
}

export interface FamilyMetadata {
  type: MetricType
  help: string
}

/** Why a scrape failed: `cause` is a metric label (few values), `message` is for people. */
export interface ScrapeError {
  readonly cause: 'timeout' | 'unreachable' | 'protocol' | 'http-status' | 'too-large' | 'bad-page' | 'sample-limit' | 'store'
  readonly message: string
}

const FAMILIES_MAX = 10_000

interface PageBody {
  readonly body: Uint8Array
  readonly contentType: string
}

/**
 * Takes a page apart, as a whole or not at all. A page of more than `samplesMax` samples is refused with their number. `table`
 * follows the target's pages and has room for two of them.
 */
export function readPage({ body, contentType }: PageBody, table: SeriesTable, samplesMax: number): Result<ScrapedPage, ScrapeError> {
  const series: number[] = []
  const values: number[] = []
  const timestampsMs: (number | undefined)[] = []
  const exemplars: SampleExemplar[] = []
  const metadata = new Map<string, FamilyMetadata>()
  const family = (name: string): FamilyMetadata | undefined => {
    const known = metadata.get(name)
    if (known !== undefined || metadata.size >= FAMILIES_MAX) return known
    const fresh: FamilyMetadata = { type: 'unknown', help: '' }
    metadata.set(name, fresh)
    return fresh
  }
  let samples = 0
  const decoded = decodeNumberedPage(
    body,
    table,
    {
      sample(number, value, timestampMs) {
        samples += 1
        if (samples > samplesMax) return
        series.push(number)
        values.push(value)
        timestampsMs.push(timestampMs)
      },
      exemplar(exemplar) {
        if (samples <= samplesMax) exemplars.push({ sample: series.length - 1, exemplar })
      },
      type(name, type) {
        const entry = family(name)
        if (entry !== undefined) entry.type = type
      },
      help(name, help) {
        const entry = family(name)
        if (entry !== undefined) entry.help = help
      },
    },
    {
      format: contentType.startsWith('application/openmetrics-text') ? 'openmetrics' : 'text',
      pageBytesMax: body.length,
      skipsBadExemplars: true,
    },
  )
  if (!decoded.ok) {
    const { line, column, message } = decoded.error
    return failure({ cause: 'bad-page', message: `not a metrics page: line ${line}, column ${column}: ${message}` })
  }
  if (samples > samplesMax) return failure({ cause: 'sample-limit', message: `${samples} samples on the page, the limit is ${samplesMax}` })
  return ok({ series, values, timestampsMs, metadata, exemplars })
}
