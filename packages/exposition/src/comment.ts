import { isBlank } from './characters.ts'
import { unescapeHelp } from './escape.ts'
import type { PageText } from './page-text.ts'
import type { MetadataHandler, MetricType } from './types.ts'

const metricTypes: ReadonlySet<string> = new Set<MetricType>([
  'counter',
  'gauge',
  'histogram',
  'summary',
  'unknown',
  'info',
  'stateset',
  'gaugehistogram',
])

interface CommentOptions {
  readonly page: Uint8Array
  readonly text: PageText
  readonly handler: MetadataHandler
  readonly openMetrics: boolean
}

/** Reads the `#` lines of one page: `# TYPE name kind`, `# HELP name text`, `# UNIT name unit`, `# EOF`, or a comment of any shape. */
export class CommentReader {
  readonly #page: Uint8Array
  readonly #text: PageText
  readonly #handler: MetadataHandler
  readonly #openMetrics: boolean

  constructor({ page, text, handler, openMetrics }: CommentOptions) {
    this.#page = page
    this.#text = text
    this.#handler = handler
    this.#openMetrics = openMetrics
  }

  /** Reads the line from its `#` to `lineEnd` and tells the handler what it asks for. True: it is the end of an OpenMetrics page. */
  read(hash: number, lineEnd: number): boolean {
    const wordStart = this.#skipBlanks(hash + 1)
    const keyword = this.#keyword(wordStart)
    if (keyword === undefined) return false
    // In the text format this is a comment like any other.
    if (keyword === 'EOF') return this.#openMetrics && wordStart + 3 === lineEnd
    const nameStart = this.#skipBlanks(wordStart + 4)
    let nameEnd = nameStart
    while (nameEnd < lineEnd && !isBlank(this.#page[nameEnd])) nameEnd += 1
    if (nameStart >= nameEnd) return false
    const family = this.#text.slice(nameStart, nameEnd)
    const rest = this.#text.slice(Math.min(this.#skipBlanks(nameEnd), lineEnd), lineEnd)
    if (keyword === 'HELP') this.#handler.help?.(family, unescapeHelp(rest, this.#openMetrics))
    else if (keyword === 'UNIT') this.#handler.unit?.(family, rest.trim())
    else {
      const kind = rest.trim()
      if (kind !== '') this.#handler.type?.(family, metricTypes.has(kind) ? (kind as MetricType) : 'unknown')
    }
    return false
  }

  /** Only what the handler asks for is read on. */
  #keyword(start: number): 'TYPE' | 'HELP' | 'UNIT' | 'EOF' | undefined {
    const { type, help, unit } = this.#handler
    if (type !== undefined && this.#spells(start, 'TYPE') && isBlank(this.#page[start + 4])) return 'TYPE'
    if (help !== undefined && this.#spells(start, 'HELP') && isBlank(this.#page[start + 4])) return 'HELP'
    if (unit !== undefined && this.#openMetrics && this.#spells(start, 'UNIT') && isBlank(this.#page[start + 4])) return 'UNIT'
    return this.#spells(start, 'EOF') ? 'EOF' : undefined
  }

  #spells(start: number, word: string): boolean {
    for (let i = 0; i < word.length; i++) if (this.#page[start + i] !== word.charCodeAt(i)) return false
    return true
  }

  #skipBlanks(start: number): number {
    let at = start
    while (isBlank(this.#page[at])) at += 1
    return at
  }
}
