import type { Clock } from '@signalbox/base'
import type { RequestSummary } from '@signalbox/scheduler'
import type { DecisionDraft, DecisionRecorder, ErrorCode, Outcome, Prediction, RequestLabels, RequestMetrics, RequestSeries } from './ports.ts'
import type { Usage } from './usage.ts'

/** How a request ended, for the books. */
export interface Ending {
  readonly outcome: Outcome
  /** What the client got, or 499 when it had left before any. */
  readonly httpStatus: number
  readonly errorCode?: ErrorCode | undefined
  readonly error?: string | undefined
  readonly usage?: Usage | undefined
  /** Events with content that passed. */
  readonly contentEvents: number
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
  #series: RequestSeries | undefined
  #draft: DecisionDraft | undefined
  #readMs: number | undefined
  #scheduleMs = 0
  #prediction: Prediction | undefined
  #chosenMs = 0
  #firstContentMs: number | undefined
  #lastContentMs = 0
  #isAnswered = false
  #watchedMs = 0
  #handledMs = 0
  #closed = false
  requestBytes = 0
  responseBytes = 0

  constructor(books: Books, id: string, path: string) {
    this.#books = books
    this.id = id
    this.#path = path
    this.receivedMs = books.clock.nowMs()
    books.metrics.received()
  }

  get draft(): DecisionDraft | undefined {
    return this.#draft
  }

  /** The body was read: from here on the request counts as running. `model` is its label, undefined where the body names none that exists. */
  summarised(summary: RequestSummary, model: string | undefined): void {
    const { metrics, log, clock } = this.#books
    this.#series = metrics.series(labelsOf(model ?? unknownModel, summary.fairnessId, summary.priority))
    this.#draft = log.open(summary, this.receivedMs)
    this.#readMs = clock.nowMs()
    this.#series.began()
  }

  /** The scheduler was asked, from `beganMs` to `endedMs`; `prediction`: of the endpoint that it chose, if it chose one. */
  scheduled(beganMs: number, endedMs: number, prediction: Prediction | undefined): void {
    this.#scheduleMs += endedMs - beganMs
    if (prediction === undefined) return
    if (this.#prediction === undefined) this.#books.metrics.dispatched((endedMs - this.receivedMs) / 1000)
    this.#prediction = prediction
    this.#chosenMs = endedMs
  }

  /** A further attempt follows one that failed. */
  retried(reason: string, status: number | undefined): void {
    this.#series?.retried(reason, status)
  }

  /** The first content passed at `nowMs`. */
  firstContent(nowMs: number): void {
    this.#firstContentMs = nowMs
    this.#lastContentMs = nowMs
  }

  /** A further content event passed at `nowMs`; answers the gap before it in milliseconds. */
  furtherContent(nowMs: number): number {
    const gapMs = nowMs - this.#lastContentMs
    this.#lastContentMs = nowMs
    this.#series?.contentGap(gapMs / 1000)
    return gapMs
  }

  /** A part of an answer was handled in `handledMs`, of which looking at it took `watchedMs`. */
  handled(handledMs: number, watchedMs: number): void {
    this.#isAnswered = true
    this.#handledMs += handledMs
    this.#watchedMs += watchedMs
  }

  close(ending: Ending): void {
    if (this.#closed) return
    this.#closed = true
    const { metrics, clock } = this.#books
    const durationMs = clock.nowMs() - this.receivedMs
    if (this.#series === undefined) {
      this.#series = metrics.series(labelsOf(unknownModel, defaultFairnessId, 0))
      this.#series.began()
    }
    const { usage } = ending
    const isChosen = this.#prediction !== undefined
    this.#series.ended({
      outcome: ending.outcome,
      httpStatus: ending.httpStatus,
      errorCode: ending.errorCode,
      streaming: ending.streaming,
      durationS: durationMs / 1000,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      inputTokens: usage?.promptTokens,
      outputTokens: usage?.completionTokens,
      cachedTokens: usage?.cachedTokens,
      contentEvents: ending.contentEvents,
      ttftS: between(this.receivedMs, this.#firstContentMs),
      preprocessS: between(this.receivedMs, this.#readMs),
      prediction: this.#prediction,
      scheduleS: isChosen ? this.#scheduleMs / 1000 : undefined,
      dispatchedTtftS: between(this.#chosenMs, this.#firstContentMs),
      postprocessS: this.#isAnswered ? this.#watchedMs / 1000 : undefined,
      responseProcessingS: this.#isAnswered ? this.#handledMs / 1000 : undefined,
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
      ttftMs: this.#firstContentMs === undefined ? undefined : this.#firstContentMs - this.receivedMs,
    })
  }
}

function between(beganMs: number, endedMs: number | undefined): number | undefined {
  return endedMs === undefined ? undefined : (endedMs - beganMs) / 1000
}

function labelsOf(model: string, fairnessId: string, priority: number): RequestLabels {
  return { model, targetModel: model, fairnessId, priority: String(priority) }
}
