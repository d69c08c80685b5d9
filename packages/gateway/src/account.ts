import type { Clock } from '@signalbox/base'
import type { RequestSummary } from '@signalbox/scheduler'
import type { DecisionDraft, DecisionRecorder, ErrorCode, Outcome, RequestLabels, RequestMetrics } from './ports.ts'
import type { Usage } from './usage.ts'

/** How a request ended, for the books. */
export interface Ending {
  readonly outcome: Outcome
  /** What the client got, or 499 when it had left before any. */
  readonly httpStatus: number
  readonly errorCode?: ErrorCode | undefined
  readonly error?: string | undefined
  readonly usage?: Usage | undefined
  readonly streaming: boolean
}

interface Books {
  readonly metrics: RequestMetrics
  readonly log: DecisionRecorder
  readonly clock: Clock
}

export const defaultFairnessId = 'default-flow'
const unknownModel = 'unknown'

/**
 * One request in the books: the metrics and its decision record. `close` enters it exactly once, also when nothing
 * of it could be read; a second `close` changes nothing.
 */
export class RequestAccount {
  readonly id: string
  readonly receivedMs: number
  readonly #path: string
  readonly #books: Books
  #labels: RequestLabels | undefined
  #draft: DecisionDraft | undefined
  #ttftMs: number | undefined
  #lastContentMs = 0
  #closed = false
  requestBytes = 0
  responseBytes = 0

  constructor(books: Books, id: string, path: string) {
    this.#books = books
    this.id = id
    this.#path = path
    this.receivedMs = books.clock.nowMs()
  }

  get draft(): DecisionDraft | undefined {
    return this.#draft
  }

  /** The body was read: from here on the request counts as running. `model` is its label, undefined where the body names none that exists. */
  summarised(summary: RequestSummary, model: string | undefined): void {
    this.#labels = labelsOf(model ?? unknownModel, summary.fairnessId, summary.priority)
    this.#draft = this.#books.log.open(summary, this.receivedMs)
    this.#books.metrics.began(this.#labels)
  }

  /** The first content passed at `nowMs`. */
  firstContent(nowMs: number): void {
    this.#ttftMs = nowMs - this.receivedMs
    this.#lastContentMs = nowMs
  }

  /** A further content event passed at `nowMs`; answers the gap before it in milliseconds. */
  furtherContent(nowMs: number): number {
    const gapMs = nowMs - this.#lastContentMs
    this.#lastContentMs = nowMs
    if (this.#labels !== undefined) this.#books.metrics.contentGap(this.#labels, gapMs / 1000)
    return gapMs
  }

  close(ending: Ending): void {
    if (this.#closed) return
    this.#closed = true
    const { metrics, clock } = this.#books
    const durationMs = clock.nowMs() - this.receivedMs
    if (this.#labels === undefined) {
      this.#labels = labelsOf(unknownModel, defaultFairnessId, 0)
      metrics.began(this.#labels)
    }
    const { usage } = ending
    const ttftMs = this.#ttftMs ?? (ending.outcome === 'ok' && !ending.streaming ? durationMs : undefined)
    metrics.ended({
      labels: this.#labels,
      outcome: ending.outcome,
      errorCode: ending.errorCode,
      streaming: ending.streaming,
      durationS: durationMs / 1000,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      inputTokens: usage?.promptTokens,
      outputTokens: usage?.completionTokens,
      cachedTokens: usage?.cachedTokens,
      ttftS: ttftMs === undefined ? undefined : ttftMs / 1000,
    })
    this.#record(ending)
  }

  #record(ending: Ending): void {
    const { httpStatus, error, usage } = ending
    if (this.#draft === undefined) {
      // The record must stay findable by id even when there was nothing to decide.
      this.#books.log.reject({
        id: this.id,
        path: this.#path,
        receivedMs: this.receivedMs,
        model: '',
        httpStatus,
        error: error ?? ending.outcome,
      })
      return
    }
    this.#draft.complete({
      status: ending.outcome,
      httpStatus,
      error,
      promptTokens: usage?.promptTokens,
      completionTokens: usage?.completionTokens,
      cachedTokens: usage?.cachedTokens,
      ttftMs: this.#ttftMs,
    })
  }
}

function labelsOf(model: string, fairnessId: string, priority: number): RequestLabels {
  return { model, targetModel: model, fairnessId, priority: String(priority) }
}
