import { Fields, jsonFields } from './fields.ts'
import type { LineReader, Problem, ReadContext, TraceFormat } from './format.ts'
import type { TraceBuilder } from './trace-builder.ts'

/**
 * Decision records of our own gateway, as `signalbox decisions --json` prints them: an object a line, in any order. They hold token counts,
 * not prompts: every prompt is unique. Requests that generated nothing (rejected, failed, still running) are left out.
 */
export const decisions: TraceFormat = {
  id: 'decisions',
  title: "this gateway's decision records, as `signalbox decisions --json` prints them; no prefixes",
  source: 'docs/api.md, /debug/decisions',
  hasPrefixes: false,
  detects: (line) => {
    const fields = jsonFields(line)
    return fields instanceof Fields && fields.has('receivedMs') && fields.has('attempts')
  },
  open: (context) => new DecisionsReader(context),
}

class DecisionsReader implements LineReader {
  readonly #builder: TraceBuilder

  constructor({ builder }: ReadContext) {
    this.#builder = builder
    builder.note('Decision records carry no prompts: every prompt is unique, so what requests share is lost.')
  }

  line(text: string): Problem | undefined {
    const fields = jsonFields(text)
    if (!(fields instanceof Fields)) return fields
    const atMs = fields.amount('receivedMs')
    const model = fields.text('model')
    const stream = fields.flag('stream')
    const priority = fields.number('priority')
    const outputTokens = fields.has('completionTokens') ? fields.tokens('completionTokens') : 0
    const isMeasured = fields.has('promptTokens')
    const promptTokens = isMeasured ? fields.tokens('promptTokens') : Math.round(fields.amount('promptTokensEstimated'))
    if (fields.problem !== undefined) return fields.problem
    if (outputTokens === 0 || promptTokens === 0) this.#builder.note('A request that generated nothing, or whose usage is unknown, is left out.')
    else {
      if (!isMeasured) this.#builder.note("A prompt's length is the gateway's estimate: the endpoint reported none.")
      this.#builder.add({ atMs, prompt: this.#builder.uniquePrompt(promptTokens), outputTokens, model, stream, priority })
    }
    return
  }
}
