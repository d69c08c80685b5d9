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

/** A recorded request, for what follows it. */
interface Turn {
  readonly index: number
  /** When it ended by the recording; undefined: not said. */
  readonly endS: number | undefined
  readonly startS: number
  /** What it followed itself. */
  readonly before: Turn | undefined
}

/** Recorded times are rounded: an end that is so little later than what follows is not an overlap. */
const ROUNDING_S = 1

/**
 * Weka's recordings of coding agents: a session is one JSON object (the whole file, or one a line) with `block_size`, `tool_tokens`, `system_tokens` and
 * `requests` of `t` (seconds), `in`, `out` (tokens), `hash_ids`, `type` ("n": not streamed), `think_time`, and nested sessions of sub-agents.
 *
 * A request comes `think_time` after the one before it has ended; without that field at its recorded time, but not before. A sub-agent's first request
 * follows what the parent had had answered by then, and the parent's next one follows whatever had ended last, sub-agents included: one that runs in the
 * background delays nobody. Block ids mean something within a session only, unless `hash_id_scope` is "global"; the tools and the system prompt
 * at a session's start are taken to be the same text in all sessions (and in all sub-agents of one type), as they are in life.
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
    const session = new SessionReader(builder, { number, startMs: this.#startMs, blockTokens, isGlobal: fields.raw('hash_id_scope') === 'global' })
    this.#startMs += exponential(random, SESSION_GAP_MS)
    session.read(fields, undefined, 0)
    return session.problem
  }
}

interface SessionFacts {
  readonly number: number
  readonly startMs: number
  readonly blockTokens: number
  /** Block ids mean the same in all sessions. */
  readonly isGlobal: boolean
}

class SessionReader {
  readonly #builder: TraceBuilder
  readonly #facts: SessionFacts
  /** Segment ids by the session's own block ids. */
  readonly #blocks = new Map<unknown, number>()
  #problem: Problem | undefined

  constructor(builder: TraceBuilder, facts: SessionFacts) {
    this.#builder = builder
    this.#facts = facts
  }

  get problem(): Problem | undefined {
    return this.#problem
  }

  /** Adds the requests of a session, or of a sub-agent whose parent's last turn was `parent`; answers its last turn. */
  read(session: Fields, parent: Turn | undefined, depth: number): Turn | undefined {
    if (depth > depthMax) this.#problem ??= { field: 'requests', expected: `expected sub-agents at most ${depthMax} deep` }
    let last: Turn | undefined
    /** Ends of the sub-agents since the last turn. */
    let subAgents: Turn[] = []
    for (const [at, raw] of session.list('requests').entries()) {
      if (this.#problem !== undefined || this.#builder.full) return last
      const fields = new Fields(typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {})
      if (Array.isArray(fields.raw('requests'))) {
        const end = this.read(fields, last ?? parent, depth + 1)
        if (end !== undefined) subAgents.push(end)
        continue
      }
      if (last === undefined) this.#share(fields, session, depth)
      const turn = this.#request(fields, last, [...subAgents, ...(last === undefined ? chain(parent) : [])])
      if (fields.problem !== undefined) this.#problem ??= { ...fields.problem, field: `requests[${at}].${fields.problem.field}` }
      if (turn === undefined) continue
      last = turn
      subAgents = []
    }
    this.#problem ??= session.problem
    return last
  }

  /** Adds one request. It follows `previous`, of the same agent, or one of the `others` that had ended later. */
  #request(fields: Fields, previous: Turn | undefined, others: readonly Turn[]): Turn | undefined {
    const startS = fields.amount('t')
    const tokens = fields.tokens(fields.has('in') ? 'in' : 'input_length')
    const outputTokens = fields.tokens(fields.has('out') ? 'out' : 'output_length')
    const prompt = this.#prompt(fields, tokens)
    const endS = fields.has('api_time') ? startS + fields.amount('api_time') : undefined
    const recordedThinkMs = fields.has('think_time') ? fields.amount('think_time') * 1000 : undefined
    const model = fields.has('model') ? fields.text('model') : undefined
    if (fields.problem !== undefined) return undefined
    if (tokens === 0 || outputTokens === 0) {
      this.#builder.note('A request without prompt or output tokens is left out.')
      return undefined
    }
    const before = latest(previous, others, startS)
    const thinkMs = before === previous && recordedThinkMs !== undefined ? recordedThinkMs : gapMs(before, startS)
    const { startMs, number } = this.#facts
    // Where the thinking is known, the recorded time says how fast the recorded server was, which is not ours.
    const atMs = startMs + (before === undefined || thinkMs === undefined ? startS * 1000 : 0)
    const after = before === undefined ? undefined : { index: before.index, thinkMs: thinkMs ?? 0 }
    const index = this.#builder.add({ atMs, prompt, outputTokens, model, session: number, after, stream: fields.raw('type') !== 'n' })
    return { index, startS, endS, before }
  }

  /** Names the first blocks of a session's first request by their place, so that other sessions' are the same. */
  #share(first: Fields, session: Fields, depth: number): void {
    // Zero where the recording does not say.
    const tokens = ['tool_tokens', 'system_tokens'].reduce((sum, name) => sum + (session.has(name) ? session.tokens(name) : 0), 0)
    const blocks = Math.floor(tokens / this.#facts.blockTokens)
    const family = depth === 0 || !session.has('subagent_type') ? 'main' : String(session.raw('subagent_type'))
    const names = this.#facts.isGlobal ? [] : first.list('hash_ids')
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
    const { isGlobal, blockTokens } = this.#facts
    const id = isGlobal ? contentId(`weka ${blockTokens} ${String(name)}`) : this.#builder.freshId()
    this.#blocks.set(name, id)
    return id
  }
}

/** A turn and those that it followed, newest first. */
function chain(turn: Turn | undefined): readonly Turn[] {
  const turns: Turn[] = []
  for (let at = turn; at !== undefined; at = at.before) turns.push(at)
  return turns
}

/** Of `previous` and the others that had ended by `startS`, the one that ended last. */
function latest(previous: Turn | undefined, others: readonly Turn[], startS: number): Turn | undefined {
  let found = previous
  for (const other of others) {
    const endS = other.endS ?? other.startS
    if (endS <= startS + ROUNDING_S && (found === undefined || endS > (found.endS ?? found.startS))) found = other
  }
  return found
}

/** The recorded time between the end of a turn and `startS`; undefined where the end is not known. */
function gapMs(before: Turn | undefined, startS: number): number | undefined {
  return before?.endS === undefined ? undefined : Math.max(0, startS - before.endS) * 1000
}
