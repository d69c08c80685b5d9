import { failure, type Result } from '@signalbox/base'
import { NEWLINE, RETURN } from './characters.ts'
import { PageDecoder, type Receiver } from './page-decoder.ts'
import type { SeriesTable } from './series-table.ts'
import { checkPage } from './strict/check-page.ts'
import type { ExpositionError, ExpositionFormat, NumberedHandler, PageHandler } from './types.ts'

export interface DecodeOptions {
  /** Default: OpenMetrics when the page ends with its mandatory `# EOF`, otherwise text. Decides the unit of timestamps. */
  readonly format?: ExpositionFormat
  /** A longer page is refused whole with 'too-large'. Default `pageBytesMaxDefault`. */
  readonly pageBytesMax?: number
  /** Hands nothing over unless the page obeys its format to the letter, as `checkPage` says. Default false. */
  readonly strict?: boolean
  /** Goes on after an exemplar that is malformed, without it; not with `strict`. Default false. */
  readonly skipsBadExemplars?: boolean
}

/** 64 MiB: about 500,000 series. */
export const pageBytesMaxDefault = 64 * 1024 * 1024

/**
 * Reads one exposition page and tells `handler` what it says, in page order; answers how many samples it handed over.
 * Stops at the first error, so a caller that must not act on half a page collects first.
 *
 * Lenient where real exporters differ: blanks anywhere between tokens, CRLF, a trailing comma, a missing last newline,
 * exemplars on either format, `# TYPE` of an unknown kind ('unknown'), malformed metadata (a comment). Strict
 * about samples: each `series` handed over is well-formed, so `parseSeries` can only refuse it for repeated or reserved label names.
 * A page given as 'openmetrics' must end with `# EOF`, else it was cut. Names in quotes (UTF-8 names) are refused.
 *
 * One pass over the bytes, no regular expressions. Measured, bundled, on a vLLM-like page of 5,500 series and 606 kB: 1.7 ms (350 MB/s), 2.8 ms
 * with a Map lookup of each series, 8.7 ms with each series parsed, 1.0 ms when nothing is wanted.
 *
 * Errors: 'too-large'; 'bad-syntax', also for bytes that are not UTF-8; 'bad-label', 'bad-value', 'bad-timestamp', 'bad-exemplar'
 * when the handler takes exemplars and does not skip bad ones; with `strict`, those of `checkPage`.
 * SOURCE: Prometheus exposition formats 0.0.4; OpenMetrics 1.0.0, section "Text format".
 */
export function decodePage(page: Uint8Array, handler: PageHandler, options: DecodeOptions = {}): Result<{ samples: number }, ExpositionError> {
  return run(page, { table: undefined, handler }, options)
}

/**
 * As `decodePage`, with the series as numbers of `table`, which follows the pages of one target. The caller tells the table with
 * `endPage` when the page is to be believed. A known line makes no string: measured as above, 1.2 ms (500 MB/s).
 */
export function decodeNumberedPage(
  page: Uint8Array,
  table: SeriesTable,
  handler: NumberedHandler,
  options: DecodeOptions = {},
): Result<{ samples: number }, ExpositionError> {
  table.beginPage()
  return run(page, { table, handler }, options)
}

function run(page: Uint8Array, receiver: Receiver, options: DecodeOptions): Result<{ samples: number }, ExpositionError> {
  const bytesMax = options.pageBytesMax ?? pageBytesMaxDefault
  if (page.length > bytesMax) {
    return failure({ code: 'too-large', message: `the page has ${page.length} bytes, the limit is ${bytesMax}`, line: 1, column: 1 })
  }
  const openMetrics = options.format === 'openmetrics' || (options.format === undefined && endsWithEof(page))
  if (options.strict === true) {
    const checked = checkPage(page, openMetrics ? 'openmetrics' : 'text')
    if (!checked.ok) return checked
  }
  return new PageDecoder(page, receiver, {
    openMetrics,
    mustEnd: options.format === 'openmetrics',
    skipsBadExemplars: options.skipsBadExemplars ?? false,
  }).decode()
}

function endsWithEof(page: Uint8Array): boolean {
  let end = page.length
  while (end > 0 && (page[end - 1] === NEWLINE || page[end - 1] === RETURN)) end -= 1
  const word = '\n# EOF'
  for (let i = 1; i <= word.length; i++) {
    // The newline before it may be the start of the page.
    if (i === word.length && end - i < 0) return true
    if (page[end - i] !== word.charCodeAt(word.length - i)) return false
  }
  return true
}
