import { csvFields, csvHeader } from './csv.ts'
import { Fields } from './fields.ts'
import type { LineReader, Problem, ReadContext, TraceFormat } from './format.ts'
import type { TraceBuilder } from './trace-builder.ts'

const COLUMNS = ['Timestamp', 'Model', 'Request tokens', 'Response tokens']

/**
 * BurstGPT: CSV of `Timestamp` (seconds), `Model`, `Request tokens`, `Response tokens` and others; since version 2 also `Session ID` and `Elapsed time`.
 * Failures have no response tokens and are left out. A request of a session comes at its recorded time, but not before the session's previous
 * one has ended. What prompts share is not said: every prompt is unique.
 * SOURCE: github.com/HPMLL/BurstGPT (Y. Wang et al., KDD 2025).
 */
export const burstgpt: TraceFormat = {
  id: 'burstgpt',
  title: 'BurstGPT: CSV of Timestamp, Model, Request tokens, Response tokens, with or without Session ID; no prefixes',
  source: 'github.com/HPMLL/BurstGPT',
  hasPrefixes: false,
  detects: (line) => COLUMNS.every((column) => csvHeader(line).includes(column)),
  open: (context) => new BurstGptReader(context),
}

class BurstGptReader implements LineReader {
  readonly #builder: TraceBuilder
  readonly #lastOfSession = new Map<string | number, number>()
  #header: readonly string[] | undefined

  constructor({ builder }: ReadContext) {
    this.#builder = builder
  }

  line(text: string): Problem | undefined {
    if (this.#header === undefined) {
      this.#header = csvHeader(text)
      const missing = COLUMNS.find((column) => !this.#header?.includes(column))
      return missing === undefined ? undefined : { field: missing, expected: `expected a header with ${COLUMNS.join(',')}` }
    }
    const fields = csvFields(text, this.#header)
    if (!(fields instanceof Fields)) return fields
    const atMs = fields.amount('Timestamp') * 1000
    const model = fields.text('Model')
    const promptTokens = fields.tokens('Request tokens')
    const outputTokens = fields.tokens('Response tokens')
    const name = fields.has('Session ID') ? fields.name('Session ID') : ''
    if (fields.problem !== undefined) return fields.problem
    if (promptTokens === 0 || outputTokens === 0) {
      this.#builder.note('A failure (no request or response tokens) is left out.')
      return
    }
    const prompt = this.#builder.uniquePrompt(promptTokens)
    if (name === '') {
      this.#builder.add({ atMs, prompt, outputTokens, model })
      return
    }
    const previous = this.#lastOfSession.get(name)
    const after = previous === undefined ? undefined : { index: previous, thinkMs: 0 }
    const session = this.#builder.sessionNumber(name)
    this.#lastOfSession.set(name, this.#builder.add({ atMs, prompt, outputTokens, model, session, after }))
    return
  }
}
