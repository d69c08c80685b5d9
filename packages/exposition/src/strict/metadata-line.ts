import { failure, ok, type Result } from '@signalbox/base'
import type { ExpositionFormat, MetricType } from '../types.ts'
import type { LineFault } from './line-fault.ts'

/** A `#` line that says something about a family. */
export type MetadataLine =
  | { readonly keyword: 'TYPE'; readonly family: string; readonly type: MetricType }
  | { readonly keyword: 'HELP'; readonly family: string }
  | { readonly keyword: 'UNIT'; readonly family: string; readonly unit: string }

const metricTypes: Readonly<Record<ExpositionFormat, ReadonlyMap<string, MetricType>>> = {
  openmetrics: new Map<string, MetricType>(
    (['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset', 'unknown'] as const).map((type) => [type, type]),
  ),
  text: new Map<string, MetricType>([
    ['counter', 'counter'],
    ['gauge', 'gauge'],
    ['histogram', 'histogram'],
    ['summary', 'summary'],
    ['untyped', 'unknown'],
  ]),
}

// One way to match each character, so linear. A HELP text may hold bare quotes and a last backslash: writers in use leave them so.
const openMetricsLine = /^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/su
const textLine = /^#[ \t]+(TYPE|HELP)[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)(?:[ \t]+(.*))?$/su
const textKeyword = /^#[ \t]+(?:TYPE|HELP)(?:[ \t]|$)/u

/**
 * Reads a line that begins with `#` and is not the end of the page. undefined: a comment, which only text has.
 * SOURCE: OpenMetrics 1.0.0, section "MetricFamily metadata"; Prometheus exposition format 0.0.4.
 */
export function readMetadataLine(line: string, format: ExpositionFormat): Result<MetadataLine | undefined, LineFault> {
  if (format === 'text' && !textKeyword.test(line)) return ok(undefined)
  const [, keyword, family = '', rest = ''] = (format === 'text' ? textLine : openMetricsLine).exec(line) ?? []
  const fault = (message: string): { readonly ok: false; readonly error: LineFault } => failure({ code: 'bad-metadata', column: 1, message })
  if (format === 'openmetrics' && family.startsWith('_')) return fault(`the name ${family} is reserved; use one without underscores in front`)
  switch (keyword) {
    case 'HELP':
      return rest.endsWith('\r') && format === 'openmetrics'
        ? fault('a line ends with a line feed alone; leave out the carriage return')
        : ok({ keyword, family })
    case 'TYPE': {
      const types = metricTypes[format]
      const type = types.get(format === 'text' ? rest.trim() : rest)
      return type === undefined
        ? fault(`the type ${JSON.stringify(rest.slice(0, 40))} is none of ${[...types.keys()].join(', ')}`)
        : ok({ keyword, family, type })
    }
    case 'UNIT':
      if (!/^[a-zA-Z0-9_:]*$/.test(rest)) return fault('a unit is made of the characters of metric names, and nothing follows it')
      return ok({ keyword, family, unit: rest })
    default:
      return fault(
        format === 'text'
          ? 'expected "# TYPE name type" or "# HELP name text"'
          : 'expected "# TYPE name type", "# UNIT name unit", "# HELP name text" or "# EOF", with single spaces',
      )
  }
}
