import { type Prompt, promptOf, type Segment } from '../prompt.ts'
import { Fields, jsonFields } from './fields.ts'
import type { LineReader, Problem, ReadContext, TraceFormat } from './format.ts'
import type { TraceBuilder } from './trace-builder.ts'

/** Tokens of one hashed block: Mooncake's own traces, and those of Bailian. */
const MOONCAKE_BLOCK_TOKENS = 512
const BAILIAN_BLOCK_TOKENS = 16

/**
 * Mooncake's traces: an object a line, `timestamp` (ms), `input_length`, `output_length` (tokens) and `hash_ids`, one a block
 * of 512 prompt tokens, the last block perhaps partial; equal ids are equal blocks.
 *
 * Bailian's are the same with blocks of 16 tokens, seconds, `chat_id`, `parent_chat_id` (-1: none) and `turn`: a turn comes at its
 * recorded time, but not before the turn that it goes on from has ended.
 * SOURCE: kvcache-ai/Mooncake FAST25-release/traces; alibaba-edu/qwen-bailian-usagetraces-anon.
 */
export const mooncake: TraceFormat = {
  id: 'mooncake',
  title: "Mooncake's traces and Bailian's: timestamp, input_length, output_length, hash_ids; one JSON object a line",
  source: 'github.com/kvcache-ai/Mooncake, FAST25-release/traces; github.com/alibaba-edu/qwen-bailian-usagetraces-anon',
  hasPrefixes: true,
  detects: (line) => {
    const fields = jsonFields(line)
    return fields instanceof Fields && fields.has('hash_ids') && fields.has('input_length')
  },
  open: (context) => new MooncakeReader(context),
}

class MooncakeReader implements LineReader {
  readonly #builder: TraceBuilder
  readonly #blockTokens: number | undefined
  readonly #chats = new Map<string | number, { readonly index: number; readonly session: number }>()

  constructor({ builder, blockTokens }: ReadContext) {
    this.#builder = builder
    this.#blockTokens = blockTokens
  }

  line(text: string): Problem | undefined {
    const fields = jsonFields(text)
    if (!(fields instanceof Fields)) return fields
    const isBailian = fields.has('chat_id')
    const atMs = fields.amount('timestamp') * (isBailian ? 1000 : 1)
    const tokens = fields.tokens('input_length')
    const outputTokens = fields.tokens('output_length')
    const prompt = this.#prompt(fields, tokens, this.#blockTokens ?? (isBailian ? BAILIAN_BLOCK_TOKENS : MOONCAKE_BLOCK_TOKENS))
    const chat = isBailian ? fields.name('chat_id') : undefined
    const parent = isBailian && fields.has('parent_chat_id') ? this.#chats.get(fields.name('parent_chat_id')) : undefined
    if (fields.problem !== undefined) return fields.problem
    if (tokens === 0 || outputTokens === 0) {
      this.#builder.note('A request without prompt or output tokens is left out.')
      return
    }
    const session = chat === undefined ? -1 : (parent?.session ?? this.#builder.sessionNumber(chat))
    const after = parent === undefined ? undefined : { index: parent.index, thinkMs: 0 }
    const index = this.#builder.add({ atMs, prompt, outputTokens, session, after })
    if (chat !== undefined) this.#chats.set(chat, { index, session })
    return
  }

  #prompt(fields: Fields, tokens: number, blockTokens: number): Prompt {
    const names = fields.list('hash_ids')
    const blocks = Math.ceil(tokens / blockTokens)
    if (names.length > blocks) {
      fields.wrong('hash_ids', `expected at most ${blocks} ids for ${tokens} tokens in blocks of ${blockTokens} (is the block size another one?)`)
    }
    if (fields.problem !== undefined) return promptOf([])
    const segments: Segment[] = []
    let left = tokens
    for (const name of names) {
      if (typeof name !== 'number' && typeof name !== 'string') {
        fields.wrong('hash_ids', 'expected numbers or texts')
        break
      }
      const length = Math.min(left, blockTokens)
      segments.push({ id: this.#builder.segmentId(name), tokens: length })
      left -= length
    }
    // Files whose ids name full blocks only: nobody shares the rest.
    if (left > 0) segments.push({ id: this.#builder.freshId(), tokens: left })
    return promptOf(segments)
  }
}
