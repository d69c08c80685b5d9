import { promptOf } from '../prompt.ts'
import { Fields, jsonFields } from './fields.ts'
import type { LineReader, Problem, ReadContext, TraceFormat } from './format.ts'
import { textSegments } from './text-segments.ts'
import type { TraceBuilder } from './trace-builder.ts'

/** Tokens of a call of a tool: a name and a few arguments as JSON. */
const TOOL_CALL_TOKENS = 40

/**
 * Agent sessions with their full text, as LMCache records them: an object a line, `timestamp` (µs), `input` (the whole prompt), `output`,
 * `session_id`. Equal beginnings of prompts are equal segments; token counts are a quarter of the bytes. Requests come at their recorded times. An
 * empty output was a call of a tool, whose text is not recorded: it counts 40 tokens. An answer's tokens are not those of the same text in a later prompt.
 * SOURCE: github.com/LMCache/lmcache-agent-trace.
 */
export const agents: TraceFormat = {
  id: 'agents',
  title: "LMCache's agent sessions with full text: timestamp (µs), input, output, session_id; one JSON object a line",
  source: 'github.com/LMCache/lmcache-agent-trace',
  hasPrefixes: true,
  detects: (line) => {
    const fields = jsonFields(line)
    return fields instanceof Fields && typeof fields.raw('input') === 'string' && typeof fields.raw('output') === 'string' && fields.has('timestamp')
  },
  open: (context) => new AgentsReader(context),
}

class AgentsReader implements LineReader {
  readonly #builder: TraceBuilder

  constructor({ builder }: ReadContext) {
    this.#builder = builder
    builder.note('Token counts are a quarter of the bytes of the texts.')
  }

  line(text: string): Problem | undefined {
    const fields = jsonFields(text)
    if (!(fields instanceof Fields)) return fields
    const atMs = fields.amount('timestamp') / 1000
    const prompt = promptOf(textSegments(fields.text('input')))
    const outputTokens = promptOf(textSegments(fields.text('output'))).tokens || TOOL_CALL_TOKENS
    const session = fields.has('session_id') ? this.#builder.sessionNumber(fields.name('session_id')) : -1
    if (fields.problem !== undefined) return fields.problem
    if (prompt.tokens === 0) {
      this.#builder.note('A request with an empty input is left out.')
      return
    }
    if (fields.raw('output') === '') this.#builder.note(`An answer without text, a call of a tool, is taken to have ${TOOL_CALL_TOKENS} tokens.`)
    this.#builder.add({ atMs, prompt, outputTokens, session })
    return
  }
}
