import type { Rostered } from '@signalbox/base'
import type { AttemptRecord, DecisionRecord, Outcome, PolicyLabel } from './decision-record.ts'
import type { DecisionStatus, RequestSummary } from './types.ts'

/** Attempts that a record keeps; later ones replace the last. */
const ATTEMPTS_MAX = 8

/** Characters kept of each text of a record. */
export const TEXT_MAX = { id: 128, path: 256, model: 256, fairnessId: 128, error: 512, reason: 200 } as const

/** How a request ended. */
export interface DecisionOutcome {
  readonly status: DecisionStatus
  readonly httpStatus?: number | undefined
  readonly error?: string | undefined
  readonly promptTokens?: number | undefined
  readonly completionTokens?: number | undefined
  /** Undefined: the engine did not report it. */
  readonly cachedTokens?: number | undefined
  readonly ttftMs?: number | undefined
}

/** What is known of a request before anything is decided. */
export type DraftRequest = Pick<RequestSummary, 'id' | 'path' | 'model' | 'stream' | 'priority' | 'fairnessId' | 'promptBytes'>

const NO_POLICY: PolicyLabel = { type: '', terms: [] }
const RUNNING: Outcome = {
  status: 'running',
  httpStatus: null,
  error: null,
  promptTokens: null,
  completionTokens: null,
  cachedTokens: null,
  ttftMs: null,
  durationMs: null,
}

/** What a draft asks of its log. */
export interface DraftPorts {
  nowMs(): number
  completed(draft: DecisionDraft): void
}

/**
 * The decision record of a request that runs: the scheduler adds an attempt with each pick, the gateway
 * says what failed and how it ended. It keeps nothing of the request's body.
 */
export class DecisionDraft implements Rostered {
  rosterPlace = -1
  /** Of drafts, the later one has the larger number. */
  readonly serial: number
  readonly #request: DraftRequest
  readonly #receivedMs: number
  readonly #attempts: AttemptRecord[] = []
  readonly #ports: DraftPorts
  #policy = NO_POLICY
  #outcome = RUNNING

  /** Made by `DecisionLog.open`. */
  constructor(request: DraftRequest, arrival: { readonly receivedMs: number; readonly serial: number }, ports: DraftPorts) {
    this.serial = arrival.serial
    this.#request = {
      id: request.id.slice(0, TEXT_MAX.id),
      path: request.path.slice(0, TEXT_MAX.path),
      model: request.model.slice(0, TEXT_MAX.model),
      stream: request.stream,
      priority: request.priority,
      fairnessId: request.fairnessId.slice(0, TEXT_MAX.fairnessId),
      promptBytes: request.promptBytes,
    }
    this.#receivedMs = arrival.receivedMs
    this.#ports = ports
  }

  get id(): string {
    return this.#request.id
  }

  /** A choice was made. Called by the scheduler. */
  attempted(attempt: AttemptRecord, policy: PolicyLabel): void {
    // Terms of another policy (a reload between two attempts) would be read under wrong names: only the last policy's attempts stay.
    if (policy !== this.#policy) this.#attempts.length = 0
    if (this.#attempts.length === ATTEMPTS_MAX) this.#attempts.pop()
    this.#attempts.push(attempt)
    this.#policy = policy
  }

  /** The last attempt failed before its first byte. */
  attemptFailed(reason: string): void {
    const last = this.#attempts.at(-1)
    if (last !== undefined) last.failure = reason.slice(0, TEXT_MAX.reason)
  }

  /** The request ended; the record goes into the log. Calls after the first change nothing. */
  complete(outcome: DecisionOutcome): void {
    if (this.#outcome !== RUNNING) return
    this.#outcome = {
      status: outcome.status,
      httpStatus: outcome.httpStatus ?? null,
      error: outcome.error?.slice(0, TEXT_MAX.error) ?? null,
      promptTokens: outcome.promptTokens ?? null,
      completionTokens: outcome.completionTokens ?? null,
      cachedTokens: outcome.cachedTokens ?? null,
      ttftMs: outcome.ttftMs ?? null,
      durationMs: this.#ports.nowMs() - this.#receivedMs,
    }
    this.#ports.completed(this)
  }

  /** The record as it stands. */
  record(): DecisionRecord {
    const request = this.#request
    // Written out: a spread copies through a dictionary.
    return {
      id: request.id,
      path: request.path,
      model: request.model,
      fairnessId: request.fairnessId,
      stream: request.stream,
      priority: request.priority,
      promptBytes: request.promptBytes,
      receivedMs: this.#receivedMs,
      policy: this.#policy,
      attempts: this.#attempts,
      outcome: this.#outcome,
    }
  }
}
