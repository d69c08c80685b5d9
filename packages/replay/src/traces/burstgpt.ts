import { csvReader, isCsvHeader } from './csv.ts'
import type { LineReader, ReadContext, TraceFormat } from './format.ts'

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
  detects: (line) => isCsvHeader(line, COLUMNS),
  open: readBurstGpt,
}

function readBurstGpt({ builder }: ReadContext): LineReader {
  const lastOfSession = new Map<string | number, number>()
  return csvReader(COLUMNS, (fields) => {
    const atMs = fields.amount('Timestamp') * 1000
    const model = fields.text('Model')
    const promptTokens = fields.tokens('Request tokens')
    const outputTokens = fields.tokens('Response tokens')
    const name = fields.has('Session ID') ? fields.name('Session ID') : ''
    if (fields.problem !== undefined) return fields.problem
    if (promptTokens === 0 || outputTokens === 0) {
      builder.note('A failure (no request or response tokens) is left out.')
      return
    }
    const prompt = builder.uniquePrompt(promptTokens)
    if (name === '') {
      builder.add({ atMs, prompt, outputTokens, model })
      return
    }
    const previous = lastOfSession.get(name)
    const after = previous === undefined ? undefined : { index: previous, thinkMs: 0 }
    const session = builder.sessionNumber(name)
    lastOfSession.set(name, builder.add({ atMs, prompt, outputTokens, model, session, after }))
    return
  })
}
