import { failure, ok, type Result } from '@signalbox/base'
import { PageText } from '../page-text.ts'
import type { ExpositionError, ExpositionFormat } from '../types.ts'
import type { LineFault } from './line-fault.ts'
import { readMetadataLine } from './metadata-line.ts'
import { PageRules } from './page-rules.ts'
import { readSampleLine } from './sample-line.ts'

/**
 * Whether a page obeys its format to the letter, grammar and meaning; answers how many samples it has, or the first rule broken.
 * A page that passes is one that `decodePage` reads, unless a timestamp of OpenMetrics is beyond the range of dates, which has none there.
 * Linear in the page, about ten times the work of decoding.
 *
 * Departures, both towards what writers in use do: a HELP text may hold bare double quotes and end with a backslash; a sample may be
 * repeated at the same explicit timestamp, as points closer than the clock's step are.
 * Not checked, because the specification only recommends it: order of metadata lines, equal label names within a family, canonical numbers.
 * SOURCE: OpenMetrics 1.0.0; Prometheus exposition format 0.0.4.
 */
export function checkPage(page: Uint8Array, format: ExpositionFormat): Result<{ samples: number }, ExpositionError> {
  const pageText = new PageText(page)
  if (pageText.brokenAt !== undefined) {
    return failure({ code: 'bad-syntax', message: 'the line is not UTF-8', ...pageText.position(pageText.brokenAt) })
  }
  return new PageCheck(format).run(pageText.slice(0, page.length))
}

const END = '# EOF'

class PageCheck {
  readonly #format: ExpositionFormat
  readonly #rules: PageRules
  #samples = 0

  constructor(format: ExpositionFormat) {
    this.#format = format
    this.#rules = new PageRules(format)
  }

  run(page: string): Result<{ samples: number }, ExpositionError> {
    let number = 0
    let hasEnded = false
    for (let start = 0; start < page.length; ) {
      const newline = page.indexOf('\n', start)
      const line = page.slice(start, newline < 0 ? page.length : newline)
      number += 1
      hasEnded = line === END && this.#format === 'openmetrics'
      const fault = hasEnded ? afterEnd(page.slice(start + END.length), number) : newline < 0 ? unended(line, this.#format) : this.#line(line, number)
      if (fault !== undefined) return failed(fault, number)
      start += line.length + 1
      if (hasEnded) break
    }
    if (this.#format === 'openmetrics' && !hasEnded)
      return failed({ code: 'bad-syntax', column: 1, message: 'the page was cut: it does not end with # EOF' }, number + 1)
    const fault = this.#rules.finish()
    return fault === undefined ? ok({ samples: this.#samples }) : failed(fault, number)
  }

  #line(line: string, number: number): LineFault | undefined {
    const text = this.#format === 'text' ? line.replace(/^[ \t]+/, '') : line
    if (text === '' && this.#format === 'text') return undefined
    if (text === '') return { code: 'bad-syntax', column: 1, message: 'a blank line; leave it out' }
    if (text.startsWith('#')) {
      const metadata = readMetadataLine(text, this.#format)
      if (!metadata.ok) return metadata.error
      return metadata.value === undefined ? undefined : this.#rules.metadata(metadata.value, number)
    }
    const sample = readSampleLine(line, this.#format)
    if (!sample.ok) return sample.error
    if (this.#format === 'openmetrics' && sample.value.name.startsWith('_'))
      return { code: 'bad-name', column: 1, message: `the name ${sample.value.name} is reserved; use one without underscores in front` }
    this.#samples += 1
    return this.#rules.sample(sample.value, number)
  }
}

/** `rest` is what follows the end mark: a line feed at most. */
function afterEnd(rest: string, number: number): LineFault | undefined {
  if (rest === '' || rest === '\n') return undefined
  return { code: 'bad-syntax', column: 1, line: number + 1, message: 'text after # EOF, which is the last line' }
}

function unended(line: string, format: ExpositionFormat): LineFault {
  const message = format === 'text' ? 'the last line does not end with a line feed; add it' : 'the page was cut: it does not end with # EOF'
  return { code: 'bad-syntax', column: line.length + 1, message }
}

function failed({ code, message, column, line }: LineFault, number: number): { readonly ok: false; readonly error: ExpositionError } {
  return failure({ code, message, line: line ?? number, column })
}
