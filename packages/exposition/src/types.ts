/** The two exposition formats: Prometheus text 0.0.4 and OpenMetrics 1.0.0. */
export type ExpositionFormat = 'text' | 'openmetrics'

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown' | 'info' | 'stateset' | 'gaugehistogram'

/** Receives what a page says, in page order. */
export interface PageHandler {
  /** Asked once for each distinct metric name (`x_bucket`, not `x`); false skips its samples cheaply. Absent: all are wanted. */
  wants?(metricName: string): boolean
  /** A `# TYPE` line. */
  type?(family: string, type: MetricType): void
  /** A `# HELP` line, unescaped. */
  help?(family: string, text: string): void
  /**
   * One sample. `series` is the text of name and labels exactly as on the page (`up{job="x"}`): the
   * same series has the same text scrape after scrape, so it serves as a cache key, and
   * `parseSeries` turns it into labels when it is new. `timestampMs` is undefined when the page gives none.
   */
  sample(series: string, value: number, timestampMs: number | undefined): void
}

export interface ExpositionError {
  readonly code: 'bad-syntax' | 'bad-value' | 'bad-timestamp' | 'bad-label' | 'too-large'
  readonly message: string
  /** Both from 1. */
  readonly line: number
  readonly column: number
}
