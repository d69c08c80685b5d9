import type { EndpointSpec } from './types.ts'

/** How the request ended, with what `usage` said of it. */
export interface AssignmentOutcome {
  /** finished: the engine said all it had to say; failed: it did not; cancelled: the client left. */
  readonly kind: 'finished' | 'failed' | 'cancelled'
  readonly promptTokens?: number | undefined
  readonly completionTokens?: number | undefined
  readonly cachedTokens?: number | undefined
}

/**
 * A request's place on an endpoint, reserved from the pick on. The holder must call `end`, whatever happens;
 * calls after `end` change nothing.
 */
export interface Assignment {
  readonly endpoint: EndpointSpec
  /** A + (Q + u)/µ + L and the learned fixed part. */
  readonly predictedTtftMs: number
  readonly predictedCachedTokens: number
  /** 0..1 of the prompt's tokens. */
  readonly predictedHitRatio: number
  readonly predictedHitBytes: number
  /** Prompt tokens that the engine is expected to compute. */
  readonly uncachedTokens: number
  /** The first content event of a streamed answer, or the first byte of another one. Calls after the first change nothing. */
  firstContent(): void
  /** The gap between two content events. */
  contentGap(gapMs: number): void
  end(outcome: AssignmentOutcome): void
}

/** What an assignment tells its scheduler. */
export interface AssignmentEvents {
  firstContent(): void
  ended(outcome: AssignmentOutcome, answered: boolean): void
}

/** The predictions at the time of the pick. */
export type Prediction = Pick<
  Assignment,
  'endpoint' | 'predictedTtftMs' | 'predictedCachedTokens' | 'predictedHitRatio' | 'predictedHitBytes' | 'uncachedTokens'
>

/** An assignment that reports each event once and in order. */
export function newAssignment(prediction: Prediction, events: AssignmentEvents): Assignment {
  let answered = false
  let ended = false
  return {
    ...prediction,
    firstContent() {
      if (answered || ended) return
      answered = true
      events.firstContent()
    },
    contentGap() {
      // κ stays at its prior, so gaps teach nothing.
    },
    end(outcome) {
      if (ended) return
      ended = true
      events.ended(outcome, answered)
    },
  }
}
