import { assert } from '@signalbox/base'
import { type Prompt, promptOf } from '../prompt.ts'
import type { Trace, TraceRequest } from '../trace.ts'
import { inOrder } from './joined-traces.ts'

/** A request as a reader or shape says it; what is left out has its usual value. */
export interface RequestDraft {
  readonly atMs: number
  readonly prompt: Prompt
  /** At least 1. */
  readonly outputTokens: number
  /** Id of the answer's segment; a fresh one by default. */
  readonly outputId?: number | undefined
  readonly model?: string | undefined
  readonly session?: number | undefined
  readonly after?: TraceRequest['after']
  readonly priority?: number | undefined
  readonly stream?: boolean | undefined
}

/**
 * Collects the requests of one trace in any order of arrival and answers them in order.
 *
 * Ids of segments and sessions are dense: the file's own names are interned, so that fresh ones cannot meet them.
 */
export class TraceBuilder {
  readonly #requestsMax: number
  readonly #requests: TraceRequest[] = []
  readonly #notes = new Map<string, number>()
  readonly #segments = new Map<number | string, number>()
  readonly #sessions = new Map<number | string, number>()
  #nextId = 0

  constructor(requestsMax: number) {
    this.#requestsMax = requestsMax
  }

  /** Whether `requestsMax` is reached; further requests must not be added. */
  get full(): boolean {
    return this.#requests.length >= this.#requestsMax
  }

  get count(): number {
    return this.#requests.length
  }

  /** The id of the segment that the file calls `name`: the same for equal names. */
  segmentId(name: number | string): number {
    let id = this.#segments.get(name)
    if (id === undefined) {
      id = this.freshId()
      this.#segments.set(name, id)
    }
    return id
  }

  /** A segment id that nothing else has. */
  freshId(): number {
    return this.#nextId++
  }

  /** A prompt of this many tokens that shares nothing with any other. */
  uniquePrompt(tokens: number): Prompt {
    return promptOf([{ id: this.freshId(), tokens }])
  }

  /** The number of the session that the file calls `name`. */
  sessionNumber(name: number | string): number {
    const known = this.#sessions.get(name)
    if (known !== undefined) return known
    this.#sessions.set(name, this.#sessions.size)
    return this.#sessions.size - 1
  }

  /** Adds a request and answers its index, by which later ones may name it in `after`. */
  add(draft: RequestDraft): number {
    assert(!this.full, 'a trace that is full takes no request')
    assert(draft.prompt.tokens >= 1 && draft.outputTokens >= 1, 'a request has at least one prompt and one output token')
    const previous = draft.after === undefined ? undefined : this.#requests[draft.after.index]
    assert(draft.after === undefined || previous !== undefined, 'a follow-up comes after a request that is there')
    this.#requests.push({
      // Served in no time at all, what it follows would end as it arrives: no earlier arrival is possible.
      atMs: previous === undefined ? draft.atMs : Math.max(draft.atMs, previous.atMs + (draft.after?.thinkMs ?? 0)),
      prompt: draft.prompt,
      output: { id: draft.outputId ?? this.freshId(), tokens: draft.outputTokens },
      model: draft.model ?? '',
      session: draft.session ?? -1,
      after: draft.after,
      priority: draft.priority ?? 0,
      stream: draft.stream ?? true,
    })
    return this.#requests.length - 1
  }

  /** Counts a thing worth knowing; the sentence appears once, with its count. */
  note(sentence: string): void {
    this.#notes.set(sentence, (this.#notes.get(sentence) ?? 0) + 1)
  }

  /** The trace, beginning at 0 ms, in order of arrival; requests of one moment keep the order in which they were added. */
  finish(facts: { readonly name: string; readonly source: string; readonly hasPrefixes: boolean }): Trace {
    const notes = [...this.#notes].map(([sentence, count]) => (count === 1 ? sentence : `${sentence} (${count} times)`))
    return { ...facts, requests: inOrder(this.#requests), notes }
  }
}
