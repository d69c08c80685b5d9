import { exponential, type Random } from '@signalbox/base'
import { type Prompt, promptOf, type Segment } from '../prompt.ts'
import type { Trace, TraceRequest } from '../trace.ts'
import { timestampMs } from './azure.ts'
import { Fields, jsonFields, tokensMax } from './fields.ts'
import type { LineReader, Problem, ReadContext, TraceFormat } from './format.ts'
import { textSegments } from './text-segments.ts'
import type { TraceBuilder } from './trace-builder.ts'

/** Mean time between requests of a file without times. */
const GAP_MS = 1000

/** Ids from here up are hashes of contents and keep their meaning from trace to trace. */
const CONTENT_IDS_FROM = 2 ** 32

/**
 * Our own plain format, an object a line, of which any field but the output may be left out:
 *
 *     atMs | timestamp   milliseconds | milliseconds or an ISO time; without it arrivals are Poisson, one a second
 *     prompt             text; equal beginnings are shared
 *     segments           instead of a prompt: a list of [id, tokens]; equal ids are equal tokens
 *     promptTokens       the prompt's length; what the segments leave of it is unique
 *     outputTokens       or `output`, a text; outputId: the answer's segment, which later prompts may contain
 *     session            text or number
 *     after, thinkMs     comes `thinkMs` after the file's request `after` (from 0) has ended, but not before `atMs`
 *     model, priority, stream
 */
export const jsonl: TraceFormat = {
  id: 'jsonl',
  title:
    'plain requests: atMs or timestamp, prompt or promptTokens and segments, outputTokens, session, model, priority, stream; one JSON object a line',
  source: 'packages/replay/README.md',
  hasPrefixes: true,
  detects: (line) => {
    const fields = jsonFields(line)
    return fields instanceof Fields && ['prompt', 'promptTokens', 'segments'].some((name) => fields.has(name))
  },
  open: (context) => new JsonlReader(context),
}

/** A trace as lines of this format, each without its end. Reading them gives the same trace up to the numbers of segments and sessions. */
export function* jsonlLines(trace: Trace): Generator<string> {
  for (const request of trace.requests) yield JSON.stringify(lineOf(request))
}

function lineOf({ prompt, output, after, ...request }: TraceRequest): Record<string, unknown> {
  return {
    atMs: request.atMs,
    promptTokens: prompt.tokens,
    segments: prompt.segments.map(({ id, tokens }) => [id, tokens]),
    outputTokens: output.tokens,
    outputId: output.id,
    ...(request.model === '' ? {} : { model: request.model }),
    ...(request.session === -1 ? {} : { session: request.session }),
    ...(after === undefined ? {} : { after: after.index, thinkMs: after.thinkMs }),
    ...(request.priority === 0 ? {} : { priority: request.priority }),
    ...(request.stream ? {} : { stream: false }),
  }
}

class JsonlReader implements LineReader {
  readonly #builder: TraceBuilder
  readonly #random: Random
  #lastMs = 0

  constructor({ builder, random }: ReadContext) {
    this.#builder = builder
    this.#random = random
  }

  line(text: string): Problem | undefined {
    const fields = jsonFields(text)
    if (!(fields instanceof Fields)) return fields
    const prompt = this.#prompt(fields)
    const outputTokens = fields.has('output') ? promptOf(textSegments(fields.text('output'))).tokens : fields.tokens('outputTokens', 1)
    if (outputTokens === 0) fields.wrong('output', 'expected a text that is not empty')
    const draft = {
      prompt,
      outputTokens,
      outputId: fields.has('outputId') ? this.#segmentId(fields, fields.raw('outputId'), 'outputId') : undefined,
      model: fields.has('model') ? fields.text('model') : undefined,
      session: fields.has('session') ? this.#builder.sessionNumber(fields.name('session')) : undefined,
      priority: fields.has('priority') ? fields.number('priority') : undefined,
      stream: fields.has('stream') ? fields.flag('stream') : undefined,
      after: this.#after(fields),
    }
    const atMs = this.#atMs(fields)
    if (fields.problem !== undefined) return fields.problem
    this.#lastMs = atMs
    this.#builder.add({ ...draft, atMs })
    return
  }

  #atMs(fields: Fields): number {
    if (fields.has('atMs')) return fields.amount('atMs')
    if (typeof fields.raw('timestamp') === 'number') return fields.amount('timestamp')
    if (fields.has('timestamp')) {
      const atMs = timestampMs(fields.text('timestamp'))
      if (atMs === undefined) fields.wrong('timestamp', 'expected milliseconds or a time like 2023-11-16T18:17:03.97Z')
      return atMs ?? 0
    }
    this.#builder.note('An arrival time is made up: Poisson, one a second.')
    return this.#lastMs + exponential(this.#random, GAP_MS)
  }

  #after(fields: Fields): TraceRequest['after'] {
    if (!fields.has('after')) return undefined
    const index = fields.number('after')
    const thinkMs = fields.has('thinkMs') ? fields.amount('thinkMs') : 0
    if (Number.isInteger(index) && index >= 0 && index < this.#builder.count) return { index, thinkMs }
    fields.wrong('after', 'expected the number of an earlier request of the file, the first being 0')
    return undefined
  }

  #prompt(fields: Fields): Prompt {
    if (fields.has('prompt')) {
      const prompt = promptOf(textSegments(fields.text('prompt')))
      if (prompt.tokens === 0) fields.wrong('prompt', 'expected a text that is not empty')
      return prompt
    }
    const segments: Segment[] = fields.has('segments') ? this.#segments(fields) : []
    const known = promptOf(segments).tokens
    const tokens = fields.has('promptTokens') ? fields.tokens('promptTokens', 1) : known
    if (known > tokens || tokens > tokensMax) fields.wrong('segments', `expected segments of at most ${Math.min(tokens, tokensMax)} tokens together`)
    if (tokens > known) segments.push({ id: this.#builder.freshId(), tokens: tokens - known })
    if (tokens === 0) fields.wrong('prompt', 'expected prompt, segments or promptTokens')
    return promptOf(segments)
  }

  #segments(fields: Fields): Segment[] {
    const segments: Segment[] = []
    for (const pair of fields.list('segments')) {
      const [id, tokens] = Array.isArray(pair) ? (pair as readonly unknown[]) : []
      if (typeof tokens === 'number' && Number.isInteger(tokens) && tokens >= 1)
        segments.push({ id: this.#segmentId(fields, id, 'segments'), tokens })
      else fields.wrong('segments', 'expected pairs [id, tokens] with at least one token')
    }
    return segments
  }

  #segmentId(fields: Fields, id: unknown, field: string): number {
    if (typeof id === 'string') return this.#builder.segmentId(id)
    if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0) return id >= CONTENT_IDS_FROM ? id : this.#builder.segmentId(id)
    fields.wrong(field, 'expected ids that are texts or whole numbers below 2^53')
    return 0
  }
}
