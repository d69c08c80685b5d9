import type { Labels } from '@signalbox/base'

/** The two exposition formats: Prometheus text 0.0.4 and OpenMetrics 1.0.0. */
export type ExpositionFormat = 'text' | 'openmetrics'

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown' | 'info' | 'stateset' | 'gaugehistogram'

/** A reference from one sample to something outside the page, a trace as a rule. */
export interface Exemplar {
  readonly labels: Labels
  readonly value: number
  /** Undefined when the page gives none. */
  readonly timestampMs: number | undefined
}

/** What a page says about families, each in page order. */
export interface MetadataHandler {
  /** A `# TYPE` line. */
  type?(family: string, type: MetricType): void
  /** A `# HELP` line, unescaped. */
  help?(family: string, text: string): void
  /** A `# UNIT` line of an OpenMetrics page; '' is no unit. */
  unit?(family: string, unit: string): void
}

/** Receives what a page says, in page order. */
export interface PageHandler extends MetadataHandler {
  /** Asked once for each distinct metric name (`x_bucket`, not `x`); false skips its samples cheaply. Absent: all are wanted. */
  wants?(metricName: string): boolean
  /**
   * One sample, `_created` ones like any other. `series` is the text of name and labels exactly as on the page (`up{job="x"}`):
   * the same series has the same text scrape after scrape, so it serves as a cache key, and
   * `parseSeries` turns it into labels when it is new. `timestampMs` is undefined when the page gives none.
   */
  sample(series: string, value: number, timestampMs: number | undefined): void
  /** The exemplar of the sample just handed over. Absent: exemplars are skipped unread. */
  exemplar?(exemplar: Exemplar): void
}

/** As `PageHandler`, for a page read over a `SeriesTable`: samples come under the table's numbers. */
export interface NumberedHandler extends Omit<PageHandler, 'sample'> {
  /** `series` is the table's number of the sample's series, -1 when the table is full. */
  sample(series: number, value: number, timestampMs: number | undefined): void
}

/**
 * What can be wrong with a page. Of every page: 'bad-syntax' (also bytes that are not UTF-8, and a missing end), 'bad-value',
 * 'bad-timestamp', 'bad-label', 'bad-exemplar', 'too-large'. Of a strictly read one, also: 'bad-metadata' (a `#` line that is
 * malformed, repeated or too late), 'bad-name' (a name that its family's type does not have), 'name-clash' (two families could write
 * the same sample), 'bad-order' (families, metrics or points interleaved, or times going back), 'duplicate' (a sample given twice),
 * 'bad-histogram' (buckets, sum and count do not make a histogram), 'bad-summary'.
 */
export type ExpositionErrorCode =
  | 'bad-syntax'
  | 'bad-value'
  | 'bad-timestamp'
  | 'bad-label'
  | 'bad-exemplar'
  | 'too-large'
  | 'bad-metadata'
  | 'bad-name'
  | 'name-clash'
  | 'bad-order'
  | 'duplicate'
  | 'bad-histogram'
  | 'bad-summary'

export interface ExpositionError {
  readonly code: ExpositionErrorCode
  readonly message: string
  /** Both from 1. */
  readonly line: number
  readonly column: number
}
