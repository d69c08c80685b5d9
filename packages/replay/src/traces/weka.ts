import { exponential } from '@signalbox/base'
import { type Prompt, promptOf, type Segment } from '../prompt.ts'
import { contentId } from './content-id.ts'
import { Fields, jsonFields } from './fields.ts'
import type { LineReader, Problem, ReadContext, TraceFormat } from './format.ts'
import type { TraceBuilder } from './trace-builder.ts'

const BLOCK_TOKENS = 64

/** Mean time between the starts of sessions of one file: the sessions say nothing of each other. */
const SESSION_GAP_MS = 10_000

/** Most characters of a session that is spread over many lines. */
const sessionCharsMax = 256 * 1024 * 1024

/** Most sub-agents inside each other. */
const depthMax = 8

/** What follows what inside a session: the request that was sent last, and when by the recording it ended. */
interface Turn {
  readonly index: number
  readonly endS: number
}

/**
 * Weka's recordings of coding agents: a session is one JSON object (the whole file, or one a line) with `block_size`, `tool_tokens`, `system_tokens` and
 * `requests` of `t` (seconds), `in`, `out` (tokens), `hash_ids`, `type` ("n": not streamed), `think_time`, and nested sessions of sub-agents.
 *
 * A request comes `think_time` after the one before it has ended; without that field at its recorded time, but not before. A sub-agent's first request
 * follows the parent's last, and the parent goes on after the sub-agent that ended last. Block ids mean something within a session only; the tools
 * and the system prompt at a session's start are taken to be the same text in all sessions (and in all sub-agents of one type), as they are in life.
 * SOURCE: github.com/callanjfox/kv-cache-tester, docs/trace_replay_tester.md.
 */
export const weka: TraceFormat = {
  id: 'weka',
  title: "Weka's coding agent sessions: one JSON object a session with block_size and requests of t, in, out, hash_ids",
  source: 'github.com/callanjfox/kv-cache-tester',
  hasPrefixes: true,
  // An object that is spread over many lines begins with its brace alone: no other format does.
  detects: (line) => /^\s*\{\s*$/.test(line) || (/"hash_ids"/.test(line) && /"requests"/.test(line)),
  open: (context) => new WekaReader(context),
}

class WekaReader implements LineReader {
  readonly #context: ReadContext
  #startMs = 0
  #spread: string[] | undefined
  #spreadChars = 0

  constructor(context: ReadContext) {
    this.#context = context
    context.builder.note("Tools and system prompt are taken to be shared by all sessions: the recording's block ids are local to a session.")
  }

  line(text: string): Problem | undefined {
    if (this.#spread === undefined && !/^\s*\{\s*$/.test(text)) return this.#session(text)
    this.#spread ??= []
    this.#spread.push(text)
    this.#spreadChars += text.length
    return this.#spreadChars > sessionCharsMax ? { field: '', expected: `expected a session of at most ${sessionCharsMax} characters` } : undefined
  }

  end(): Problem | undefined {
    return this.#spread === undefined ? undefined : this.#session(this.#spread.join('\n'))
  }

  #session(text: string): Problem | undefined {
    const { builder, random } = this.#context
    const fields = jsonFields(text)
    if (!(fields instanceof Fields)) return fields
    const number = builder.sessionNumber(`session ${builder.count}`)
    const blockTokens = this.#context.blockTokens ?? (fields.has('block_size') ? fields.tokens('block_size', 1) : BLOCK_TOKENS)
    if (fields.problem !== undefined) return fields.problem
    const session = new SessionReader(builder, { number, startMs: this.#startMs, blockTokens })
    this.#startMs += exponential(random, SESSION_GAP_MS)
    session.read(fields, undefined, 0)
    return session.problem
  }
}

class SessionReader {
  readonly #builder: TraceBuilder
  readonly #facts: { readonly number: number; readonly startMs: number; readonly blockTokens: number }
  /** Segment ids by the session's own block ids. */
  readonly #blocks = new Map<unknown, number>()
  #problem: Problem | undefined

  constructor(builder: TraceBuilder, facts: { readonly number: number; readonly startMs: number; readonly blockTokens: number }) {
    this.#builder = builder
    this.#facts = facts
  }

  get problem(): Problem | undefined {
    return this.#problem
  }

  /** Adds the requests of a session or sub-agent; answers its last turn. */
  read(session: Fields, before: Turn | undefined, depth: number): Turn | undefined {
    if (depth > depthMax) this.#problem ??= { field: 'requests', expected: `expected sub-agents at most ${depthMax} deep` }
    const sharedTokens =
      (session.has('tool_tokens') ? session.tokens('tool_tokens') : 0) + (session.has('system_tokens') ? session.tokens('system_tokens') : 0)
    const family = depth === 0 || !session.has('subagent_type') ? 'main' : String(session.raw('subagent_type'))
    let isFirst = true
    let last = before
    /** Sub-agents that run at the same time all follow the same turn of the parent. */
    let lastOwn = before
    let subAgentsFollow = false
    for (const [at, raw] of session.list('requests').entries()) {
      if (this.#problem !== undefined || this.#builder.full) return last
      const fields = new Fields(typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {})
      if (Array.isArray(fields.raw('requests'))) {
        const end = this.read(fields, lastOwn, depth + 1)
        if (end !== undefined && (!subAgentsFollow || last === undefined || end.endS > last.endS)) last = end
        subAgentsFollow = true
        continue
      }
      if (isFirst) this.#share(fields, Math.floor(sharedTokens / this.#facts.blockTokens), family)
      isFirst = false
      last = this.#request(fields, last) ?? last
      if (fields.problem !== undefined) this.#problem ??= { ...fields.problem, field: `requests[${at}].${fields.problem.field}` }
      lastOwn = last
      subAgentsFollow = false
    }
    this.#problem ??= session.problem
    return last
  }

  #request(fields: Fields, before: Turn | undefined): Turn | undefined {
    const t = fields.amount('t')
    const tokens = fields.tokens('in')
    const outputTokens = fields.tokens('out')
    const prompt = this.#prompt(fields, tokens)
    const apiS = fields.has('api_time') ? fields.amount('api_time') : 0
    const thinkMs = fields.has('think_time') ? fields.amount('think_time') * 1000 : undefined
    const model = fields.has('model') ? fields.text('model') : undefined
    if (fields.problem !== undefined) return undefined
    if (tokens === 0 || outputTokens === 0) {
      this.#builder.note('A request without prompt or output tokens is left out.')
      return undefined
    }
    const { startMs, number } = this.#facts
    // Where the thinking is known, the recorded time says how fast the recorded server was, which is not ours.
    const atMs = startMs + (before === undefined || thinkMs === undefined ? t * 1000 : 0)
    const after = before === undefined ? undefined : { index: before.index, thinkMs: thinkMs ?? 0 }
    const stream = fields.raw('type') !== 'n'
    return { index: this.#builder.add({ atMs, prompt, outputTokens, model, session: number, after, stream }), endS: t + apiS }
  }

  /** Names the first blocks of a session's first request by their place, so that other sessions' are the same. */
  #share(first: Fields, blocks: number, family: string): void {
    const names = first.list('hash_ids')
    for (let at = 0; at < Math.min(blocks, names.length); at++) {
      if (!this.#blocks.has(names[at])) this.#blocks.set(names[at], contentId(`weka ${family} ${this.#facts.blockTokens} ${at}`))
    }
  }

  #prompt(fields: Fields, tokens: number): Prompt {
    const { blockTokens } = this.#facts
    const names = fields.list('hash_ids')
    if (names.length > Math.ceil(tokens / blockTokens)) {
      fields.wrong('hash_ids', `expected at most ${Math.ceil(tokens / blockTokens)} ids for ${tokens} tokens in blocks of ${blockTokens}`)
    }
    const segments: Segment[] = []
    if (fields.problem !== undefined) return promptOf(segments)
    let left = tokens
    for (const name of names) {
      const length = Math.min(left, blockTokens)
      segments.push({ id: this.#blockId(name), tokens: length })
      left -= length
    }
    if (left > 0) segments.push({ id: this.#builder.freshId(), tokens: left })
    return promptOf(segments)
  }

  #blockId(name: unknown): number {
    const known = this.#blocks.get(name)
    if (known !== undefined) return known
    const id = this.#builder.freshId()
    this.#blocks.set(name, id)
    return id
  }
}
