import { GapRun } from './step-times.ts'
import type { EndpointSpec } from './types.ts'

/** How the request ended, with what `usage` said of it. */
export interface AssignmentOutcome {
  /** finished: the engine said all it had to say; failed: it did not; cancelled: the client left. */
  readonly kind: 'finished' | 'failed' | 'cancelled'
  readonly promptTokens?: number | undefined
  readonly completionTokens?: number | undefined
  readonly cachedTokens?: number | undefined
}

/** What the scheduler expects of its choice, at the time of the pick. */
export interface Prediction {
  readonly endpoint: EndpointSpec
  /** A + (Q + u)/µ + L and the learned fixed part. */
  readonly predictedTtftMs: number
  readonly predictedCachedTokens: number
  /** 0..1 of the prompt's tokens. */
  readonly predictedHitRatio: number
  readonly predictedHitBytes: number
  /** Prompt tokens that the engine is expected to compute. */
  readonly uncachedTokens: number
  /** Estimated, images included. */
  readonly promptTokens: number
  /** The largest predicted hit over all endpoints that could have been chosen: 0..1 of the prompt's tokens, and in blocks of the index. */
  readonly bestHitRatio: number
  readonly bestHitBlocks: number
  /** How long the search in the prefix index took, over all candidates. */
  readonly lookupMs: number
  /** Cost of the runner-up less that of the choice; NaN without a runner-up, and with a policy whose costs are no times. */
  readonly marginSeconds: number
}

/**
 * A request's place on an endpoint, reserved from the pick on. The holder must call `end`, whatever happens;
 * calls after `end` change nothing.
 */
export interface Assignment extends Prediction {
  /** The first content event of a streamed answer, or the first byte of another one. Calls after the first change nothing. */
  firstContent(): void
  /** The gap between two content events. A few nanoseconds, no allocation: it is called for each event. */
  contentGap(gapMs: number): void
  end(outcome: AssignmentOutcome): void
}

/** What an assignment tells its scheduler; `Ticket` is what the scheduler noted at the pick. */
export interface AssignmentEvents<Ticket> {
  firstContent(ticket: Ticket): void
  /** A decode step of the engine took `stepMs`. */
  stepped(ticket: Ticket, stepMs: number): void
  ended(ticket: Ticket, outcome: AssignmentOutcome, answered: boolean): void
}

/** An assignment that reports each event once and in order. */
export class ReportingAssignment<Ticket> implements Assignment {
  readonly endpoint: EndpointSpec
  readonly predictedTtftMs: number
  readonly predictedCachedTokens: number
  readonly predictedHitRatio: number
  readonly predictedHitBytes: number
  readonly uncachedTokens: number
  readonly promptTokens: number
  readonly bestHitRatio: number
  readonly bestHitBlocks: number
  readonly lookupMs: number
  readonly marginSeconds: number
  readonly #ticket: Ticket
  readonly #events: AssignmentEvents<Ticket>
  #run: GapRun | undefined
  #answered = false
  #ended = false

  constructor(prediction: Prediction, ticket: Ticket, events: AssignmentEvents<Ticket>) {
    this.endpoint = prediction.endpoint
    this.predictedTtftMs = prediction.predictedTtftMs
    this.predictedCachedTokens = prediction.predictedCachedTokens
    this.predictedHitRatio = prediction.predictedHitRatio
    this.predictedHitBytes = prediction.predictedHitBytes
    this.uncachedTokens = prediction.uncachedTokens
    this.promptTokens = prediction.promptTokens
    this.bestHitRatio = prediction.bestHitRatio
    this.bestHitBlocks = prediction.bestHitBlocks
    this.lookupMs = prediction.lookupMs
    this.marginSeconds = prediction.marginSeconds
    this.#ticket = ticket
    this.#events = events
  }

  firstContent(): void {
    if (this.#answered || this.#ended) return
    this.#answered = true
    this.#events.firstContent(this.#ticket)
  }

  contentGap(gapMs: number): void {
    if (this.#ended) return
    this.#run ??= new GapRun()
    const stepMs = this.#run.add(gapMs)
    if (stepMs > 0) this.#events.stepped(this.#ticket, stepMs)
  }

  end(outcome: AssignmentOutcome): void {
    if (this.#ended) return
    this.#ended = true
    this.#events.ended(this.#ticket, outcome, this.#answered)
  }
}
