import type { Assignment } from '@signalbox/scheduler'
import type { Prompt } from './prompt.ts'
import type { TraceRequest } from './trace.ts'

/** A request from its arrival to its end: what its client, its gateway and its engine know of it at the moment. */
export class Flight {
  readonly index: number
  /** The engine's name for it. */
  readonly id: string
  readonly request: TraceRequest
  /** Which gateway it came to. */
  readonly gateway: number
  readonly stream: boolean
  readonly arrivedMs: number
  readonly promptTokens: Uint32Array
  readonly answerTokens: Uint32Array
  /** Endpoints that failed it, by id. */
  readonly tried: string[] = []

  // Of the attempt under way.

  assignment: Assignment | undefined
  endpoint = -1
  pickedMs = Number.NaN
  predictedTtftMs = Number.NaN
  predictedCachedTokens = 0
  /** Prompt tokens cached where most were; NaN: the decision was not judged. */
  bestCachedTokens = Number.NaN
  /** Prompt tokens that the endpoint had to compute, as known when it was sent there. */
  uncachedTokens = 0
  /** Attention pairs of those. */
  uncachedPairs = 0
  firstTokenMs = Number.NaN
  lastTokenMs = Number.NaN
  generatedTokens = 0

  constructor(start: {
    readonly index: number
    readonly request: TraceRequest
    readonly gateway: number
    readonly stream: boolean
    readonly arrivedMs: number
    readonly promptTokens: Uint32Array
    readonly answerTokens: Uint32Array
  }) {
    this.index = start.index
    this.id = String(start.index)
    this.request = start.request
    this.gateway = start.gateway
    this.stream = start.stream
    this.arrivedMs = start.arrivedMs
    this.promptTokens = start.promptTokens
    this.answerTokens = start.answerTokens
  }

  get prompt(): Prompt {
    return this.request.prompt
  }

  /** Notes how much of the prompt the chosen endpoint is expected to find in its cache. */
  expectCached(cachedTokens: number): void {
    this.uncachedTokens = this.prompt.tokens - cachedTokens
    this.uncachedPairs = cachedTokens * this.uncachedTokens + this.uncachedTokens ** 2 / 2
  }

  /** The attempt is over and another one may follow. */
  forgetAttempt(): void {
    this.assignment = undefined
    this.endpoint = -1
    this.pickedMs = Number.NaN
    this.firstTokenMs = Number.NaN
    this.lastTokenMs = Number.NaN
    this.generatedTokens = 0
  }
}
